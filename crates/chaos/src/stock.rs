//! Where a list's codes are, by the server's own word, and somebody who asks for it all the while.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;
use tokio::{task::JoinHandle, time::sleep};

use crate::storm::{Asked, ask};

/// Where a list's codes are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stock {
    pub(crate) total: u64,
    pub(crate) available: u64,
    pub(crate) allocated: u64,
    sum: u64,
}

impl Stock {
    pub(crate) fn read(stock: &Value) -> Option<Self> {
        let of = |key| stock.get(key).and_then(Value::as_u64);
        let parts = ["available", "held", "allocated", "disabled", "quarantined"].map(of);
        Some(Self {
            total: of("total")?,
            available: of("available")?,
            allocated: of("allocated")?,
            sum: parts.into_iter().sum::<Option<u64>>()?,
        })
    }
}

/// Looks at a list's stock again and again while something breaks.
#[derive(Debug)]
pub(crate) struct Auditor {
    task: JoinHandle<()>,
    found: Arc<Mutex<(u64, Vec<String>)>>,
}

impl Auditor {
    pub(crate) fn begin(asked: &Asked, total: u64) -> Self {
        let (asked, found) = (asked.clone(), Arc::<Mutex<(u64, Vec<String>)>>::default());
        let noted = found.clone();
        let task = tokio::spawn(async move {
            let path = format!("{}/stock", asked.list);
            loop {
                for client in asked.servers.iter() {
                    let Some(answer) = ask(client, Method::GET, &path, None).await else {
                        continue;
                    };
                    if let Some(stock) = Stock::read(&answer.body) {
                        let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                        noted.0 += 1;
                        if stock.sum != stock.total || stock.total != total {
                            noted.1.push(format!("a stock does not add up: {}", answer.body));
                        }
                    }
                }
                sleep(Duration::from_millis(300)).await;
            }
        });
        Self { task, found }
    }

    /// How many stocks it saw, and what was wrong with them.
    pub(crate) fn end(self) -> (u64, Vec<String>) {
        self.task.abort();
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        (found.0, found.1.clone())
    }
}
