//! Several lists at once, and several servers on one database that serve the same lists; in turn.

use futures_util::future::try_join_all;

use crate::stand::{Kind, Stand, server::Server, wrk};

/// How many lists, and the most servers that serve them.
const SHAPES: [(usize, usize); 4] = [(1, 3), (16, 3), (50, 1), (200, 3)];
/// Of each list but the one that is alone.
const CODES: u64 = 100_000;
const FILE: &str = "lists.csv";
/// Of all servers together.
const CONNECTIONS: u64 = 256;

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let one = [stand.loaded_list().await?.0];
    stand.write_file(FILE, 0, CODES).await?;
    let mut many = Vec::new();
    for _ in 0..200 {
        let list = stand.new_list().await?;
        stand.load(&list, FILE, CODES).await?;
        many.push(list);
    }
    let mut others = Vec::new();
    for name in ["second", "third"] {
        let (data, database) = (stand.path(name), &stand.database.url);
        others.push(Server::start(&stand.program, &data, Some(database)).await?);
    }
    let mut addresses = vec![stand.server.address];
    addresses.extend(others.iter().map(|server| server.address));
    for (lists, most_servers) in SHAPES {
        let (some, _) = many.split_at(lists);
        let paths = if lists == 1 { &one[..] } else { some };
        for _ in 0..stand.size.rounds {
            for servers in 1..=most_servers {
                let connections = CONNECTIONS / servers as u64;
                let of = |address| wrk::run(Kind::Single, address, paths, connections, stand.size.seconds);
                let loads = try_join_all(addresses.iter().copied().take(servers).map(of)).await?;
                let rate = loads.iter().map(|load| load.rate).sum();
                stand.add(&format!("lists.{lists}.{servers}"), rate, &[])?;
            }
        }
    }
    Ok(())
}
