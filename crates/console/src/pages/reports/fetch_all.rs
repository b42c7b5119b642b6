//! `GET /console/w/{workspace}/reports`

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::PublicId;
use storage::{ReportMailStatus, ReportStatus, UsageReport};

use crate::{
    Console,
    error::PageError,
    page::{Frame, render},
    shown,
    visitor::Visitor,
};

/// The newest reports that are shown; they are kept for a week.
const REPORTS: i64 = 200;

/// What became of the mail to a recipient.
struct Mail {
    recipient: String,
    state: &'static str,
    reason: Option<String>,
}

/// A row of the table.
struct Row {
    id: String,
    list: String,
    list_path: String,
    start_date: String,
    end_date: String,
    state: (&'static str, &'static str),
    failure: Option<String>,
    rows: Option<String>,
    asked: Safe<String>,
    until: Safe<String>,
    mails: Vec<Mail>,
    is_ready: bool,
    here: String,
    delete: Option<String>,
}

#[derive(Template)]
#[template(path = "reports/fetch_all.html")]
struct ReportsPage<'a> {
    frame: Frame<'a>,
    rows: Vec<Row>,
    is_building: bool,
    has_more: bool,
    request: Option<String>,
    here: String,
    may_download: bool,
}

/// `GET …/reports`
pub(crate) async fn show(console: web::Data<Console>, visitor: Visitor) -> Result<HttpResponse, PageError> {
    let workspace = visitor.workspace()?;
    let reports = console.storage.newest_usage_reports(workspace, REPORTS).await?;
    let names = console.storage.list_names(workspace).await?;
    let names: HashMap<PublicId, String> = names.into_iter().collect();
    render(&ReportsPage {
        frame: Frame::of("Reports", "reports", &visitor),
        is_building: reports
            .iter()
            .any(|report| report.status == ReportStatus::Pending),
        has_more: i64::try_from(reports.len()) == Ok(REPORTS),
        rows: reports
            .into_iter()
            .map(|report| row(&console, &visitor, &names, report))
            .collect(),
        request: visitor.may_manage().then(|| visitor.path("/reports/new")),
        here: visitor.path("/reports"),
        // Also where nothing may be changed: looking at it changes nothing.
        may_download: visitor
            .membership()
            .is_some_and(|here| here.role >= domain::Role::Manager),
    })
}

fn row(console: &Console, visitor: &Visitor, names: &HashMap<PublicId, String>, report: UsageReport) -> Row {
    let id = report.public_id.to_string();
    let mail = |mail: storage::ReportMail| Mail {
        state: match mail.status {
            ReportMailStatus::Waiting => "waiting",
            ReportMailStatus::Sent => "sent",
            ReportMailStatus::Failed => "failed",
        },
        recipient: mail.recipient,
        reason: mail.reason,
    };
    Row {
        list: names.get(&report.list).cloned().unwrap_or_default(),
        list_path: visitor.path(&format!("/lists/{}", report.list)),
        state: match report.status {
            ReportStatus::Pending => ("being built", "warn"),
            ReportStatus::Ready => ("ready", "good"),
            ReportStatus::Failed => ("failed", "bad"),
        },
        failure: report.failure,
        rows: report.rows.map(|rows| shown::count(rows, "code")),
        asked: shown::time(report.created_at, &console.zone),
        until: shown::day(report.expires_at, &console.zone),
        mails: report.mails.into_iter().map(mail).collect(),
        is_ready: report.status == ReportStatus::Ready,
        here: visitor.path(&format!("/reports/{id}")),
        delete: visitor
            .may_manage()
            .then(|| visitor.path(&format!("/reports/{id}/delete"))),
        start_date: report.start_date,
        end_date: report.end_date,
        id,
    }
}
