//! What somebody asked of the database, told to whoever wants to know.

use std::{cell::Cell, time::Duration};

tokio::task_local! {
    static SPENT: Cell<Spent>;
}

/// Statements, and how long they took with the wait for their connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    pub statements: u32,
    pub time: Duration,
    /// The wait for calls that hand out codes, which are many requests' together and not among the statements.
    pub in_calls: Duration,
}

impl Spent {
    /// What is done within this future, by itself and not by tasks that it begins: those are to be charged to it.
    pub async fn by<F: Future>(work: F) -> (F::Output, Self) {
        let counted = async {
            let output = work.await;
            (output, SPENT.with(Cell::get))
        };
        SPENT.scope(Cell::default(), counted).await
    }

    /// Adds what a task has spent to what is spent by whoever waited for it.
    pub fn charge(self) {
        Self::add(|spent| {
            spent.statements += self.statements;
            spent.time += self.time;
            spent.in_calls += self.in_calls;
        });
    }

    pub(crate) fn statement(took: Duration) {
        Self::add(|spent| {
            spent.statements += 1;
            spent.time += took;
        });
    }

    pub(crate) fn call(took: Duration) {
        Self::add(|spent| spent.in_calls += took);
    }

    fn add(change: impl FnOnce(&mut Self)) {
        // Most work is nobody's request.
        _ = SPENT.try_with(|cell| {
            let mut spent = cell.get();
            change(&mut spent);
            cell.set(spent);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn statements_count_for_whoever_asked_and_for_nobody_else() {
        let second = Duration::from_secs(1);
        Spent::statement(second);
        let work = async {
            Spent::statement(second);
            Spent::by(async { Spent::call(second) }).await.1
        };
        let (inner, outer) = Spent::by(work).await;
        assert_eq!((inner.statements, inner.in_calls), (0, second));
        assert_eq!((outer.statements, outer.time), (1, second));
        assert_eq!(outer.in_calls, Duration::ZERO);
    }

    #[tokio::test]
    async fn what_a_task_spends_is_charged_to_whoever_waits_for_it() {
        let second = Duration::from_secs(1);
        let work = async {
            let task = tokio::spawn(Spent::by(async move { Spent::statement(second) }));
            task.await.unwrap().1.charge();
        };
        let ((), spent) = Spent::by(work).await;
        assert_eq!((spent.statements, spent.time), (1, second));
    }
}
