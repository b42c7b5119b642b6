//! What one workspace's hosts and receivers cost another workspace when they stall: nothing.

use std::time::Instant;

use serde_json::json;

use crate::app::{Client, FileHost, Page, TestApp, codes, csv, text, until, wait_for};

const STALLING: usize = 20;
/// Far less than any time limit for a host, far more than a load.
const SOON: std::time::Duration = std::time::Duration::from_secs(10);

fn head() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec()
}

/// No head, half a head, a head alone, a part of the body, and a byte now and then.
fn stalling_page(number: usize) -> Page {
    match number % 5 {
        0 => Page::Stall(Vec::new()),
        1 => Page::Stall(head()[..20].to_vec()),
        2 => Page::Stall(head()),
        3 => Page::Stall([head(), b"Coupon Code\nA-1\n".to_vec()].concat()),
        _ => Page::Drip,
    }
}

async fn stalling_hosts() -> Vec<(FileHost, String)> {
    let mut hosts = Vec::new();
    for number in 0..STALLING {
        let host = FileHost::start().await;
        let url = host.answer("/stalls", stalling_page(number));
        hosts.push((host, url));
    }
    hosts
}

fn asked(hosts: &[(FileHost, String)]) -> usize {
    hosts
        .iter()
        .filter(|(host, _)| !host.visits("/stalls").is_empty())
        .count()
}

fn other_workspace(app: &TestApp) -> Client {
    app.create_workspace(&["--name", "Other"])
}

#[tokio::test]
async fn twenty_hosts_that_stall_do_not_keep_another_workspaces_file_waiting() {
    let app = TestApp::start().await;
    let other = other_workspace(&app);
    let hosts = stalling_hosts().await;
    let mut lists = Vec::new();
    for (_, url) in &hosts {
        let list = app.create_list().await;
        app.upload(&list, url).await;
        lists.push(list);
    }
    until("the stalling hosts to be asked", async || asked(&hosts) >= 2).await;

    let probe = FileHost::start().await;
    let url = probe.serve("/codes.csv", csv(&codes("A", 1000)));
    let list = other.create_list().await;
    let started = Instant::now();
    let file = other.load(&list, &url).await;
    let took = started.elapsed();
    eprintln!("the probe file took {:.3} s", took.as_secs_f64());
    assert_eq!(file["status"], "SUCCESS");
    assert!(took < SOON, "{took:?}");
    assert!(asked(&hosts) > STALLING / 2, "they are asked side by side");
    for list in lists {
        app.archive(&list).await;
    }
}

#[tokio::test]
async fn twenty_receivers_that_stall_do_not_keep_another_workspaces_callback_waiting() {
    let app = TestApp::start().await;
    let other = other_workspace(&app);
    let receivers = stalling_hosts().await;
    let host = FileHost::start().await;
    let list = app.create_list().await;
    let mut files = Vec::new();
    for (number, (_, url)) in receivers.iter().enumerate() {
        let file = host.serve(&format!("/{number}.csv"), csv(&codes(&format!("A{number}"), 3)));
        let body = json!({"file_url": file, "callback_url": url});
        files.push(app.upload_from(&list, &body).await);
    }
    for file in &files {
        app.finished(&list, file).await;
    }
    until("the stalling receivers to be called", async || {
        asked(&receivers) >= 4
    })
    .await;

    let url = host.serve("/probe.csv", csv(&codes("B", 3)));
    let callback_url = host.answer("/told", Page::status(204));
    let others = other.create_list().await;
    let started = Instant::now();
    let body = json!({"file_url": url, "callback_url": callback_url});
    let file = other.upload_from(&others, &body).await;
    let visit = wait_for("the callback", async || host.visits("/told").first().cloned()).await;
    let took = started.elapsed();
    eprintln!("the callback took {:.3} s", took.as_secs_f64());
    assert!(text(&json!(String::from_utf8_lossy(&visit.body))).contains(&file));
    assert!(took < SOON, "{took:?}");
    assert!(asked(&receivers) > STALLING / 2, "they are called side by side");
    for file in files {
        app.delete_file(&list, &file).await;
    }
}
