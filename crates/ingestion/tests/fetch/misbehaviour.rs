//! Answers that are no file, or not a whole one.

use std::time::Duration;

use ingestion::outbound::Limits;

use crate::{
    LoadFailure, fetch_by,
    host::{Answer, DRIP, Host},
    limits, outbound, outcome,
};

async fn outcome_within(limits: Limits, answer: Answer) -> Result<Vec<u8>, LoadFailure> {
    let host = Host::start([answer]).await;
    fetch_by(&outbound("127.0.0.0/8", limits), &host.url(), None).await
}

#[tokio::test]
async fn only_200_is_a_file() {
    for status in [204, 205, 206, 300, 304, 400, 401, 403, 404, 410, 500, 501] {
        assert_eq!(
            outcome(Answer::status(status)).await,
            Err(LoadFailure::HostStatus(status))
        );
    }
    // A redirect to nowhere.
    assert_eq!(
        outcome(Answer::status(302)).await,
        Err(LoadFailure::HostStatus(302))
    );
}

#[tokio::test]
async fn a_transfer_that_ends_early_is_cut_off() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const LONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nCoupon Code\nA\n";
    for answer in [
        Answer::text(LONG),
        Answer::ThenReset(LONG.to_owned()),
        Answer::text(format!("{CHUNKED}2\r\nA\n\r\n")),
        Answer::text(format!("{CHUNKED}2\r\nA\n\r\nzz\r\n")),
        Answer::text(format!("{CHUNKED}ffffffffffffffffff\r\nA\n\r\n")),
    ] {
        assert_eq!(
            outcome(answer.clone()).await,
            Err(LoadFailure::CutOff),
            "{answer:?}"
        );
    }
    let whole = outcome(Answer::text(format!("{CHUNKED}2\r\nA\n\r\n0\r\n\r\n"))).await;
    assert_eq!(whole.unwrap(), b"A\n");
}

#[tokio::test]
async fn what_is_not_http_is_no_usable_answer() {
    for text in [
        "Coupon Code\nA\nB\n",
        "220 mail.example.com ESMTP\r\n",
        "HTTP/9.9 200 OK\r\n\r\nA",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nAB",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nAB",
        "HTTP/1.1 200 OK\r\nbad header\0\r\n\r\nAB",
        "",
    ] {
        assert_eq!(
            outcome(Answer::text(text)).await,
            Err(LoadFailure::BadAnswer),
            "{text:?}"
        );
    }
    let endless_head = Answer::ThenEndless("HTTP/1.1 200 OK\r\nX: ".to_owned());
    assert_eq!(outcome(endless_head).await, Err(LoadFailure::BadAnswer));
}

#[tokio::test]
async fn a_host_that_falls_silent_is_too_slow() {
    let impatient = Limits {
        connect: Duration::from_millis(100),
        idle: Duration::from_millis(100),
        ..limits()
    };
    for text in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nA",
    ] {
        let outcome = outcome_within(impatient.clone(), Answer::ThenStall(text.to_owned())).await;
        assert_eq!(outcome, Err(LoadFailure::TooSlow), "{text:?}");
    }
}

#[tokio::test]
async fn a_host_that_drips_is_too_slow_after_a_minute() {
    let drips = |bytes| Answer::ThenDrip("HTTP/1.1 200 OK\r\n\r\n".to_owned(), bytes);
    let wants = |bytes_a_minute| Limits {
        minute: 20 * DRIP,
        bytes_a_minute,
        ..limits()
    };
    // A thousand bytes would take ten seconds.
    assert_eq!(
        outcome_within(wants(100), drips(1000)).await,
        Err(LoadFailure::TooSlow)
    );
    // Some minutes, in each of which enough comes.
    let whole = outcome_within(wants(1), drips(70)).await;
    assert_eq!(whole, Ok(vec![b'x'; 70]));
}

#[tokio::test]
async fn a_host_that_never_ends_is_stopped_by_time_or_by_size() {
    let endless = || Answer::ThenEndless("HTTP/1.1 200 OK\r\n\r\n".to_owned());
    let short_of_time = Limits {
        total: Duration::from_millis(100),
        bytes: u64::MAX,
        ..limits()
    };
    assert_eq!(
        outcome_within(short_of_time, endless()).await,
        Err(LoadFailure::TooSlow)
    );
    let short_of_space = Limits {
        bytes: 1 << 20,
        ..limits()
    };
    assert_eq!(
        outcome_within(short_of_space, endless()).await,
        Err(LoadFailure::TooLarge(1 << 20))
    );
}

#[tokio::test]
async fn the_size_limit_is_inclusive_and_an_announced_excess_is_not_waited_for() {
    let ten = Limits {
        bytes: 10,
        ..limits()
    };
    assert!(
        outcome_within(ten.clone(), Answer::file("0123456789"))
            .await
            .is_ok()
    );
    let stalls = Answer::ThenStall("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n".to_owned());
    assert_eq!(outcome_within(ten, stalls).await, Err(LoadFailure::TooLarge(10)));
}

#[tokio::test]
async fn compressed_files_are_refused_by_a_name_of_ours() {
    for (sent, named) in [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br", "br"),
        ("<b>their text</b>", "Content-Encoding"),
        ("gzip, br", "Content-Encoding"),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {sent}\r\nContent-Length: 1\r\n\r\nA");
        assert_eq!(
            outcome(Answer::text(answer)).await,
            Err(LoadFailure::Compressed(named))
        );
    }
    let plain = "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nA";
    assert!(outcome(Answer::text(plain)).await.is_ok());
}
