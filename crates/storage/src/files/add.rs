//! New files.

use domain::{FileUrl, FreeText, IdempotencyKey, PublicId};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::Value;

use super::FileSource;
use crate::{Error, ListRef, Origin, Result, Storage};

/// A file to be loaded.
#[derive(Debug, Clone)]
pub struct NewFile {
    pub name: FreeText,
    pub source: FileSource,
    pub created_by: FreeText,
    pub callback_url: Option<FileUrl>,
    /// Nothing of it is published: it is only told what would be.
    pub dry_run: bool,
}

/// What the load's job keeps of it.
#[derive(Serialize)]
struct Payload {
    #[serde(flatten)]
    source: Value,
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

/// What became of a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddFile {
    Added(PublicId),
    /// The idempotency key has this file already.
    Repeated(PublicId),
    Refused(AddFileRefusal),
}

/// Why there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "add_file_refusal", rename_all = "kebab-case")]
pub enum AddFileRefusal {
    ListNotActive,
    /// The idempotency key was used for another file.
    KeyReused,
}

impl Storage {
    /// Notes the file and enqueues its load, in one statement; with an idempotency key, once for the key.
    pub async fn add_file(
        &self,
        list: &ListRef,
        file: &NewFile,
        once: Option<&IdempotencyKey>,
    ) -> Result<AddFile> {
        let id = PublicId::from_bytes(rand::random());
        let source = match &file.source {
            FileSource::Hosted { url, auth } => serde_json::json!({
                "url": url.as_url().as_str(),
                "username": auth.as_ref().map(|auth| auth.username.as_str()),
                "password": auth.as_ref().map(|auth| auth.password.expose_secret()),
            }),
            FileSource::Sent(upload) => serde_json::json!(upload.for_job()),
        };
        let payload = serde_json::json!(Payload {
            source,
            dry_run: file.dry_run,
            traceparent: Origin::traceparent(),
        });
        let added = sqlx::query!(
            "select made, refusal from add_file_once($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            once.map(IdempotencyKey::as_str),
            once.map(|once| once.request_hash().as_slice()),
            list.list_id,
            id.as_bytes(),
            file.name.as_str(),
            file.source.shown(),
            file.created_by.as_str(),
            file.callback_url.as_ref().map(|url| url.as_url().as_str()),
            payload,
        )
        .fetch_one(self.pool.of(list.workspace_id))
        .await?;
        if let Some(refusal) = added.refusal {
            return Ok(AddFile::Refused(refusal));
        }
        let made = added.made.as_deref().map(PublicId::try_from);
        match made {
            Some(Ok(made)) if made == id => Ok(AddFile::Added(id)),
            Some(Ok(made)) => Ok(AddFile::Repeated(made)),
            _ => Err(Error::Fault("a file's id cannot be read".to_owned())),
        }
    }
}
