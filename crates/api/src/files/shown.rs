//! A file as the API shows it; the order of the keys is the documented examples'.

use domain::{FileStatus, PublicId, Rejection, instant_with_zone};
use serde::Serialize;
use storage::CouponFile;
use utoipa::ToSchema;

use super::outcome::Outcome;
use crate::{openapi::texts, words::words};

words! {
    /// The states of a file. It is `PENDING` until the load has ended.
    #[schema(as = FileStatus)]
    #[serde(rename_all = "UPPERCASE")]
    pub(super) enum ShownStatus of domain::FileStatus {
        Pending,
        Success,
        Failed,
    }
}

/// A file as it is read. The list of files shows the callback too, one file alone its details.
#[derive(Serialize, ToSchema)]
#[schema(as = CouponFile)]
pub(super) struct ShownFile {
    #[schema(value_type = texts::Id)]
    coupon_list_id: String,
    #[schema(value_type = texts::FreeText)]
    name: String,
    status: ShownStatus,
    /// Without its query where that may hold a signature; empty for a file sent by hand.
    file_url: String,
    #[schema(value_type = texts::FreeText)]
    created_by: String,
    #[schema(value_type = texts::Instant)]
    created_at: String,
    #[schema(value_type = texts::Instant)]
    updated_at: String,
    #[schema(value_type = texts::Id)]
    _id: String,
    /// The codes of this file that the list did not have.
    #[schema(minimum = 0)]
    added_coupons: i64,
    /// In the list of files only, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uri")]
    callback_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Details, required = false)]
    details: Option<Details>,
    /// Of a dry run only: nothing of it is in the list. `SUCCESS` says that it could be loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    dry_run: Option<bool>,
    /// Of a dry run that has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Outcome, required = false)]
    outcome: Option<Outcome>,
}

/// What there is to say of a file that failed, left rows out, or has a warning.
#[derive(Serialize, ToSchema)]
#[schema(as = FileDetails)]
struct Details {
    /// Why the file failed; null if it did not.
    #[schema(required = true, examples("file is empty"))]
    reason: Option<String>,
    #[schema(minimum = 0)]
    added: i64,
    /// Rows left out because the file or the list had the code already.
    #[schema(minimum = 0)]
    duplicates: i64,
    /// Rows left out because something was wrong with them.
    #[schema(minimum = 0)]
    rejected: i64,
    /// The first 100 of the rejected rows.
    #[schema(max_items = 100)]
    rejections: Vec<ShownRejection>,
    /// What is unsafe about the file's upload, or odd about its codes; only where something is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    warnings: Vec<String>,
}

const CREDENTIALS_IN_CLEAR: &str = "the credentials for 'file_url' go over plain http, where anyone on the way can \
                                    read them; use an https URL and change the password";

fn unseen(codes: i64) -> Option<String> {
    let codes = match codes {
        ..=0 => return None,
        1 => "1 code has".to_owned(),
        more => format!("{more} codes have"),
    };
    Some(format!(
        "{codes} a character inside that cannot be seen or passes for a blank, such as a no-break space: whoever types \
         the code will not type that"
    ))
}

/// A row that was left out.
#[derive(Serialize, ToSchema)]
#[schema(as = RejectedRow)]
struct ShownRejection {
    /// The header's line is 1.
    #[schema(minimum = 1)]
    line: u64,
    #[schema(examples("code is empty"))]
    reason: String,
}

impl From<Rejection> for ShownRejection {
    fn from(Rejection { line, reason }: Rejection) -> Self {
        Self { line, reason }
    }
}

impl ShownFile {
    pub(super) fn with_details(list: PublicId, mut file: CouponFile) -> Self {
        let left_out = file.duplicates > 0 || file.rejected > 0;
        let in_clear = file.credentials_in_clear.then(|| CREDENTIALS_IN_CLEAR.to_owned());
        let warnings: Vec<_> = in_clear.into_iter().chain(unseen(file.unseen)).collect();
        let has_details = file.status == FileStatus::Failed || left_out || !warnings.is_empty();
        let details = has_details.then(|| Details {
            reason: file
                .failure
                .take()
                .map(|reason| domain::told(reason, file.first_line.as_deref())),
            added: file.added,
            duplicates: file.duplicates,
            rejected: file.rejected,
            rejections: file.rejections.drain(..).map(ShownRejection::from).collect(),
            warnings,
        });
        Self {
            details,
            ..Self::new(list, file)
        }
    }

    pub(super) fn with_callback(list: PublicId, mut file: CouponFile) -> Self {
        Self {
            callback_url: file.callback_url.take(),
            ..Self::new(list, file)
        }
    }

    fn new(list: PublicId, file: CouponFile) -> Self {
        Self {
            coupon_list_id: list.to_string(),
            status: file.status.into(),
            created_at: instant_with_zone(file.created_at),
            updated_at: instant_with_zone(file.updated_at),
            _id: file.public_id.to_string(),
            added_coupons: file.added,
            callback_url: None,
            details: None,
            dry_run: file.dry_run.map(|_| true),
            outcome: Outcome::of(&file),
            name: file.name,
            file_url: file.file_url,
            created_by: file.created_by,
        }
    }
}
