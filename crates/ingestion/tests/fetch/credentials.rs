//! Credentials stay with the origin they were given for.

use domain::BasicAuth;
use secrecy::SecretString;

use crate::{
    fetch_by,
    host::{Answer, Host},
    limits, outbound,
};

/// `jane:s3cret`
const SENT: &str = "\r\nauthorization: basic amfuztpzm2nyzxq=\r\n";

async fn fetch_as_jane(host: &Host) {
    let jane = BasicAuth {
        username: "jane".to_owned(),
        password: SecretString::from("s3cret"),
    };
    let outbound = outbound("127.0.0.0/8, ::1", limits());
    let file = fetch_by(&outbound, &host.url(), Some(&jane)).await;
    assert_eq!(file.unwrap(), b"A");
}

fn carry_them(host: &Host) -> Vec<bool> {
    let heads = host.requests().into_iter();
    heads
        .map(|head| {
            assert_eq!(head.contains(SENT), head.contains("authorization"), "{head}");
            head.contains(SENT)
        })
        .collect()
}

#[tokio::test]
async fn they_go_along_within_their_origin() {
    let host = Host::start([Answer::redirect("/elsewhere"), Answer::file("A")]).await;
    fetch_as_jane(&host).await;
    assert_eq!(carry_them(&host), [true, true]);
}

#[tokio::test]
async fn a_second_origin_does_not_see_them() {
    let second = Host::start([Answer::file("A")]).await;
    let first = Host::start([Answer::redirect(&second.at("/"))]).await;
    fetch_as_jane(&first).await;
    assert_eq!(
        (carry_them(&first), carry_them(&second)),
        (vec![true], vec![false])
    );
}

#[tokio::test]
async fn they_do_not_come_back_by_way_of_a_second_origin() {
    let there_and_back = |base: &str| {
        let other_name = base.replace("127.0.0.1", "localhost");
        vec![
            Answer::redirect(&other_name),
            Answer::redirect(base),
            Answer::file("A"),
        ]
    };
    let host = Host::start_at("127.0.0.1", there_and_back).await;
    fetch_as_jane(&host).await;
    assert_eq!(carry_them(&host), [true, false, false]);
}
