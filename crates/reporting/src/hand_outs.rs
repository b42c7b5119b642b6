//! Who got what, as CSV: the hand-outs that a filter takes, as they stand while they are read.

use bytes::Bytes;
use csv::{Terminator, WriterBuilder};
use domain::inert;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future::ready, stream};
use jiff::tz::TimeZone;
use storage::{Error, HandOutFilter, ListRef, Recorded, Storage};

use crate::usage::BYTE_ORDER_MARK;

const COLUMNS: [&str; 7] = [
    "Coupon Code",
    "User ID",
    "Campaign ID",
    "Request ID",
    "Status",
    "Handed Out At",
    "Held Until",
];

/// UTF-8 with its mark, CRLF, quoted where needed, times in this zone, no cell a formula; a piece for each page that is read.
/// What breaks off ends in an error, so that nobody takes a part for the whole.
pub fn hand_outs_csv(
    storage: &Storage,
    list: ListRef,
    filter: HandOutFilter,
    zone: TimeZone,
) -> impl Stream<Item = Result<Bytes, Error>> + use<> {
    let rows = storage
        .hand_outs(list, filter)
        .and_then(move |page| ready(lines(&page, &zone)));
    stream::once(ready(header())).chain(rows)
}

fn header() -> Result<Bytes, Error> {
    let mut text = BYTE_ORDER_MARK.to_vec();
    text.extend(written(|csv| csv.write_record(COLUMNS))?);
    Ok(text.into())
}

fn lines(page: &[Recorded], zone: &TimeZone) -> Result<Bytes, Error> {
    let instant = |at: jiff::Timestamp| {
        let at = at.to_zoned(zone.clone());
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    let text = written(|csv| {
        for one in page {
            let allocation = &one.allocation;
            let (at, until) = (
                instant(allocation.allocated_at),
                allocation.held_until.map(instant),
            );
            let cells = [
                allocation.code.as_str(),
                one.user_id.as_deref().unwrap_or_default(),
                one.campaign_id.as_deref().unwrap_or_default(),
                one.request_id.as_deref().unwrap_or_default(),
                allocation.status.as_str(),
                &at,
                until.as_deref().unwrap_or_default(),
            ];
            csv.write_record(cells.map(|cell| inert(cell).into_owned()))?;
        }
        Ok(())
    });
    text.map(Bytes::from)
}

fn written(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> Result<Vec<u8>, Error> {
    let mut csv = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    // Writing to a Vec cannot fail.
    let fault = || Error::Fault("hand-outs cannot be written as CSV".to_owned());
    write(&mut csv).map_err(|_| fault())?;
    csv.into_inner().map_err(|_| fault())
}
