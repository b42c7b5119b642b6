//! How lists stand, and which of them are wanted.

use domain::ListStatus;
use jiff::{SignedDuration, Timestamp};
use storage::CouponList;

/// What counts as soon.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A list with less than this part left is low.
const LOW_PART: i64 = 10;

/// Which lists are wanted; a count stands beside each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    All,
    Active,
    Low,
    Dry,
    Expiring,
    Ended,
}

impl Filter {
    pub(super) const ALL: [Self; 6] = [
        Self::All,
        Self::Active,
        Self::Low,
        Self::Dry,
        Self::Expiring,
        Self::Ended,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Active => "active",
            Self::Low => "low",
            Self::Dry => "dry",
            Self::Expiring => "expiring",
            Self::Ended => "ended",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Active => "Active",
            Self::Low => "Low",
            Self::Dry => "Dry",
            Self::Expiring => "Expire within 7 days",
            Self::Ended => "Archived or expired",
        }
    }

    pub(super) fn takes(self, list: &CouponList, now: Timestamp) -> bool {
        let active = list.status == ListStatus::Active;
        match self {
            Self::All => true,
            Self::Active => active,
            Self::Low => active && list.available > 0 && is_low(list),
            Self::Dry => active && list.available == 0,
            Self::Expiring => active && list.expires_at.duration_since(now) < SOON,
            Self::Ended => !active,
        }
    }
}

/// By the list's own threshold if it has one, else by a tenth of what it ever had.
fn is_low(list: &CouponList) -> bool {
    let shortage = &list.alerts.coupon_shortage_alert;
    match shortage.threshold_count.filter(|_| shortage.alert) {
        Some(threshold) => list.available < threshold,
        None => list.available.saturating_mul(LOW_PART) < list.total,
    }
}

/// The list's state in a word; what needs somebody comes before what does not.
pub(super) fn state(list: &CouponList) -> (&'static str, &'static str) {
    match list.status {
        ListStatus::Archived => ("archived", "ended"),
        ListStatus::Expired => ("expired", "ended"),
        ListStatus::Active if list.total == 0 => ("empty", "warn"),
        ListStatus::Active if list.available == 0 => ("dry", "bad"),
        ListStatus::Active if is_low(list) => ("low", "warn"),
        ListStatus::Active => ("active", "good"),
    }
}
