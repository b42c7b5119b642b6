//! Fifty lists at once, and one, in turn.

use crate::stand::{
    Stand,
    wrk::{self, Kind},
};

const LISTS: usize = 50;
/// Of each of the fifty; all of them together have more than one.
const CODES: u64 = 200_000;
const FILE: &str = "fifty.csv";

pub(super) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let one = [stand.loaded_list().await?.0];
    stand.write_file(FILE, 0, CODES).await?;
    let mut many = Vec::new();
    for _ in 0..LISTS {
        let list = stand.new_list().await?;
        stand.load(&list, FILE, CODES).await?;
        many.push(list);
    }
    let (mut of_one, mut of_many) = (Vec::new(), Vec::new());
    let (address, seconds) = (stand.server.address, stand.size.seconds);
    for _ in 0..stand.size.rounds {
        for (lists, rates) in [(&one[..], &mut of_one), (&many, &mut of_many)] {
            let load = wrk::run(Kind::Single, address, lists, 256, seconds).await?;
            rates.push(load.rate);
        }
    }
    stand.add("fifty.one", &of_one, &[])?;
    stand.add("fifty.many", &of_many, &[])
}
