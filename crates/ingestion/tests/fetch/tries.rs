//! What is tried again, and where redirects end.

use std::sync::atomic::Ordering;

use domain::FileUrl;

use crate::{
    LoadFailure, fetch,
    host::{self, Answer, Host},
};

#[tokio::test]
async fn a_busy_host_is_asked_three_times() {
    for status in [429, 502, 503, 504] {
        let busy = [Answer::status(status), Answer::status(status), Answer::file("A")];
        let host = Host::start(busy).await;
        assert_eq!(fetch(&host.url()).await.unwrap(), b"A");

        let host = Host::start([Answer::status(status)]).await;
        assert_eq!(fetch(&host.url()).await, Err(LoadFailure::HostStatus(status)));
        assert_eq!(host.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_host_that_breaks_the_connection_unasked_is_asked_three_times() {
    let host = Host::start([Answer::ThenReset(String::new())]).await;
    assert_eq!(fetch(&host.url()).await, Err(LoadFailure::Unreachable));
    assert_eq!(host.requests().len(), 3);
}

#[tokio::test]
async fn a_final_answer_is_taken_at_its_word() {
    for answer in [
        Answer::status(404),
        Answer::status(500),
        Answer::text("garbage\r\n\r\n"),
    ] {
        let host = Host::start([answer, Answer::file("A")]).await;
        fetch(&host.url()).await.unwrap_err();
        assert_eq!(host.requests().len(), 1);
    }
}

#[tokio::test]
async fn nobody_listening_and_nobody_of_that_name_are_told_apart() {
    let closed = Host::start([Answer::file("A")]).await.url();
    assert_eq!(fetch(&closed).await, Err(LoadFailure::Unreachable));
    let unknown = FileUrl::new("http://nobody.invalid/codes.csv").unwrap();
    assert_eq!(fetch(&unknown).await, Err(LoadFailure::HostNotFound));
}

#[tokio::test]
async fn a_host_without_tls_fails_an_https_url_at_once() {
    let host = Host::start([Answer::file("A")]).await;
    let url = FileUrl::new(&host.at("/").replace("http:", "https:")).unwrap();
    assert_eq!(fetch(&url).await, Err(LoadFailure::NoTls));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_issuer_is_named_and_the_host_asked_once() {
    let (host, visits) = host::start_with_tls().await;
    let failure = LoadFailure::Certificate(
        "its issuer is not known (it is self-signed, or the host does not send all of its chain)",
    );
    assert_eq!(fetch(&host).await, Err(failure));
    assert_eq!(visits.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn three_redirects_are_followed_and_a_fourth_is_not() {
    let hops = |count| std::iter::repeat_n(Answer::redirect("/next"), count);
    let host = Host::start(hops(3).chain([Answer::file("A")])).await;
    assert_eq!(fetch(&host.url()).await.unwrap(), b"A");

    let host = Host::start(hops(4).chain([Answer::file("A")])).await;
    assert_eq!(fetch(&host.url()).await, Err(LoadFailure::TooManyRedirects));
    assert_eq!(host.requests().len(), 4);
}
