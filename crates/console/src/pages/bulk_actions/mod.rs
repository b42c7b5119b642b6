//! One action on all hand-outs that a filter takes.

pub(crate) mod fetch_all;
pub(crate) mod request;
pub(crate) mod show;

use domain::{AllocationStatus, ExternalId};
use jiff::Timestamp;
use storage::{BulkAction, BulkActionKind, BulkActionStatus, HandOutFilter};

use crate::Console;

/// What is done, as an order and as what was done.
pub(crate) fn words(kind: BulkActionKind) -> (&'static str, &'static str) {
    match kind {
        BulkActionKind::Confirm => ("Make holds last", "made to last"),
        BulkActionKind::Release => ("Give back", "given back"),
        BulkActionKind::Disable => ("Disable", "disabled"),
    }
}

/// A word, and the class that colours it.
pub(crate) fn state(action: &BulkAction) -> (&'static str, &'static str) {
    match action.status {
        BulkActionStatus::Pending => ("under way", "warn"),
        BulkActionStatus::Done => ("done", "good"),
        BulkActionStatus::Failed => ("broken off", "bad"),
    }
}

/// `user u-81, held, from 2026-11-01 00:00`
pub(crate) fn described(
    console: &Console,
    filter: &HandOutFilter,
    of_erased: bool,
    files: &[(String, String)],
) -> String {
    let id = |id: &ExternalId, what: &str| format!("{what} {}", id.as_str());
    let at = |at: Timestamp| {
        let at = at.to_zoned(console.zone.clone());
        at.strftime("%Y-%m-%d %H:%M %Z").to_string()
    };
    let file = filter.file.map(|file| {
        let file = file.to_string();
        let named = files.iter().find(|(id, _)| *id == file);
        format!("file {}", named.map_or(file.as_str(), |(_, name)| name))
    });
    let status = filter.status.map(|status| match status {
        AllocationStatus::Allocated => "handed out",
        AllocationStatus::Held => "held",
        AllocationStatus::Released => "given back",
        AllocationStatus::Redeemed => "redeemed",
    });
    let parts = [
        filter.user_id.as_ref().map(|user| id(user, "user")),
        of_erased.then(|| "a user who has been erased".to_owned()),
        filter
            .campaign_id
            .as_ref()
            .map(|campaign| id(campaign, "campaign")),
        file,
        status.map(str::to_owned),
        filter.from.map(|from| format!("from {}", at(from))),
        filter.until.map(|until| format!("until {}", at(until))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
