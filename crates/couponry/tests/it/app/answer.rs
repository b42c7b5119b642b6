//! What came back, and what must be true of every answer.

use reqwest::header::{self, HeaderMap};
use serde_json::Value;

use super::shape;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// An answer with this status and a JSON body.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/json"), "{kind:?}");
        serde_json::from_str(&self.text).unwrap()
    }

    /// An answer with this status and this error, in the documented envelope; its message.
    #[track_caller]
    pub(crate) fn expect_error(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "expected {status} {code}: {}", self.text);
        let (found, message) = self.error();
        assert_eq!(found, code, "{}", self.text);
        message
    }

    /// The code and the message of any error. Nothing of the inside may show.
    #[track_caller]
    pub(crate) fn error(&self) -> (String, String) {
        let body = self.expect(self.status);
        assert!(self.status >= 400, "no error: {} {}", self.status, self.text);
        assert_eq!(shape(&self.text), "{error{code,message}}", "{}", self.text);
        let text = |key: &str| body["error"][key].as_str().unwrap().to_owned();
        let (code, message) = (text("code"), text("message"));
        assert!(!message.is_empty(), "{}", self.text);
        for inside in ["sqlx", "relation", "panicked", "serde", "crates/", ".rs:", "::"] {
            assert!(!self.text.contains(inside), "{}", self.text);
        }
        (code, message)
    }

    /// 204 with nothing in it.
    #[track_caller]
    pub(crate) fn expect_nothing(&self) {
        assert_eq!(self.status, 204, "{}", self.text);
        assert_eq!(self.text, "");
        assert_eq!(self.header("content-type"), None);
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The methods that a 405 offers.
    #[track_caller]
    pub(crate) fn allowed(&self) -> Vec<String> {
        let allow = self.header(header::ALLOW.as_str()).unwrap_or_default();
        let mut methods: Vec<String> = allow.split(',').map(|method| method.trim().to_owned()).collect();
        methods.sort();
        methods
    }
}
