//! What callbacks are signed with.

use actix_web::{HttpResponse, web};

use super::{WEBHOOK_SECRET, show_secret};
use crate::{Console, error::PageError, visitor::Visitor};

/// `POST …/access/webhook-secret/reveal`: no GET, since who has seen it stands in the audit log.
pub(crate) async fn reveal(console: web::Data<Console>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    // Noted first: nobody sees it without an entry.
    storage
        .note(workspace, "webhook-secret.reveal", None, None)
        .await?;
    let secret = storage.webhook_secret(workspace).await?.shown();
    let said = "By it the receiver of callbacks knows that they are ours. That you have seen it stands in the activity.";
    show_secret(&visitor, WEBHOOK_SECRET, WEBHOOK_SECRET, &secret, said.to_owned())
}

/// `POST …/access/webhook-secret/replace`
pub(crate) async fn replace(
    console: web::Data<Console>,
    visitor: Visitor,
) -> Result<HttpResponse, PageError> {
    let (storage, workspace) = (&console.storage, visitor.workspace()?);
    let secret = storage.rotate_webhook_secret(workspace).await?.shown();
    storage
        .note(workspace, "webhook-secret.replace", None, None)
        .await?;
    let said = "For a day callbacks are signed with this one and the one before it; then with this one alone. Give it to the \
        receivers until then.";
    show_secret(
        &visitor,
        "The new webhook secret",
        WEBHOOK_SECRET,
        &secret,
        said.to_owned(),
    )
}
