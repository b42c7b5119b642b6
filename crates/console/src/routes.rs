//! Every page and what one has to be for it, one line each. The guard goes by this table, and so do the tests that try every
//! role on every route.

use actix_web::{
    Resource, Route as Handler,
    http::Method,
    web::{method, resource, to},
};

use crate::{assets, error, pages};

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Anybody: how to get in, and what pages are drawn with.
    Nothing,
    /// Somebody of whom only the second factor is missing.
    Password,
    /// Somebody who has signed in.
    Person,
    /// A member of the path's workspace.
    Viewer,
    Manager,
    Admin,
}

/// A method and a path under `/console`.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub needs: Needs,
    handler: fn() -> Handler,
}

macro_rules! routes {
    ($($method:ident $path:literal $needs:ident => $($handler:ident)::+;)+) => {
        pub static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            needs: Needs::$needs,
            handler: || method(Method::$method).to($($handler)::+),
        }),+];
    };
}

#[rustfmt::skip]
routes! {
    GET "/assets/{file:.*}" Nothing => assets::serve;
    GET "/sign-in" Nothing => pages::sign_in::show;
    POST "/sign-in" Nothing => pages::sign_in::sign_in;
    GET "/sign-in/code" Password => pages::sign_in::code::show;
    POST "/sign-in/code" Password => pages::sign_in::code::check;
    GET "/sign-in/provider" Nothing => pages::sign_in::provider::start;
    GET "/sign-in/provider/back" Nothing => pages::sign_in::provider::finish;
    POST "/sign-out" Password => pages::sign_in::sign_out;
    GET "/link/{token}" Nothing => pages::link::show;
    POST "/link/{token}" Nothing => pages::link::accept;
    GET "" Person => pages::home;
    GET "/account" Person => pages::account::show::show;
    POST "/account/password" Person => pages::account::password::change;
    GET "/account/second-factor" Person => pages::account::second_factor::show;
    POST "/account/second-factor" Person => pages::account::second_factor::switch_on;
    POST "/account/second-factor/off" Person => pages::account::second_factor::switch_off;
    POST "/account/sign-out-elsewhere" Person => pages::account::sessions::end_others;
    GET "/w/{workspace}/lists" Viewer => pages::lists::fetch_all::show;
    GET "/w/{workspace}/lists/new" Manager => pages::lists::create::show;
    POST "/w/{workspace}/lists/new" Manager => pages::lists::create::create;
    GET "/w/{workspace}/lists/{list}" Viewer => pages::lists::show::show;
    GET "/w/{workspace}/lists/{list}/edit" Manager => pages::lists::change::show;
    POST "/w/{workspace}/lists/{list}/edit" Manager => pages::lists::change::edit;
    POST "/w/{workspace}/lists/{list}/archive" Manager => pages::lists::change::archive;
    POST "/w/{workspace}/lists/{list}/activate" Manager => pages::lists::change::activate;
    GET "/w/{workspace}/lists/{list}/upload" Manager => pages::files::upload::show;
    POST "/w/{workspace}/lists/{list}/upload" Manager => pages::files::upload::upload;
    GET "/w/{workspace}/lists/{list}/files/{file}" Viewer => pages::files::show::show;
    GET "/w/{workspace}/lists/{list}/files/{file}/rejections" Viewer => pages::files::rejections::download;
    POST "/w/{workspace}/lists/{list}/files/{file}/quarantine" Manager => pages::files::change::quarantine;
    POST "/w/{workspace}/lists/{list}/files/{file}/resume" Manager => pages::files::change::resume;
    POST "/w/{workspace}/lists/{list}/files/{file}/reissue" Manager => pages::files::reissue::reissue;
    POST "/w/{workspace}/lists/{list}/files/{file}/delete" Manager => pages::files::change::delete;
    GET "/w/{workspace}/lists/{list}/handed-out" Viewer => pages::hand_outs::fetch_all::show;
    GET "/w/{workspace}/lists/{list}/handed-out/export" Manager => pages::hand_outs::export::export;
    GET "/w/{workspace}/lists/{list}/bulk-actions" Viewer => pages::bulk_actions::fetch_all::show;
    GET "/w/{workspace}/lists/{list}/bulk-actions/new" Manager => pages::bulk_actions::request::show;
    POST "/w/{workspace}/lists/{list}/bulk-actions/new" Manager => pages::bulk_actions::request::request;
    GET "/w/{workspace}/lists/{list}/bulk-actions/{bulk_action}" Viewer => pages::bulk_actions::show::show;
    GET "/w/{workspace}/lists/{list}/codes/{code}" Viewer => pages::codes::show::show;
    POST "/w/{workspace}/lists/{list}/codes/{code}/redeem" Manager => pages::codes::change::redeem;
    POST "/w/{workspace}/lists/{list}/codes/{code}/release" Manager => pages::codes::change::release;
    POST "/w/{workspace}/lists/{list}/codes/{code}/disable" Manager => pages::codes::change::disable;
    GET "/w/{workspace}/find" Viewer => pages::codes::find::show;
    POST "/w/{workspace}/users/erase" Admin => pages::codes::change::erase_user;
    GET "/w/{workspace}/lists/{list}/pull-tokens" Manager => pages::pull_tokens::fetch_all::show;
    POST "/w/{workspace}/lists/{list}/pull-tokens" Manager => pages::pull_tokens::change::create;
    POST "/w/{workspace}/lists/{list}/pull-tokens/{token}/revoke" Manager => pages::pull_tokens::change::revoke;
    GET "/w/{workspace}/reports" Viewer => pages::reports::fetch_all::show;
    GET "/w/{workspace}/reports/new" Manager => pages::reports::change::show;
    POST "/w/{workspace}/reports/new" Manager => pages::reports::change::request;
    GET "/w/{workspace}/reports/{report}/download" Manager => pages::reports::download::download;
    POST "/w/{workspace}/reports/{report}/delete" Manager => pages::reports::change::delete;
    GET "/w/{workspace}/access" Admin => pages::access::show::show;
    POST "/w/{workspace}/access/keys" Admin => pages::access::keys::create;
    POST "/w/{workspace}/access/keys/{key}/rotate" Admin => pages::access::keys::rotate;
    POST "/w/{workspace}/access/keys/{key}/revoke" Admin => pages::access::keys::revoke;
    POST "/w/{workspace}/access/webhook-secret/reveal" Admin => pages::access::webhook_secret::reveal;
    POST "/w/{workspace}/access/webhook-secret/replace" Admin => pages::access::webhook_secret::replace;
    GET "/w/{workspace}/people" Admin => pages::people::fetch_all::show;
    POST "/w/{workspace}/people/invite" Admin => pages::people::invite::invite;
    POST "/w/{workspace}/people/invitations/{invitation}/link" Admin => pages::people::renew::link;
    POST "/w/{workspace}/people/invitations/{invitation}/mail" Admin => pages::people::renew::mail;
    POST "/w/{workspace}/people/invitations/{invitation}/withdraw" Admin => pages::people::withdraw::withdraw;
    POST "/w/{workspace}/people/{person}/role" Admin => pages::people::change::role;
    POST "/w/{workspace}/people/{person}/remove" Admin => pages::people::change::remove;
    POST "/w/{workspace}/people/{person}/password-link" Admin => pages::people::password_link::create;
    GET "/w/{workspace}/activity" Viewer => pages::activity::fetch_all::show;
}

/// The table, a resource a path.
pub(crate) fn by_path() -> impl Iterator<Item = (&'static str, fn(&'static str) -> Resource)> {
    let mut paths: Vec<&'static str> = ROUTES.iter().map(|route| route.path).collect();
    paths.dedup();
    let made: fn(&'static str) -> Resource = |path| {
        let routes = ROUTES.iter().filter(|route| route.path == path);
        routes
            .fold(resource(path), |resource, route| {
                resource.route((route.handler)())
            })
            .default_service(to(error::other_method))
    };
    paths.into_iter().map(move |path| (path, made))
}

/// The route of a request whose pattern was found.
pub(crate) fn of(method: &Method, pattern: &str) -> Option<&'static Route> {
    let path = pattern.strip_prefix(crate::ROOT)?;
    // Who may look at a page may ask whether it is there.
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    ROUTES
        .iter()
        .find(|route| route.method == *method && route.path == path)
}
