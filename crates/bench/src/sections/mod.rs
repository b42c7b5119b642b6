//! What is measured: a file each.

mod batch;
mod full;
mod ledger;
mod lists;
mod load;
mod reads;
mod report;
mod row_per_code;
mod single;
mod start;
mod used;

use futures_util::future::LocalBoxFuture;

use crate::stand::{
    Stand,
    size::SizeName::{self, Check, Full, Normal},
};

/// Its name, and the sizes of run that measure it unasked.
pub(crate) type Section = (&'static str, &'static [SizeName], Measure);
type Measure = for<'a> fn(&'a mut Stand) -> LocalBoxFuture<'a, anyhow::Result<()>>;

const SMALL: &[SizeName] = &[Check, Normal];

/// In the order in which they are measured. The full size measures what is used up and read on its own list.
pub(crate) const SECTIONS: [Section; 9] = [
    ("load", SMALL, |stand| Box::pin(load::measure(stand))),
    ("single", SMALL, |stand| Box::pin(single::measure(stand))),
    ("batch", SMALL, |stand| Box::pin(batch::measure(stand))),
    ("lists", SMALL, |stand| Box::pin(lists::measure(stand))),
    ("used", &[Normal], |stand| Box::pin(used::measure(stand))),
    ("report", SMALL, |stand| Box::pin(report::measure(stand))),
    ("reads", &[Normal], |stand| Box::pin(reads::measure(stand))),
    ("start", SMALL, |stand| Box::pin(start::measure(stand))),
    ("full", &[Full], |stand| Box::pin(full::measure(stand))),
];
