//! API keys: made, followed by others, revoked.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::Name;
use secrecy::ExposeSecret as _;
use storage::{CreateKey, CreateKeyRefusal, MOST_KEYS, MOST_LISTS_OF_KEY, RotateKey, RotateKeyRefusal};

use super::{API_KEY, fields::Fields, show::refused, show_secret};
use crate::{Console, error::PageError, form::Form, page::see, shown, visitor::Visitor};

const DAY: Duration = Duration::from_hours(24);

/// `POST …/access/keys`
pub(crate) async fn create(
    console: web::Data<Console>,
    visitor: Visitor,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::said(&form);
    let storage = &console.storage;
    let workspace = visitor.workspace()?;
    let label = match Name::new(fields.label.as_str()) {
        Ok(label) => label,
        Err(error) => return refused(&console, &visitor, fields, format!("The label {error}.")).await,
    };
    let rights = match fields.rights(&storage.list_names(workspace).await?) {
        Ok(rights) => rights,
        Err(refusal) => return refused(&console, &visitor, fields, refusal).await,
    };
    let owner = storage.key_owner_at_console(workspace).await?;
    match storage.create_api_key(&owner, &label, &rights, None).await? {
        CreateKey::Created { secret, .. } => {
            let lists = rights.lists.map(|lists| lists.len());
            let said = format!(
                "It is the key {} ({}), and works at once. Give each program one of its own.",
                label.as_str(),
                shown::rights(rights.role.as_str(), lists)
            );
            show_secret(&visitor, "The new API key", API_KEY, secret.expose_secret(), said)
        }
        CreateKey::Refused(CreateKeyRefusal::TooMany) => {
            refused(&console, &visitor, fields, too_many()).await
        }
        CreateKey::Refused(CreateKeyRefusal::TooManyLists) => {
            let most = shown::count(MOST_LISTS_OF_KEY.into(), "list");
            let refusal =
                format!("A key can be for {most} at most. Leave some out, or make it for all lists.");
            refused(&console, &visitor, fields, refusal).await
        }
        // It is 256 random bits, and no list is ever removed.
        CreateKey::Refused(
            CreateKeyRefusal::Taken | CreateKeyRefusal::Revoked | CreateKeyRefusal::NoList,
        ) => Err(PageError::Busy),
    }
}

/// `POST …/access/keys/{key}/rotate`
pub(crate) async fn rotate(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, PageError> {
    let key = key_in_path(&request)?;
    let overlap = match form.text("overlap") {
        "now" => Duration::ZERO,
        "day" => DAY,
        "week" => DAY * 7,
        _ => return Err(PageError::BadForm("Choose when the former key ends.")),
    };
    let storage = &console.storage;
    let owner = storage.key_owner_at_console(visitor.workspace()?).await?;
    match storage.rotate_api_key(&owner, key, overlap).await? {
        RotateKey::Rotated {
            secret,
            label,
            former_ends_at,
            former_configured,
            ..
        } => {
            let ends = former_ends_at.to_zoned(console.zone.clone());
            let ends = ends.strftime("%Y-%m-%d %H:%M %Z");
            let mut said = format!(
                "It follows the key {label}, which ends at {ends}. Give it to the program that uses that one."
            );
            if former_configured {
                said.push_str(
                    " The former key is the one that servers are configured with: whoever runs this service must set \
                     COUPONRY_BOOTSTRAP_API_KEY to the new one.",
                );
            }
            show_secret(&visitor, "The new API key", API_KEY, secret.expose_secret(), said)
        }
        RotateKey::Refused(RotateKeyRefusal::NoKey) => Err(PageError::NotFound),
        RotateKey::Refused(RotateKeyRefusal::Revoked) => {
            let refusal = "This key has ended, or its end is set. Nothing was changed.".to_owned();
            refused(&console, &visitor, Fields::default(), refusal).await
        }
        RotateKey::Refused(RotateKeyRefusal::TooMany) => {
            refused(&console, &visitor, Fields::default(), too_many()).await
        }
    }
}

/// `POST …/access/keys/{key}/revoke`
pub(crate) async fn revoke(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let key = key_in_path(&request)?;
    let storage = &console.storage;
    let owner = storage.key_owner_at_console(visitor.workspace()?).await?;
    let revoked = storage.revoke_api_key(&owner, key).await?;
    let revoked = revoked.ok_or(PageError::NotFound)?;
    let left = match revoked.left {
        0 => "No key opens this workspace any more: programs are refused until you make one.".to_owned(),
        left => format!("{} left.", shown::count(left, "key")),
    };
    let text = format!("The key was revoked. Every server refuses it within 30 seconds. {left}");
    visitor.leave(storage, &text).await?;
    Ok(see(visitor.path("/access")))
}

fn key_in_path(request: &HttpRequest) -> Result<i64, PageError> {
    let key = request.match_info().get("key").and_then(|key| key.parse().ok());
    key.ok_or(PageError::NotFound)
}

fn too_many() -> String {
    format!("This workspace has {MOST_KEYS} keys, and no more are allowed. Revoke one first.")
}
