//! `GET /v1/usage-report/{report_id}/download` (ours): with credentials, or by the signed link of a mail.

use std::io::Write as _;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        AUTHORIZATION, AcceptEncoding, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE,
        Encoding, Header as _, VARY,
    },
    web::{self, Bytes},
};
use flate2::write::MultiGzDecoder;
use futures_util::{StreamExt as _, stream};
use storage::{ReportStatus, UsageReport};
use tracing::warn;
use utoipa::IntoParams;

use crate::{
    App,
    authentication::authenticate,
    error::{ApiError, Envelope},
    openapi::refusals::{Guarded, NamesThing},
    path::{ReportPath, report_id},
};

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "what `Link::of` reads, for the document")]
struct LinkParameters {
    /// Until when a mailed link opens, in seconds since 1970.
    expires: Option<i64>,
    /// What makes it open without credentials.
    signature: Option<String>,
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
        (status = 200, description = "The report.", body = String, content_type = "text/csv"),
        (status = 409, description = "`usage-report-not-ready`", body = Envelope),
        Guarded,
        NamesThing,
    ),
)]
pub(crate) async fn download(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let linked = match Link::of(&request) {
        Some(link) => Some(linked_report(&app, &request, &link).await),
        None => None,
    };
    let report = match linked {
        Some(Ok(report)) => report,
        // Right credentials open what a link does not, or no more.
        Some(Err(error)) if !request.headers().contains_key(AUTHORIZATION) => return Err(error),
        _ => own_report(&app, &request).await?,
    };
    if report.status != ReportStatus::Ready {
        return Err(ApiError::ReportNotReady);
    }
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!(
                "attachment; filename=\"usage-report-{}-{}.csv\"",
                report.start_date, report.end_date
            ),
        ))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "accept-encoding"));
    let pieces = app.storage.report_pieces(&report);
    if takes_gzip(&request) {
        // It is kept compressed: nothing needs to be done for those who take it so.
        answer.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(answer.streaming(pieces.map(|piece| piece.map_err(cut_off))));
    }
    let plain = stream::unfold(
        (pieces, MultiGzDecoder::new(Vec::new())),
        |(mut pieces, decoder)| async {
            let piece = pieces.next().await?;
            Some(match piece.map_err(cut_off) {
                Ok(piece) => match unpack(decoder, piece).await {
                    Ok((bytes, decoder)) => (Ok(bytes), (pieces, decoder)),
                    Err(error) => (Err(error), (pieces, MultiGzDecoder::new(Vec::new()))),
                },
                Err(error) => (Err(error), (pieces, decoder)),
            })
        },
    );
    Ok(answer.streaming(plain))
}

/// What a signed link carries in its query.
struct Link {
    expires: i64,
    signature: String,
}

impl Link {
    fn of(request: &HttpRequest) -> Option<Self> {
        let query = request.query_string();
        let of = |name: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        Some(Self {
            signature: of("signature")?,
            expires: of("expires")
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
        })
    }
}

/// A link that is wrong or over opens nothing, and does not say whether there is anything to open.
async fn linked_report(app: &App, request: &HttpRequest, link: &Link) -> Result<UsageReport, ApiError> {
    app.shield.admit(request)?;
    let id = report_id(request)?;
    app.shield.admit_unknown(request, &link.signature)?;
    let found = app.storage.linked_usage_report(id).await?;
    let signed = found.filter(|(_, key)| key.opens(request.path(), link.expires, &link.signature));
    let Some((report, _)) = signed else {
        // With credentials it is they that are judged.
        if !request.headers().contains_key(AUTHORIZATION) {
            app.shield.guessed_wrong(request);
        }
        return Err(ApiError::NotFound);
    };
    app.shield.learn(&link.signature);
    let is_open =
        link.expires <= report.expires_at.as_second() && !app.storage.has_passed(link.expires).await?;
    is_open.then_some(report).ok_or(ApiError::NotFound)
}

async fn own_report(app: &App, request: &HttpRequest) -> Result<UsageReport, ApiError> {
    let workspace = authenticate(request).await?;
    let report = app.storage.usage_report(&workspace, report_id(request)?).await?;
    report.ok_or(ApiError::NotFound)
}

fn takes_gzip(request: &HttpRequest) -> bool {
    AcceptEncoding::parse(request).is_ok_and(|accepted| {
        accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter()) == Some(Encoding::gzip())
    })
}

/// A megabyte of gzip may be ten of CSV: not on a thread that answers others.
async fn unpack(
    mut decoder: MultiGzDecoder<Vec<u8>>,
    piece: Bytes,
) -> Result<(Bytes, MultiGzDecoder<Vec<u8>>), actix_web::Error> {
    web::block(move || {
        decoder.write_all(&piece)?;
        decoder.flush()?;
        let bytes = std::mem::take(decoder.get_mut());
        Ok::<_, std::io::Error>((Bytes::from(bytes), decoder))
    })
    .await?
    .map_err(Into::into)
}

/// The head is out already: all that is left is to break the connection, so that nobody takes a part for the whole.
fn cut_off(error: storage::Error) -> actix_web::Error {
    warn!(%error, "a download was cut off");
    ApiError::from(error).into()
}
