//! The console's pages, wired.

use std::sync::Arc;

use api::App;
use console::Console;
use ingestion::outbound::client_of_named_hosts;

use crate::config::Settings;

/// What the pages need, if there are to be any.
pub(crate) fn console(settings: &Settings, app: &App) -> anyhow::Result<Option<Console>> {
    let Some(mode) = settings.console else {
        return Ok(None);
    };
    let provider = settings
        .sign_ins
        .provider
        .clone()
        .map(|provider| anyhow::Ok(identity::Provider::new(provider, client_of_named_hosts()?)));
    let proxies = settings.door.proxies.clone();
    let signed_in_before = settings
        .sign_ins
        .proxy_header
        .clone()
        .map(|header| -> console::SignedInBefore {
            let proxies = proxies.clone();
            Arc::new(move |request| proxies.word(request, &header))
        });
    Ok(Some(Console {
        mode,
        storage: app.storage.clone(),
        allocator: app.allocator.clone(),
        zone: app.zone.clone(),
        public_url: app.public_url.clone(),
        is_public_url_set: settings.public_url.is_some(),
        client: Arc::new(move |request| proxies.client(request)),
        patience: settings.door.patience_with_bodies(),
        refuses_url: app.refuses_url.clone(),
        mail_domains: app.mail_domains.clone(),
        has_relay: settings.mails.relay.is_some(),
        most_lists: app.most_lists,
        provider: provider.transpose()?,
        signed_in_before,
    }))
}
