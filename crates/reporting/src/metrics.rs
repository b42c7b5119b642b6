//! What mails count: docs/METRICS.md.

use std::sync::LazyLock;

use opentelemetry::{KeyValue, global, metrics::Counter};

use crate::mailer::MailError;

static MAILS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("couponry")
        .u64_counter("couponry.mails")
        .with_unit("{mail}")
        .with_description("Mails")
        .build()
});

pub(crate) fn count_mail<T>(sent: &Result<T, MailError>) {
    let outcome = match sent {
        Ok(_) => "sent",
        Err(MailError::Never(_)) => "given_up",
        Err(MailError::Later(_) | MailError::Storage(_)) => "failed",
    };
    MAILS.add(1, &[KeyValue::new("outcome", outcome)]);
}
