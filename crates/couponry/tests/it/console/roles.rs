//! Every route of the console's own table, asked by every role, in the own and in another workspace.

use console::{Needs, ROUTES, Route};
use reqwest::{Method, header};

use super::Visitor;
use crate::app::{Answer, TestApp, WORKSPACE, codes, send};

const ROLES: [(&str, Needs); 3] = [
    ("viewer", Needs::Viewer),
    ("manager", Needs::Manager),
    ("admin", Needs::Admin),
];

/// What stands for the parameters of a path: things that exist, where there may be such.
struct Things {
    list: String,
    file: String,
}

impl Things {
    async fn of(app: &TestApp) -> Self {
        let list = app.create_list().await;
        let file = app.load_codes(&list, &codes("A", 3)).await;
        Self { list, file }
    }

    fn path(&self, route: &Route, workspace: &str) -> String {
        let path = route.path.replace("{workspace}", workspace);
        let path = path.replace("{list}", &self.list).replace("{file}", &self.file);
        let path = path.replace("{code}", "A0").replace("{file:.*}", "app.css");
        // Whatever else there is names nothing.
        let parts = path.split('/').map(|part| {
            if part.starts_with('{') {
                "000000000000000000000000"
            } else {
                part
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

async fn ask(app: &TestApp, visitor: Option<&Visitor>, route: &Route, path: &str) -> Answer {
    let request = app.page(visitor, route.method.as_str().parse::<Method>().unwrap(), path);
    let request = request.header("sec-fetch-site", "same-origin");
    let is_upload = path.ends_with("/upload");
    let kind = if is_upload {
        "multipart/form-data; boundary=x"
    } else {
        "application/x-www-form-urlencoded"
    };
    let body = if is_upload && route.method.as_str() == "POST" {
        "--x--\r\n"
    } else {
        ""
    };
    send(request.header(header::CONTENT_TYPE, kind).body(body)).await
}

fn rank(needs: Needs) -> usize {
    [Needs::Viewer, Needs::Manager, Needs::Admin]
        .iter()
        .position(|other| *other == needs)
        .unwrap()
}

fn is_of_a_workspace(route: &Route) -> bool {
    matches!(route.needs, Needs::Viewer | Needs::Manager | Needs::Admin)
}

#[tokio::test]
async fn each_role_gets_what_the_table_says_and_another_workspace_is_not_there() {
    let app = TestApp::start().await;
    let other = app.create_workspace(&["--name", "Other"]).credentials.workspace;
    let things = Things::of(&app).await;
    let stranger = app.visitor("stranger", None).await;
    let mut tried = 0;
    for (name, has) in ROLES {
        for route in ROUTES.iter().filter(|route| is_of_a_workspace(route)) {
            // Each time anew: what one does may end the session, or what it is about.
            let visitor = app.visitor(&format!("{name}-{tried}"), Some(name)).await;
            let what = format!("{name} {} {}", route.method, route.path);
            let own = ask(&app, Some(&visitor), route, &things.path(route, WORKSPACE)).await;
            if rank(has) < rank(route.needs) {
                assert_eq!(own.status, 403, "{what}");
            } else {
                assert!(
                    ![403, 405].contains(&own.status) && own.status < 500,
                    "{what}: {}",
                    own.status
                );
                let to = own.header("location").unwrap_or_default();
                assert!(!to.starts_with("/console/sign-in"), "{what}: to {to}");
            }
            for visitor in [&visitor, &stranger] {
                let elsewhere = ask(&app, Some(visitor), route, &things.path(route, &other)).await;
                assert_eq!(elsewhere.status, 404, "{what}, elsewhere");
            }
            let nobody = ask(&app, None, route, &things.path(route, WORKSPACE)).await;
            assert_eq!(nobody.status, 303, "{what}, nobody");
            assert!(
                nobody.header("location").unwrap().starts_with("/console/sign-in"),
                "{what}, nobody"
            );
            tried += 1;
        }
    }
    assert!(tried >= 3 * 15, "{tried} routes were tried");
}

#[tokio::test]
async fn a_form_from_another_site_is_refused_whoever_is_signed_in() {
    let app = TestApp::start().await;
    let things = Things::of(&app).await;
    let admin = app.visitor("admin", Some("admin")).await;
    for route in ROUTES.iter().filter(|route| route.method.as_str() == "POST") {
        let path = things.path(route, WORKSPACE);
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ] {
            let request = app
                .page(Some(&admin), Method::POST, &path)
                .header(header.0, header.1);
            assert_eq!(send(request).await.status, 403, "{} {header:?}", route.path);
        }
    }
    app.allocate(&things.list, &serde_json::json!({"user_id": "u"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn where_nothing_may_be_changed_everything_can_be_looked_at() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_CONSOLE".to_owned(), "read-only".to_owned());
    })
    .await;
    let things = Things::of(&app).await;
    let admin = app.visitor("admin", Some("admin")).await;
    for route in ROUTES.iter().filter(|route| is_of_a_workspace(route)) {
        let answer = ask(&app, Some(&admin), route, &things.path(route, WORKSPACE)).await;
        let may = route.method.as_str() == "GET";
        assert_eq!(
            answer.status == 403,
            !may,
            "{} {}: {}",
            route.method,
            route.path,
            answer.status
        );
    }
}

#[tokio::test]
async fn where_there_is_no_console_its_addresses_are_nothing() {
    let app = TestApp::start_with(|environment| {
        environment.insert("COUPONRY_CONSOLE".to_owned(), "off".to_owned());
    })
    .await;
    for path in ["/", "/console", "/console/sign-in"] {
        send(app.anonymous(Method::GET, path))
            .await
            .expect_error(404, "not-found");
    }
}

#[tokio::test]
async fn every_page_says_what_a_browser_may_do_with_it() {
    let app = TestApp::start().await;
    let admin = app.visitor("admin", Some("admin")).await;
    for path in ["/sign-in", &format!("/w/{WORKSPACE}/lists"), "/nowhere"] {
        let page = app.look(&admin, path).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path} {name}");
        }
        assert!(
            !page.text.contains(" style=") && !page.text.contains("<script>"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_api_takes_no_cookie_and_the_console_no_key() {
    let app = TestApp::start().await;
    let admin = app.visitor("admin", Some("admin")).await;
    let with_cookie = app
        .anonymous(Method::GET, "/v1/coupon-list")
        .header(header::COOKIE, &admin.cookie);
    assert_eq!(send(with_cookie).await.status, 401);
    let with_key = app.page(None, Method::GET, &format!("/w/{WORKSPACE}/lists"));
    let with_key = with_key.header(header::AUTHORIZATION, app.credentials.basic());
    assert_eq!(send(with_key).await.status, 303);
}
