//! A key of certain lists: what is found by looking over the whole workspace, and for how long it stays so.

use serde_json::{Value, json};

use super::{client, create, id, keys, printed_one, refused};
use crate::{
    app::{Client, MailHost, TestApp, WORKSPACE, send, text, texts, until},
    usage_report::report,
};

/// The ids of the lists that the key sees.
async fn lists(client: &Client, query: &str) -> Vec<String> {
    let lists = client.get(&format!("/coupon-list{query}")).await.expect(200);
    let lists = lists["data"].as_array().unwrap().iter();
    lists.map(|list| text(&list["_id"]).to_owned()).collect()
}

#[tokio::test]
async fn a_page_of_lists_and_a_search_for_a_code_show_the_keys_lists_only() {
    let app = TestApp::start().await;
    let mine = app.list_with(&["SHARED", "MINE"]).await;
    let theirs = app.list_with(&["SHARED", "THEIRS"]).await;
    let also_mine = app.list_with(&["ALSO"]).await;
    let both = [mine.as_str(), also_mine.as_str()];
    let client = client(
        &app,
        &create(&app, "two", &["--role", "read", "--list", both[0], both[1]]),
    );
    let newest_first = [also_mine.clone(), mine.clone()];
    for query in ["", "?status=ACTIVE", "?search=list", "?limit=2"] {
        assert_eq!(lists(&client, query).await, newest_first, "{query}");
    }
    assert_eq!(lists(&client, "?limit=1&offset=1").await, newest_first[1..]);

    let found = client.get("/codes/SHARED").await.expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["data"][0]["coupon_list_id"], json!(mine));
    client.get("/codes/THEIRS").await.expect_error(404, "not-found");
    assert_eq!(app.counts(&theirs).await, (2, 2));

    // A list that is made later, and one that has ended.
    app.create_list().await;
    app.archive(&mine).await;
    assert_eq!(lists(&client, "").await, newest_first);
}

#[tokio::test]
async fn a_report_of_another_list_is_not_there() {
    let mail = MailHost::start().await;
    let app = TestApp::start_with(|environment| mail.relay_for(environment)).await;
    let (mine, theirs) = (app.list_with(&["A"]).await, app.list_with(&["B"]).await);
    let client = client(&app, &create(&app, "one", &["--list", &mine]));
    let their_report = report(&app, &theirs).await;
    let my_report = report(&app, &mine).await;
    let path = |report: &Value| format!("/usage-report/{}", text(&report["_id"]));
    let of_theirs = path(&their_report);
    for path in [&of_theirs, &format!("{of_theirs}/download")] {
        client.get(path).await.expect_error(404, "not-found");
    }
    client.delete(&of_theirs).await.expect_error(404, "not-found");
    app.get(&of_theirs).await.expect(200);
    client.get(&path(&my_report)).await.expect(200);
    client.delete(&path(&my_report)).await.expect_nothing();
}

#[tokio::test]
async fn a_pull_token_of_such_a_key_gives_codes_of_its_list() {
    let app = TestApp::start().await;
    let mine = app.list_with(&["MINE"]).await;
    let client = client(&app, &create(&app, "one", &["--list", &mine]));
    let token = client
        .post(&format!("/coupon-list/{mine}/pull-tokens"), &json!({}))
        .await
        .expect(201);
    let path = format!("/v1/pull/{}?user_id=u", text(&token["token"]));
    let pulled = send(app.anonymous(reqwest::Method::GET, &path)).await.expect(200);
    assert_eq!(pulled["coupon_code"], json!("MINE"));
}

#[tokio::test]
async fn a_server_that_knows_a_key_goes_by_its_new_rights_soon() {
    let app = TestApp::start().await;
    let mine = app.create_list().await;
    let key = create(&app, "x", &[]);
    let client = client(&app, &key);
    client
        .get(&format!("/coupon-list/{mine}/pull-tokens"))
        .await
        .expect(200);
    let mut session = app.database.connect().await;
    sqlx::query("update api_key set role = 'read', lists = '{0}' where label = 'x'")
        .execute(&mut session)
        .await
        .unwrap();
    until("the role to be known", async || {
        client
            .get(&format!("/coupon-list/{mine}/pull-tokens"))
            .await
            .status
            == 403
    })
    .await;
    client
        .get(&format!("/coupon-list/{mine}"))
        .await
        .expect_error(404, "coupon-list-not-found");
}

#[tokio::test]
async fn a_list_says_what_keys_may_do_and_the_next_key_may_do_the_same() {
    let app = TestApp::start().await;
    let list = app.create_list().await;
    let made = create(&app, "Shop", &["--role", "allocate", "--list", &list]);
    let next = printed_one(
        &app,
        &["rotate", "--workspace-id", WORKSPACE, "--key-id", &id(&made)],
    );
    let rights = |key: &Value| json!([key["role"], key["lists"]]);
    assert_eq!(rights(&made), json!(["allocate", [list]]));
    let listed: Vec<Value> = keys(&app).iter().map(rights).collect();
    let expected = [
        json!(["allocate", [list]]),
        json!(["allocate", [list]]),
        json!(["manage", null]),
    ];
    assert_eq!(listed, expected);
    let client = client(&app, &next);
    assert_eq!(lists(&client, "").await, std::slice::from_ref(&list));
    client
        .put_nothing(&format!("/coupon-list/{list}/archive"))
        .await
        .expect_error(403, "request-forbidden");
}

#[tokio::test]
async fn rights_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    let other = app.create_workspace(&["--name", "Other"]);
    let theirs = other.create_list().await;
    let mine = app.create_list().await;
    let create = |more: &[&str]| {
        let arguments = ["create", "--workspace-id", WORKSPACE, "--label", "x"];
        refused(&app, &[&arguments, more].concat())
    };
    for (more, status, names) in [
        (&["--role", "admin"][..], 2, "--role"),
        (&["--list", "spring"], 2, "--list"),
        (&["--list"], 2, "--list"),
        (&["--list", texts::UNKNOWN_ID], 1, "--list"),
        (&["--list", &mine, "--list", &theirs], 1, "--list"),
    ] {
        let (found, said) = create(more);
        assert_eq!(found, status, "{more:?}: {said}");
        assert!(said.contains(names), "{said}");
    }
    assert_eq!(keys(&app).len(), 1);
}
