//! The lists that a process is asked for the most: for metrics, whose labels must be few.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::ListRef;

/// Lists that are counted at once; of more, those that were asked for the least are forgotten.
const COUNTED: usize = 10_000;

/// A list that is asked for often.
#[derive(Debug, Clone)]
pub struct BusyList {
    pub list: Arc<ListRef>,
    /// Codes that this process handed out of it, since it is counted.
    pub handed_out: u64,
}

/// Counts of lists, for one process.
#[derive(Debug, Default)]
pub(super) struct Busiest(Mutex<HashMap<i64, Count>>);

#[derive(Debug)]
struct Count {
    busy: BusyList,
    /// Recipients asked for since the last look.
    asked: u64,
    /// The same of the looks before, each weighing half of the one after it.
    before: u64,
}

impl Count {
    fn weight(&self) -> u64 {
        self.asked + self.before
    }
}

impl Busiest {
    pub(super) fn note(&self, list: &Arc<ListRef>, asked: usize, handed_out: usize) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTED && !counts.contains_key(&list.list_id) {
            forget_the_least(&mut counts);
        }
        let count = counts.entry(list.list_id).or_insert_with(|| Count {
            busy: BusyList {
                list: Arc::clone(list),
                handed_out: 0,
            },
            asked: 0,
            before: 0,
        });
        count.asked += asked as u64;
        count.busy.handed_out += handed_out as u64;
    }

    /// The busiest lists since the last look or shortly before. A list that nobody asks for any more fades.
    pub(super) fn look(&self, most: usize) -> Vec<BusyList> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for count in counts.values_mut() {
            count.before = count.before / 2 + std::mem::take(&mut count.asked);
        }
        let mut lists: Vec<&Count> = counts.values().collect();
        lists.sort_unstable_by_key(|count| (Reverse(count.weight()), count.busy.list.list_id));
        lists
            .into_iter()
            .take(most)
            .map(|count| count.busy.clone())
            .collect()
    }
}

fn forget_the_least(counts: &mut HashMap<i64, Count>) {
    let mut weights: Vec<u64> = counts.values().map(Count::weight).collect();
    let middle = weights.len() / 2;
    let (_, median, _) = weights.select_nth_unstable(middle);
    let median = *median;
    counts.retain(|_, count| count.weight() > median);
}

#[cfg(test)]
mod tests {
    use domain::PublicId;

    use super::*;

    fn list(list_id: i64) -> Arc<ListRef> {
        Arc::new(ListRef {
            workspace_id: 1,
            list_id,
            public_id: PublicId::from_bytes([0; 12]),
            key: crate::lists::fingerprint_key(&[0; 16]).unwrap(),
        })
    }

    #[test]
    fn the_lists_asked_for_the_most_come_first_and_fade_when_nobody_asks() {
        let busiest = Busiest::default();
        for (list_id, asked) in (1..=5).zip(1..=5) {
            busiest.note(&list(list_id), asked, asked - 1);
        }
        let ids = |most| -> Vec<(i64, u64)> {
            let lists = busiest.look(most).into_iter();
            lists.map(|busy| (busy.list.list_id, busy.handed_out)).collect()
        };
        assert_eq!(ids(2), [(5, 4), (4, 3)]);
        for _ in 0..3 {
            busiest.note(&list(1), 10, 10);
            busiest.look(1);
        }
        assert_eq!(ids(1), [(1, 30)]);
    }

    #[test]
    fn lists_beyond_the_counted_ones_push_out_those_asked_for_the_least() {
        let busiest = Busiest::default();
        busiest.note(&list(-1), 100, 100);
        for n in 0..i64::try_from(COUNTED).unwrap() * 2 {
            busiest.note(&list(n), 1, 1);
        }
        assert!(busiest.0.lock().unwrap().len() <= COUNTED);
        assert_eq!(busiest.look(1).first().unwrap().list.list_id, -1);
    }
}
