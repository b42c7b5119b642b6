//! A file as the API shows it; the order of the keys is the documented examples'.

use domain::{FileStatus, PublicId, Rejection, instant_with_zone};
use serde::Serialize;
use storage::CouponFile;

/// A file as it is read. The list of files shows the callback too, one file alone its details.
#[derive(Serialize)]
pub(super) struct ShownFile {
    coupon_list_id: String,
    name: String,
    status: &'static str,
    file_url: String,
    created_by: String,
    created_at: String,
    updated_at: String,
    _id: String,
    added_coupons: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

/// What a file that failed, or left rows out, has to say.
#[derive(Serialize)]
struct Details {
    reason: Option<String>,
    added: i64,
    duplicates: i64,
    rejected: i64,
    rejections: Vec<Rejection>,
}

impl ShownFile {
    pub(super) fn with_details(list: PublicId, mut file: CouponFile) -> Self {
        let left_out = file.duplicates > 0 || file.rejected > 0;
        let details = (file.status == FileStatus::Failed || left_out).then(|| Details {
            reason: file.failure.take(),
            added: file.added,
            duplicates: file.duplicates,
            rejected: file.rejected,
            rejections: std::mem::take(&mut file.rejections),
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
            status: file.status.as_str(),
            created_at: instant_with_zone(file.created_at),
            updated_at: instant_with_zone(file.updated_at),
            _id: file.public_id.to_string(),
            added_coupons: file.added,
            callback_url: None,
            details: None,
            name: file.name,
            file_url: file.file_url,
            created_by: file.created_by,
        }
    }
}
