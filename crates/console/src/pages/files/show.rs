//! `GET /console/w/{workspace}/lists/{list}/files/{file}`

use actix_web::{HttpRequest, HttpResponse, web};
use askama::{Template, filters::Safe};
use domain::{AllocationStatus, FileStatus, PublicId};
use storage::{CouponFile, CouponList, HandOutFilter, ListRef, Progress, Stage};
use url::form_urlencoded;

use super::{
    file_in_path,
    rejections::{RejectedRow, first},
};
use crate::{
    Console,
    error::PageError,
    page::{Frame, render},
    pages::lists::{list_in_path, list_path, show::file_state},
    shown,
    visitor::Visitor,
};

/// So many of those who have a code are counted; beyond, the page says that there are more.
const COUNTED: usize = 1_000;

/// How far a load has come, in words and in a bar.
struct Step {
    text: String,
    read: i64,
    of: Option<i64>,
}

#[derive(Template)]
#[template(path = "files/show.html")]
struct FilePage<'a> {
    frame: Frame<'a>,
    list: CouponList,
    list_path: String,
    file: CouponFile,
    state: (&'static str, &'static str),
    step: Option<Step>,
    is_quarantined: bool,
    is_loaded: bool,
    /// What a dry run came to; of a file that was loaded, what it brought.
    new_codes: i64,
    in_list: i64,
    rejected: Vec<RejectedRow>,
    upload: String,
    sent: Safe<String>,
    here: String,
    /// Of a file that is set aside: who has a code of it.
    recipients: Option<Recipients>,
    may_manage: bool,
}

/// Those who have a code of a file for good.
struct Recipients {
    many: String,
    has_any: bool,
    list: String,
    export: String,
    /// What the list's other files have to give.
    available: String,
}

impl FilePage<'_> {
    /// Whether all rejected rows are there, with their values: for a week.
    fn has_all_rejected(&self) -> bool {
        self.rejected.first().is_some_and(|row| row.value.is_some())
    }

    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "as templates call it"
    )]
    fn number(&self, number: &i64) -> String {
        shown::number(*number)
    }

    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "as templates call it"
    )]
    fn count(&self, rows: &u64) -> String {
        shown::count(rows.cast_signed(), "row")
    }
}

pub(crate) async fn show(
    console: web::Data<Console>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let list = list_in_path(&console, &visitor, &request).await?;
    let id = file_in_path(&request)?;
    let storage = &console.storage;
    let file = storage.file(&list, id).await?.ok_or(PageError::NotFound)?;
    let step = match file.status {
        FileStatus::Pending => {
            let progress = storage.progress(&list, id).await?;
            progress.map(|progress| step(progress, file.file_url.is_empty()))
        }
        FileStatus::Success | FileStatus::Failed => None,
    };
    let rejected = if file.rejected > 0 {
        first(storage, &list, id, &file).await?
    } else {
        Vec::new()
    };
    let is_quarantined = file.quarantined_at.is_some();
    let recipients = if is_quarantined {
        Some(recipients(&console, &visitor, &list, id).await?)
    } else {
        None
    };
    let title = if file.name.is_empty() {
        "(no name)".to_owned()
    } else {
        file.name.clone()
    };
    render(&FilePage {
        frame: Frame::of(&title, "lists", &visitor),
        list: storage.list(&list).await?,
        list_path: list_path(&visitor, &list, ""),
        state: file_state(&file),
        step,
        is_quarantined,
        recipients,
        is_loaded: file.status == FileStatus::Success,
        new_codes: file.dry_run.map_or(file.added, |dry_run| dry_run.would_add),
        in_list: file.duplicates - file.duplicates_in_file - file.duplicates_from_before,
        rejected,
        upload: upload_again(&visitor, &list, &file),
        sent: shown::time(file.created_at, &console.zone),
        here: list_path(&visitor, &list, &format!("/files/{id}")),
        may_manage: visitor.may_manage(),
        file,
    })
}

async fn recipients(
    console: &Console,
    visitor: &Visitor,
    list: &ListRef,
    file: PublicId,
) -> Result<Recipients, PageError> {
    let filter = HandOutFilter {
        file: Some(file),
        status: Some(AllocationStatus::Allocated),
        ..HandOutFilter::default()
    };
    let page = console.storage.ledger_page(list, &filter, None, COUNTED).await?;
    let page = page.unwrap_or_default();
    let many = shown::number(i64::try_from(page.hand_outs.len()).unwrap_or(i64::MAX));
    let query = format!("file={file}&status=ALLOCATED");
    Ok(Recipients {
        has_any: !page.hand_outs.is_empty(),
        many: if page.next.is_some() {
            format!("{many} or more")
        } else {
            many
        },
        list: list_path(visitor, list, &format!("/handed-out?{query}")),
        export: list_path(visitor, list, &format!("/handed-out/export?{query}")),
        available: shown::number(console.storage.stock(list).await?.available),
    })
}

/// Where the same file is added for real.
fn upload_again(visitor: &Visitor, list: &ListRef, file: &CouponFile) -> String {
    let form = list_path(visitor, list, "/upload");
    if file.file_url.is_empty() {
        return form;
    }
    let url: String = form_urlencoded::byte_serialize(file.file_url.as_bytes()).collect();
    format!("{form}?url={url}")
}

fn step(progress: Progress, was_sent: bool) -> Step {
    let text = match progress.stage {
        Stage::Waiting => "Waiting for its turn",
        Stage::Downloading if !was_sent => "Being fetched",
        Stage::Downloading | Stage::Sorting => "Being read",
        Stage::Comparing => "Being compared with the codes that the list has had",
        Stage::Storing => "Being stored",
        Stage::Done => "Nearly done",
    };
    Step {
        text: text.to_owned(),
        read: progress.bytes_read,
        of: progress.bytes_expected.filter(|expected| *expected > 0),
    }
}
