//! `GET /v1/usage-report/{report_id}/download` (ours): with credentials, or by the signed link of a mail.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, VARY},
    web,
};
use futures_util::StreamExt as _;
use storage::{ReportStatus, UsageReport};
use utoipa::ToSchema;

use super::rows::rows;
use crate::{
    App,
    authentication::{authenticate, in_time},
    begun::begun,
    error::{ApiError, Envelope},
    gzip::{cut_off, plain, takes_gzip},
    openapi::refusals::{Guarded, NamesThing},
    parameters,
    path::{ReportPath, report_id},
    query::query,
};

query! {
    struct LinkParameters {
        /// Until when a mailed link opens, in seconds since 1970.
        expires: Option<i64>,
        /// What makes it open without credentials.
        signature: Option<String>,
        /// `csv` if absent: for people and spreadsheets. `json`: an object a line (NDJSON), each text as it was.
        format: Option<Format>,
    }
}

/// What a report is read as.
#[derive(Clone, Copy, ToSchema)]
#[schema(as = ReportFormat, rename_all = "lowercase")]
enum Format {
    Csv,
    Json,
}

impl Format {
    fn of(asked: &LinkParameters) -> Result<Self, ApiError> {
        match asked.format.text()? {
            None | Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some(_) => Err(asked.format.wrong("must be csv or json")),
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "ndjson",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/x-ndjson",
        }
    }
}

#[utoipa::path(
    get,
    path = "/v1/usage-report/{report_id}/download",
    operation_id = "downloadUsageReport",
    tag = "Reports",
    summary = "Download a Usage Report",
    description = "The CSV, compressed if the client takes gzip. Opens with credentials, or with the link of a mail.",
    params(ReportPath, LinkParameters),
    responses(
        (status = 200, description = "The report.", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 400, description = "`bad-request`: a parameter is unknown, or not what it should be.", body = Envelope),
        (status = 409, description = "`usage-report-not-ready`", body = Envelope),
        Guarded,
        NamesThing,
    ),
)]
pub(crate) async fn download(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let asked = LinkParameters::of(request.query_string());
    let report = in_time(opened_report(&app, &request, &asked)).await?;
    let format = Format::of(&asked)?;
    if report.status != ReportStatus::Ready {
        return Err(ApiError::ReportNotReady);
    }
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, format.content_type()))
        .insert_header((
            CONTENT_DISPOSITION,
            format!(
                "attachment; filename=\"usage-report-{}-{}.{}\"",
                report.start_date,
                report.end_date,
                format.ending()
            ),
        ))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "accept-encoding"));
    let pieces = begun(app.storage.report_pieces(&report)).await?;
    let pieces = pieces.map(|piece| piece.map_err(cut_off));
    if let Format::Json = format {
        return Ok(answer.streaming(rows(Box::pin(plain(pieces)))));
    }
    if takes_gzip(&request) {
        // It is kept compressed: nothing needs to be done for those who take it so.
        answer.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(answer.streaming(pieces));
    }
    Ok(answer.streaming(plain(pieces)))
}

/// What a signed link carries in its query.
struct Link {
    expires: i64,
    signature: String,
}

impl Link {
    fn of(asked: &LinkParameters) -> Option<Self> {
        Some(Self {
            signature: asked.signature.first()?.to_owned(),
            expires: asked
                .expires
                .first()
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
        })
    }
}

/// Credentials are judged first: a wrong link that comes with right ones is no guess, and with any others it is one.
async fn opened_report(
    app: &App,
    request: &HttpRequest,
    asked: &LinkParameters,
) -> Result<UsageReport, ApiError> {
    let refusal = match own_report(app, request).await {
        Err(refusal @ (ApiError::Unauthenticated(_) | ApiError::NotFound)) => refusal,
        judged => return judged,
    };
    let Some(link) = Link::of(asked) else {
        return Err(refusal);
    };
    match linked_report(app, request, &link).await {
        Err(ApiError::NotFound) if request.headers().contains_key(AUTHORIZATION) => Err(refusal),
        judged => judged,
    }
}

/// A link that is wrong or over opens nothing, and does not say whether there is anything to open.
async fn linked_report(app: &App, request: &HttpRequest, link: &Link) -> Result<UsageReport, ApiError> {
    let id = report_id(request)?;
    let seal = app.storage.link_seal().await?;
    if !seal.made(request.path(), link.expires, &link.signature) {
        return Err(app.shield.refusal_of_a_guess(request));
    }
    let _turn = app.shield.turn(request, &*link.signature).await?;
    app.shield.admit_unknown(request, &link.signature)?;
    let found = app.storage.linked_usage_report(id).await?;
    let signed = found.filter(|(_, key)| key.opens(request.path(), link.expires, &link.signature));
    let Some((report, _)) = signed else {
        return Err(app.shield.refusal_of_a_guess(request));
    };
    app.shield.learn(&*link.signature);
    parameters::refuse_unknown_of_link(request)?;
    let is_open =
        link.expires <= report.expires_at.as_second() && !app.storage.has_passed(link.expires).await?;
    is_open.then_some(report).ok_or(ApiError::NotFound)
}

async fn own_report(app: &App, request: &HttpRequest) -> Result<UsageReport, ApiError> {
    let workspace = authenticate(request).await?;
    let report = app.storage.usage_report(&workspace, report_id(request)?).await?;
    report.ok_or(ApiError::NotFound)
}
