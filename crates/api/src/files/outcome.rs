//! What a dry run came to, as the API shows it.

use domain::{FileStatus, RejectedFor};
use serde::Serialize;
use storage::CouponFile;
use utoipa::ToSchema;

/// What the file would come to, had it not been a dry run.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunOutcome)]
pub(super) struct Outcome {
    /// Codes that the list would get; 0 if the file failed.
    #[schema(minimum = 0)]
    would_add: i64,
    duplicates: Duplicates,
    #[schema(minimum = 0)]
    rejected: i64,
    /// The most frequent first.
    rejected_for: Vec<ShownReason>,
}

/// Rows whose code would be left out because it is known.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunDuplicates)]
struct Duplicates {
    /// The file itself repeats them.
    #[schema(minimum = 0)]
    in_file: i64,
    #[schema(minimum = 0)]
    in_list: i64,
    /// The list handed them out or disabled them once; the files that brought them are gone.
    #[schema(minimum = 0)]
    from_before: i64,
}

/// How many rows would be left out for one reason.
#[derive(Serialize, ToSchema)]
#[schema(as = RejectedFor)]
struct ShownReason {
    #[schema(examples("code is empty"))]
    reason: String,
    #[schema(minimum = 1)]
    rows: u64,
}

impl Outcome {
    /// Of a dry run that has ended.
    pub(super) fn of(file: &CouponFile) -> Option<Self> {
        let dry_run = file.dry_run.filter(|_| file.status != FileStatus::Pending)?;
        let shown = |RejectedFor { reason, rows }| ShownReason { reason, rows };
        Some(Self {
            would_add: dry_run.would_add,
            duplicates: Duplicates {
                in_file: file.duplicates_in_file,
                in_list: file.duplicates - file.duplicates_in_file - file.duplicates_from_before,
                from_before: file.duplicates_from_before,
            },
            rejected: file.rejected,
            rejected_for: file.rejected_for.iter().cloned().map(shown).collect(),
        })
    }
}
