//! Every endpoint that needs credentials, with a good body where it takes one.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{a_list, texts};

/// Method, path below `/v1`, a good body, and the documented text of its 401 (where there is one).
pub(crate) type Endpoint = (Method, String, Option<Value>, Option<&'static str>);

/// A code that no list has.
pub(crate) const UNKNOWN_CODE: &str = "NO-SUCH-CODE";

/// The report, the allocation, the token and the code are ones that are not there. A file sent by hand has no JSON body,
/// so it has none here.
pub(crate) fn endpoints(list: &str, file: &str) -> Vec<Endpoint> {
    let (a, b) = (Some(texts::UNAUTHENTICATED_A), Some(texts::UNAUTHENTICATED_B));
    let lists = "/coupon-list".to_owned();
    let at = |rest: &str| format!("/coupon-list/{list}{rest}");
    let this_file = at(&format!("/files/{file}"));
    let this_report = format!("/usage-report/{}", texts::UNKNOWN_ID);
    let secret = "/webhook-secret".to_owned();
    let url = json!({"file_url": "http://files.example.com/codes.csv"});
    let date = json!({"expires_at": "2099-01-01"});
    let user = json!({"user_id": "u"});
    let users = json!({"recipients": [user]});
    let days =
        json!({"start_date": "2026-01-01", "end_date": "2026-01-02", "email_subscribers": ["a@example.com"]});
    let ids = json!({"allocation_ids": [texts::UNKNOWN_ID]});
    let plans = json!({"plans": [{"coupon_list_id": list, "planned": 1}]});
    let this_allocation = at(&format!("/allocations/{}", texts::UNKNOWN_ID));
    let this_code = at(&format!("/codes/{UNKNOWN_CODE}"));
    vec![
        (Method::POST, lists.clone(), Some(a_list()), a),
        (Method::GET, lists, None, b),
        (Method::GET, at(""), None, b),
        (Method::PATCH, at(""), Some(json!({"name": "Stolen"})), b),
        (Method::PUT, at("/activate"), Some(date), b),
        (Method::PUT, at("/archive"), None, a),
        (Method::POST, at("/files"), Some(url), a),
        (Method::POST, at("/files/upload"), None, None),
        (Method::GET, at("/files"), None, None),
        (Method::GET, this_file.clone(), None, a),
        (Method::GET, format!("{this_file}/progress"), None, None),
        (Method::PUT, format!("{this_file}/quarantine"), None, None),
        (Method::PUT, format!("{this_file}/resume"), None, None),
        (Method::GET, format!("{this_file}/recipients"), None, None),
        (Method::GET, format!("{this_file}/rejections"), None, None),
        (Method::POST, format!("{this_file}/reissue"), None, None),
        (Method::DELETE, this_file, None, a),
        (Method::POST, at("/usage-report"), Some(days), a),
        (Method::GET, at("/usage-report"), None, None),
        (Method::GET, this_report.clone(), None, None),
        (Method::DELETE, this_report.clone(), None, None),
        (Method::GET, format!("{this_report}/download"), None, None),
        (Method::GET, secret.clone(), None, None),
        (Method::POST, secret, None, None),
        (Method::POST, "/link-key".to_owned(), None, None),
        (Method::POST, at("/allocations"), Some(user), None),
        (Method::POST, at("/allocations/batch"), Some(users), None),
        (Method::GET, at("/allocations"), None, None),
        (Method::POST, at("/allocations/confirm"), Some(ids.clone()), None),
        (Method::POST, at("/allocations/release"), Some(ids), None),
        (Method::POST, format!("{this_allocation}/confirm"), None, None),
        (Method::POST, format!("{this_allocation}/release"), None, None),
        (Method::GET, at("/allocations/export"), None, None),
        (
            Method::POST,
            at("/bulk-actions"),
            Some(json!({"action": "release", "user_id": "u"})),
            None,
        ),
        (Method::GET, at("/bulk-actions"), None, None),
        (
            Method::GET,
            at(&format!("/bulk-actions/{}", texts::UNKNOWN_ID)),
            None,
            None,
        ),
        (Method::GET, at("/hand-outs"), None, None),
        (Method::GET, at("/pull-tokens"), None, None),
        (Method::POST, at("/pull-tokens"), Some(json!({})), None),
        (
            Method::DELETE,
            at(&format!("/pull-tokens/{}", texts::UNKNOWN_ID)),
            None,
            None,
        ),
        (Method::GET, at("/codes/export"), None, None),
        (Method::GET, this_code.clone(), None, None),
        (Method::POST, format!("{this_code}/redeem"), Some(json!({})), None),
        (Method::POST, format!("{this_code}/disable"), None, None),
        (Method::GET, format!("/codes/{UNKNOWN_CODE}"), None, None),
        (Method::GET, at("/stock"), None, None),
        (Method::GET, at("/forecast"), None, None),
        (Method::POST, "/capacity-check".to_owned(), Some(plans), None),
        (Method::DELETE, "/users/nobody".to_owned(), None, None),
        (Method::GET, "/audit-log".to_owned(), None, None),
    ]
}
