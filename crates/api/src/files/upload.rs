//! `POST /v1/coupon-list/{coupon_list_id}/files`

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::{BasicAuth, FileUrl, FileUrlError, FreeText, PublicId};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use storage::{AddFile, AddFileRefusal, FileSource, ListRef, NewFile};
use utoipa::ToSchema;

use super::shown::ShownStatus;
use crate::{
    App,
    audit::Made,
    body::{BODY_BYTES, Body},
    error::{ApiError, Envelope},
    fields::{Field, body},
    idempotency::{OnceParameters, idempotency_key, key_reused},
    openapi::{
        refusals::{Guarded, NamesList, ReadsBody},
        texts,
    },
    path::{List, ListPath},
};

body! {
    /// Where the file is, and what to call it.
    #[schema(examples(json!({"file_url": "https://example.com/codes.csv", "name": "May", "created_by": "me"})))]
    pub(crate) struct UploadCouponFileBody {
        file_url: texts::FileUrl,
        /// The URL's last path segment if absent or empty.
        name: Option<texts::FreeText>,
        /// Basic credentials for fetching the file; without a colon. Never shown, forgotten when the load ends.
        file_url_auth_username: Option<texts::FreeText>,
        /// Needs the user name.
        file_url_auth_password: Option<texts::FreeText>,
        created_by: Option<texts::FreeText>,
        /// A URL as above: called, signed by Standard Webhooks, when the load has ended. None if empty.
        #[schema(max_length = 2048, pattern = r"^(https?://[^\s\x00-\x1f\x7f-\x9f]+)?$")]
        callback_url: Option<String>,
        /// Only look at the file: what it would add is told, and it adds nothing. Ours.
        dry_run: Option<bool>,
    }
}

#[utoipa::path(
    post,
    path = "/v1/coupon-list/{coupon_list_id}/files",
    operation_id = "uploadCouponFile",
    tag = "Coupon Files",
    summary = "Upload a Coupon File",
    description = "Takes the URL of a CSV file in UTF-8 with the column `Coupon Code`, which is then fetched and loaded \
        in the background: all its new codes or, if it fails, none. The list must be active.",
    params(ListPath, OnceParameters),
    request_body = UploadCouponFileBody,
    responses(
        (status = 201, description = "The file, waiting.", body = UploadedFile<'_>),
        (
            status = 400,
            description = "`invalid-request`, also if the list is archived or expired.",
            body = Envelope,
        ),
        Guarded,
        NamesList,
        ReadsBody,
    ),
)]
pub(crate) async fn upload(
    app: web::Data<App>,
    list: List,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let fields = body.object(BODY_BYTES).await?;
    let once = idempotency_key(&request, &fields)?;
    let file = new_file(&fields.lenient(), &app)?;
    match app.storage.add_file(&list.0, &file, once.as_ref()).await? {
        AddFile::Added(id) | AddFile::Repeated(id) => {
            request.extensions_mut().insert(Made(id));
            Ok(HttpResponse::Created().json(UploadedFile::new(&list.0, &file, id)))
        }
        AddFile::Refused(why) => Err(refusal(why)),
    }
}

pub(super) fn refusal(why: AddFileRefusal) -> ApiError {
    match why {
        AddFileRefusal::KeyReused => key_reused(),
        AddFileRefusal::ListNotActive => not_active(),
    }
}

pub(super) fn not_active() -> ApiError {
    ApiError::Invalid("The coupon list is archived or expired; activate it first.".to_owned())
}

fn new_file(body: &UploadCouponFileBody, app: &App) -> Result<NewFile, ApiError> {
    let url = fetchable(&body.file_url, &one_url(&body.file_url)?, FOR_A_FILE, app)?;
    let callback_url = body.callback_url.get()?.filter(|text| !text.is_empty());
    let name = body.name.get()?.filter(|name| !name.as_str().is_empty());
    Ok(NewFile {
        name: name.unwrap_or_else(|| name_of(&url)),
        created_by: body.created_by.get()?.unwrap_or_default(),
        dry_run: body.dry_run.get()?.unwrap_or_default(),
        callback_url: callback_url
            .map(|text| fetchable(&body.callback_url, &text, FOR_A_CALLBACK, app))
            .transpose()?,
        source: FileSource::Hosted {
            url,
            auth: basic_auth(body)?,
        },
    })
}

/// The text of exactly one URL.
fn one_url(field: &Field<texts::FileUrl>) -> Result<String, ApiError> {
    match field.value() {
        None => Err(ApiError::EmptyFileUrl),
        Some(Value::String(text)) if text.trim().is_empty() => Err(ApiError::EmptyFileUrl),
        Some(Value::String(text)) if holds_several(&text) => Err(ApiError::MultipleFileUrls),
        Some(Value::String(text)) => Ok(text),
        Some(Value::Array(items)) if items.len() > 1 => Err(ApiError::MultipleFileUrls),
        Some(_) => Err(field.wrong("must be a string")),
    }
}

/// A comma may be part of one URL; two beginnings are two URLs.
fn holds_several(text: &str) -> bool {
    let parts = text.split(|c: char| c == ',' || c.is_whitespace());
    parts
        .filter(|part| part.starts_with("http://") || part.starts_with("https://"))
        .count()
        > 1
}

/// What takes the place of credentials in a URL.
const FOR_A_FILE: &str = "use 'file_url_auth_username' and 'file_url_auth_password'";
const FOR_A_CALLBACK: &str = "the receiver knows a callback by its signature";

fn fetchable<T>(field: &Field<T>, text: &str, instead: &str, app: &App) -> Result<FileUrl, ApiError> {
    let url = FileUrl::new(text).map_err(|error| match error {
        FileUrlError::UserInformation => field.wrong(format_args!("{error}; {instead}")),
        _ => field.wrong(error),
    })?;
    if (app.refuses_url)(&url) {
        return Err(field.wrong("must name a public host, not a private address or a local name"));
    }
    Ok(url)
}

fn name_of(url: &FileUrl) -> FreeText {
    let name: String = url.last_segment().chars().take(255).collect();
    FreeText::new(name).unwrap_or_default()
}

fn basic_auth(body: &UploadCouponFileBody) -> Result<Option<BasicAuth>, ApiError> {
    let (username, password) = (&body.file_url_auth_username, &body.file_url_auth_password);
    let is_given = |text: &FreeText| !text.as_str().is_empty();
    match (username.get()?.filter(is_given), password.get()?.filter(is_given)) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(password.wrong("needs 'file_url_auth_username'")),
        // Basic authentication parts the two at the first colon.
        (Some(name), _) if name.as_str().contains(':') => Err(username.wrong("must not contain ':'")),
        (Some(name), secret) => Ok(Some(BasicAuth {
            username: name.as_str().to_owned(),
            password: SecretString::from(secret.unwrap_or_default().as_str()),
        })),
    }
}

/// The documented answer, also to a file sent by hand.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadedCouponFile)]
pub(super) struct UploadedFile<'a> {
    #[schema(value_type = texts::FreeText)]
    name: &'a str,
    /// Without its query where that may hold a signature; empty for a file sent by hand.
    file_url: String,
    #[schema(value_type = texts::FreeText)]
    created_by: &'a str,
    status: ShownStatus,
    /// Spelled with an s here only, as documented.
    #[schema(value_type = texts::Id)]
    coupons_list_id: String,
    #[schema(value_type = texts::Id)]
    _id: String,
    /// Of a dry run only, which adds nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    dry_run: Option<bool>,
}

impl<'a> UploadedFile<'a> {
    pub(super) fn new(list: &ListRef, file: &'a NewFile, id: PublicId) -> Self {
        Self {
            name: file.name.as_str(),
            file_url: file.source.shown(),
            created_by: file.created_by.as_str(),
            status: ShownStatus::Pending,
            coupons_list_id: list.public_id.to_string(),
            _id: id.to_string(),
            dry_run: file.dry_run.then_some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_within_a_url_is_not_a_second_url() {
        assert!(!holds_several("https://a.de/x,y.csv"));
        assert!(holds_several("https://a.de/x,https://a.de/y"));
        assert!(holds_several("https://a.de/x http://a.de/y"));
    }
}
