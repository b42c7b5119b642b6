//! No request reaches an address that is not allowed, whichever way it is named.

use domain::FileUrl;

use crate::{
    LoadFailure, fetch_by,
    host::{Answer, Host},
    limits, outbound,
};

async fn refusal(allow: &str, url: &str) -> Option<LoadFailure> {
    let url = FileUrl::new(url).unwrap();
    fetch_by(&outbound(allow, limits()), &url, None).await.err()
}

#[tokio::test]
async fn literal_addresses_are_refused_unless_allowed() {
    let canary = Host::start([Answer::file("A")]).await;
    for allow in ["", "127.0.0.2, 10.0.0.0/8"] {
        assert_eq!(
            refusal(allow, canary.url().as_url().as_str()).await,
            Some(LoadFailure::AddressNotAllowed)
        );
    }
    assert!(canary.requests().is_empty());
}

#[tokio::test]
async fn a_name_is_judged_by_what_it_resolves_to() {
    let canary = Host::start([Answer::file("A")]).await;
    let by_name = canary.at("/").replace("127.0.0.1", "localhost");
    for allow in ["", "10.0.0.0/8"] {
        assert_eq!(
            refusal(allow, &by_name).await,
            Some(LoadFailure::AddressNotAllowed),
            "{allow}"
        );
    }
    assert!(canary.requests().is_empty());
    assert_eq!(refusal("127.0.0.0/8, ::1", &by_name).await, None);
}

#[tokio::test]
async fn a_redirect_is_judged_like_the_first_url() {
    let canary = Host::start_at("127.0.0.2", |_| vec![Answer::file("A")]).await;
    let private = [
        canary.at("/"),
        canary.at("/").replace("127.0.0.2", "0x7f.2"),
        canary.at("/").replace("127.0.0.2", "[::ffff:127.0.0.2]"),
        canary.at("/").replace("http:", ""),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ];
    let no_file = [
        "file:///etc/passwd",
        "ftp://files.example.com/codes.csv",
        "http://jane:s3cret@127.0.0.1/",
        "http://127.0.0.1:6379/",
        "http://[",
    ];
    let private = private
        .iter()
        .map(|target| (target.as_str(), LoadFailure::AddressNotAllowed));
    let no_file = no_file
        .into_iter()
        .map(|target| (target, LoadFailure::BadRedirect));
    for (target, failure) in private.chain(no_file) {
        let host = Host::start([Answer::redirect(target)]).await;
        let refusal = refusal("127.0.0.1", host.url().as_url().as_str()).await;
        assert_eq!(refusal, Some(failure), "{target}");
    }
    assert!(canary.requests().is_empty());
}
