//! `GET /console/w/{workspace}/activity`

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use storage::AuditEntry;

use super::words::words;
use crate::{
    Console,
    error::PageError,
    form::Form,
    page::{Frame, render},
    shown,
    visitor::Visitor,
};

/// Entries of one page.
const PAGE: usize = 100;

/// What it was about, and where that is.
struct Thing {
    name: String,
    href: Option<String>,
}

/// A row of the table.
struct Row {
    at: Safe<String>,
    who: String,
    /// By which way, where it was no person.
    way: Option<String>,
    what: String,
    list: Option<Thing>,
    object: Option<Thing>,
    is_of_list: bool,
}

#[derive(Template)]
#[template(path = "activity/fetch_all.html")]
struct ActivityPage<'a> {
    frame: Frame<'a>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
}

/// `GET …/activity`
pub(crate) async fn show(
    console: web::Data<Console>,
    request: HttpRequest,
    visitor: Visitor,
) -> Result<HttpResponse, PageError> {
    let before: Option<i64> = Form::of_query(&request).text("before").parse().ok();
    let asked = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let workspace = visitor.workspace()?;
    let mut entries = console.storage.audit_entries(workspace, before, asked).await?;
    let has_older = entries.len() > PAGE;
    entries.truncate(PAGE);
    let oldest = entries.last().filter(|_| has_older).map(|entry| entry.id);
    render(&ActivityPage {
        frame: Frame::of("Activity", "activity", &visitor),
        newest: before.map(|_| visitor.path("/activity")),
        older: oldest.map(|id| visitor.path(&format!("/activity?before={id}"))),
        rows: entries
            .into_iter()
            .map(|entry| row(&console, &visitor, entry))
            .collect(),
    })
}

fn row(console: &Console, visitor: &Visitor, entry: AuditEntry) -> Row {
    let what = words(&entry.action).map_or_else(|| entry.action.clone(), str::to_owned);
    let (who, way) = match (entry.person, entry.api_key_id) {
        (Some(person), _) => (person, None),
        (None, Some(id)) => {
            let label = entry.api_key_label.unwrap_or_else(|| id.to_string());
            (label, Some(format!("API key, number {id}")))
        }
        (None, None) if entry.action == "sign-in.fail" => ("Somebody".to_owned(), None),
        (None, None) => ("The operator".to_owned(), Some("command line".to_owned())),
    };
    let list = entry.list.map(|id| Thing {
        href: entry
            .list_name
            .is_some()
            .then(|| visitor.path(&format!("/lists/{id}"))),
        name: entry.list_name.unwrap_or_else(|| id.clone()),
    });
    let of_list = list.as_ref().and_then(|list| list.href.as_deref());
    let object = entry.object.map(|id| {
        let lists = entry.object_lists.and_then(|lists| usize::try_from(lists).ok());
        let rights = entry.object_role.map(|role| shown::rights(&role, lists));
        let name = entry.object_name.filter(|name| !name.is_empty());
        let is_file = entry.action.starts_with("file.");
        let is_person = entry.action.starts_with("person.") || entry.action.starts_with("sign-in");
        let href = match of_list {
            // A file that was deleted has no page any more.
            Some(list) if is_file && name.is_some() => Some(format!("{list}/files/{id}")),
            Some(list) if entry.action.starts_with("pull-token.") && visitor.may_manage() => {
                Some(format!("{list}/pull-tokens"))
            }
            _ if entry.action.starts_with("usage-report.") => Some(visitor.path("/reports")),
            _ => None,
        };
        let name = match name {
            Some(name) if is_person => format!("account of {name}"),
            Some(name) => match rights {
                Some(rights) => format!("{name} ({rights})"),
                None => name,
            },
            None => id,
        };
        Thing { name, href }
    });
    Row {
        at: shown::time(entry.at, &console.zone),
        who,
        way,
        what,
        is_of_list: list.is_some(),
        list,
        object,
    }
}
