//! Whether the relay takes mails: logged when it changes, since every waiting mail finds the same.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use tracing::{info, warn};

use crate::MailError;

#[derive(Debug, Default)]
pub(crate) struct Availability(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    is_away: bool,
    last_answer: Option<Instant>,
}

impl Availability {
    /// What a conversation that began then has found: the relay dealt with the mail, or takes none.
    pub(crate) fn note(&self, began: Instant, trouble: Option<&MailError>) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            None => {
                found.last_answer = Some(Instant::now());
                if std::mem::take(&mut found.is_away) {
                    info!("the mail relay takes mails again");
                }
            }
            // Of two conversations at a time, the one that began later knows better.
            Some(_) if found.last_answer.is_some_and(|answer| answer > began) => {}
            Some(trouble) => {
                if !std::mem::replace(&mut found.is_away, true) {
                    warn!(%trouble, "mails wait for the relay");
                }
            }
        }
    }
}
