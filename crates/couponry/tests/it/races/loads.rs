//! Files for one list that come at once.

use futures_util::future::join_all;

use crate::app::{Client, FileHost, TestApp, codes, csv, sorted};

#[tokio::test]
async fn files_that_overlap_come_at_once_and_each_code_is_added_once() {
    let app = TestApp::start().await;
    let other = app.another_server().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let all = codes("A", 25_000);
    // Five files of 10,000, each sharing two thirds with its neighbours.
    let urls: Vec<String> = (0..5)
        .map(|n| host.serve(&format!("/{n}.csv"), csv(&all[n * 3000..n * 3000 + 10_000])))
        .collect();
    let added: i64 = join_all(urls.iter().enumerate().map(async |(n, url)| {
        let server: &Client = if n % 2 == 0 { &app } else { &other };
        let file = server.load(&list, url).await;
        assert_eq!(file["status"], "SUCCESS", "{file}");
        file["added_coupons"].as_i64().unwrap()
    }))
    .await
    .into_iter()
    .sum();
    assert_eq!(added, 22_000);
    assert_eq!(app.counts(&list).await, (22_000, 22_000));
    let mut taken = Vec::new();
    for n in 0..3 {
        let number = if n < 2 { 10_000 } else { 2000 };
        taken.extend(app.take_many(&list, &format!("u-{n}"), number).await);
    }
    assert_eq!(sorted(taken), all[..22_000]);
}
