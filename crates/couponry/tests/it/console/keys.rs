//! API keys, as an admin makes them on the page about access.

use super::Visitor;
use crate::app::{Answer, Credentials, TestApp, WORKSPACE, text};

async fn make(app: &TestApp, admin: &Visitor, fields: &[(&str, &str)]) -> Answer {
    app.fill(Some(admin), &format!("/w/{WORKSPACE}/access/keys"), fields)
        .await
}

/// The secret that the page shows.
fn secret(page: &Answer) -> &str {
    let (_, rest) = page.text.split_once(r#"<input id="secret" value=""#).unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn a_key_for_certain_lists_may_what_the_form_said() {
    let app = TestApp::start().await;
    let admin = app.visitor("admin", Some("admin")).await;
    let (mine, theirs) = (app.create_list().await, app.create_list().await);
    let list = app.list(&mine).await;
    let name = text(&list["name"]);
    let fields = [
        ("label", "Sender"),
        ("role", "allocate"),
        ("scope", "some"),
        ("lists", name),
    ];
    let made = make(&app, &admin, &fields).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert!(made.text.contains("(allocate, 1 list)"), "{}", made.text);
    let program = app.with_credentials(Credentials::new(WORKSPACE, secret(&made)));
    program.get(&format!("/coupon-list/{mine}")).await.expect(200);
    program
        .get(&format!("/coupon-list/{theirs}"))
        .await
        .expect_error(404, "coupon-list-not-found");
    program
        .put_nothing(&format!("/coupon-list/{mine}/archive"))
        .await
        .expect_error(403, "request-forbidden");

    let page = app.look(&admin, &format!("/w/{WORKSPACE}/access")).await.text;
    assert!(page.contains(&format!("/lists/{mine}")), "{page}");
    assert!(!page.contains(&format!("/lists/{theirs}")), "{page}");
    let activity = app.look(&admin, &format!("/w/{WORKSPACE}/activity")).await.text;
    assert!(activity.contains("Sender (allocate, 1 list)"), "{activity}");
}

#[tokio::test]
async fn a_form_that_cannot_be_meant_makes_no_key_and_keeps_what_was_written() {
    let app = TestApp::start().await;
    let admin = app.visitor("admin", Some("admin")).await;
    let keys = async || {
        let count = sqlx::query_scalar("select count(*) from api_key");
        let count: i64 = count.fetch_one(&mut app.database.connect().await).await.unwrap();
        count
    };
    let before = keys().await;
    for (role, scope, lists, said) in [
        ("", "all", "", "Choose what the key may do"),
        ("admin", "all", "", "Choose what the key may do"),
        ("read", "some", "", "Name the lists"),
        ("read", "all", "Sommer", "You named lists"),
        ("read", "some", "Sommer", "is no list of this workspace"),
    ] {
        let fields = [
            ("label", "Sender 7"),
            ("role", role),
            ("scope", scope),
            ("lists", lists),
        ];
        let page = make(&app, &admin, &fields).await;
        assert_eq!(page.status, 422, "{role} {scope} {lists}: {}", page.text);
        assert!(page.text.contains(said), "{said}: {}", page.text);
        assert!(page.text.contains(r#"value="Sender 7""#), "{}", page.text);
        assert!(
            page.text.contains(&format!(">{lists}</textarea>")),
            "{}",
            page.text
        );
    }
    assert_eq!(keys().await, before);
}
