//! The journal of what was handed out, as `--journal` reads it.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, anyhow, bail};
use domain::{ExternalId, PublicId};
use serde::{Deserialize, Serialize};
use storage::{JournalEntry, Storage};

use super::print;

/// Line numbers that are named in an error.
const NAMED_LINES: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    coupon_list_id: String,
    code: String,
    user_id: String,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    campaign_id: Option<String>,
}

/// What became of one list's lines.
#[derive(Serialize)]
struct ListOutcome {
    coupon_list_id: String,
    noted: u64,
    known: u64,
    set_aside: i64,
    contradicted: usize,
}

/// # Errors
/// If a line cannot be read, before anything is done; or if lines contradict the database, after the others were noted.
pub(super) async fn note(journal: &Path, storage: &Storage) -> anyhow::Result<()> {
    let lists = read(journal)?;
    let mut contradicted = Vec::new();
    for (id, entries) in &lists {
        let Some(list) = storage.list_of_journal(*id).await? else {
            contradicted.extend(entries.iter().map(|entry| entry.line));
            continue;
        };
        let noted = storage.note_journal(&list, entries).await?;
        print(&ListOutcome {
            coupon_list_id: id.to_string(),
            noted: noted.noted,
            known: noted.known,
            set_aside: noted.set_aside,
            contradicted: noted.contradicted.len(),
        })?;
        contradicted.extend(noted.contradicted);
    }
    if contradicted.is_empty() {
        return Ok(());
    }
    contradicted.sort_unstable();
    let many = contradicted.len();
    contradicted.truncate(NAMED_LINES);
    bail!(
        "{many} lines of the journal contradict the database, which does not have the code, or gave it to somebody else, or gave \
         another one to the same request: {contradicted:?}. The others were noted; remove these lines when you have seen to \
         them, and run the command again"
    );
}

fn read(journal: &Path) -> anyhow::Result<BTreeMap<PublicId, Vec<JournalEntry>>> {
    let reader = csv::Reader::from_path(journal);
    let mut reader = reader.with_context(|| format!("cannot read {}", journal.display()))?;
    let mut lists: BTreeMap<PublicId, Vec<JournalEntry>> = BTreeMap::new();
    let headers = reader.headers()?.clone();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        // The row itself stays out of the error: codes and people's ids stand there.
        let (id, entry) = entry(&record, &headers, line)
            .map_err(|what| anyhow!("{} line {line}: {what}", journal.display()))?;
        lists.entry(id).or_default().push(entry);
    }
    Ok(lists)
}

fn entry(
    record: &csv::StringRecord,
    headers: &csv::StringRecord,
    line: u64,
) -> Result<(PublicId, JournalEntry), &'static str> {
    let row: Row = record
        .deserialize(Some(headers))
        .map_err(|_| "the columns are not coupon_list_id, code, user_id, request_id, campaign_id")?;
    let id = row.coupon_list_id.parse().map_err(|_| "coupon_list_id is none")?;
    let optional = |text: Option<String>| text.map(ExternalId::new).transpose();
    let entry = JournalEntry {
        line,
        code: row.code,
        user_id: ExternalId::new(row.user_id).map_err(|_| "user_id is none")?,
        request_id: optional(row.request_id).map_err(|_| "request_id is none")?,
        campaign_id: optional(row.campaign_id).map_err(|_| "campaign_id is none")?,
    };
    Ok((id, entry))
}
