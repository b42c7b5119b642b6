//! A usage report, held against PostgreSQL's `COPY` of the same rows.

use anyhow::ensure;
use demo::client::number;
use tokio::{io::sink, time::Instant};

use crate::{
    figures::{count, float},
    stand::{POLL, Stand},
};

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let (list, _) = stand.loaded_list().await?;
    let rows = stand.size.lines;
    let spring = "?campaign_id=c-1&campaign_name=Spring";
    stand.stream(&list, spring, rows).await?;
    let before = stand.server.forget_peak()?;
    let id = stand.database.list_id(&list).await?;
    let copy = format!(
        "copy (select c.channel, c.id, c.name, l.campaign_sent_at, c.delivery_type, l.user_id, l.code, f.published_at \
         from ledger l join coupon_file f using (list_id, file_id) left join campaign c using (list_id, campaign_key) \
         where l.list_id = {id} order by l.list_id, l.file_id, l.ordinal, l.turn) to stdout"
    );
    for _ in 0..stand.size.rounds {
        let report = float(rows) / build(stand, &list).await?;
        stand.add("report.rate", report, &[count(rows)])?;
        let copy = float(rows) / stand.database.copy_out(&copy, sink()).await?;
        stand.add("report.copy", copy, &[])?;
    }
    let grown = stand.server.peak()? - before;
    stand.add("report.memory", grown, &[format!("{before:.0}")])
}

/// Seconds from the request until it can be downloaded.
async fn build(stand: &mut Stand, list: &str) -> anyhow::Result<f64> {
    let today: String = stand.database.get("select current_date::text").await?;
    let started = Instant::now();
    let path = stand.client.report(list, &today).await?;
    let report = stand.client.until_done(&path, POLL).await?;
    let rows = number(&report, "rows")?;
    ensure!(rows == stand.size.lines, "the report came to {report}");
    Ok(started.elapsed().as_secs_f64())
}
