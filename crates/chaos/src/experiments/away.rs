//! The database is away, in every way that a network and an operator know, or somebody else keeps it from answering.

use std::time::Duration;

use chaos::{
    gate::Way,
    postgres::{Postgres, Session},
};

use super::{Run, Verdict, routes};
use crate::stand::Stand;

/// What keeps the database from answering.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Network(Way),
    ReadOnly,
    /// A stranger takes all connections that the servers have not open.
    NoConnectionLeft,
    /// And those that they had.
    NoConnection,
    /// A stranger locks these tables for themselves alone.
    Locked(&'static str),
}

const LATE: Duration = Duration::from_millis(200);
const TROUBLES: [(&str, Trouble); 12] = [
    ("refused", Trouble::Network(Way::Refuse)),
    ("reset", Trouble::Network(Way::Reset)),
    ("silent", Trouble::Network(Way::Silence)),
    ("8 s late", Trouble::Network(Way::Delay(Duration::from_secs(8)))),
    ("200 ms late", Trouble::Network(Way::Delay(LATE))),
    ("cut before each answer", Trouble::Network(Way::CutAnswers)),
    ("read-only", Trouble::ReadOnly),
    ("no connection left", Trouble::NoConnectionLeft),
    ("no connection", Trouble::NoConnection),
    ("lists locked", Trouble::Locked("coupon_list")),
    (
        "codes and jobs locked",
        Trouble::Locked("ledger, block, event, job"),
    ),
    (
        "workspaces, keys and gates locked",
        Trouble::Locked("workspace, api_key, gate, audit_entry"),
    ),
];

pub(super) async fn make(run: &Run) -> anyhow::Result<Vec<Verdict>> {
    let mut stand = run.stand().await?;
    let list = stand.list_of(10_000).await?;
    let mut found = routes::Found::default();
    for (what, trouble) in TROUBLES {
        if run.is_over() {
            break;
        }
        let requests = routes::of_a_new_list(&mut stand).await?;
        let strangers = trouble.begin(&stand)?;
        found
            .ask_all_within(&stand, &requests, what, trouble.limit())
            .await;
        drop(strangers);
        trouble.end(&stand)?;
        found.recover(&stand, &list, what).await;
    }
    Ok(vec![found.verdict("G35", &[])])
}

impl Trouble {
    /// A database that is slow, and answers each statement in time, is not away.
    fn limit(self) -> Duration {
        match self {
            Self::Network(Way::Delay(LATE)) => 2 * routes::ANSWERED_WITHIN,
            _ => routes::ANSWERED_WITHIN,
        }
    }

    /// It lasts as long as these sessions, and until [`Self::end`].
    fn begin(self, stand: &Stand) -> anyhow::Result<Vec<Session>> {
        match self {
            Self::Network(way) => stand.gate.set(way),
            Self::ReadOnly => set_read_only(&stand.primary, "on")?,
            Self::NoConnectionLeft => return stand.primary.use_up_connections(),
            Self::NoConnection => {
                stand.gate.set(Way::Reset);
                let taken = stand.primary.use_up_connections()?;
                stand.gate.set(Way::Open);
                return Ok(taken);
            }
            Self::Locked(tables) => {
                let lock = format!("begin; lock table {tables} in access exclusive mode;");
                return Ok(vec![stand.primary.session(&lock)?]);
            }
        }
        Ok(Vec::new())
    }

    fn end(self, stand: &Stand) -> anyhow::Result<()> {
        match self {
            Self::Network(_) => stand.gate.set(Way::Open),
            Self::ReadOnly => set_read_only(&stand.primary, "default")?,
            Self::NoConnectionLeft | Self::NoConnection | Self::Locked(_) => {}
        }
        Ok(())
    }
}

fn set_read_only(postgres: &Postgres, whether: &str) -> anyhow::Result<()> {
    postgres.sql(&format!(
        "alter system set default_transaction_read_only = {whether}"
    ))?;
    postgres.sql("select pg_reload_conf()")?;
    Ok(())
}
