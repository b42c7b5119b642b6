//! What must hold for any input: `fuzz/` looks for one for which it does not, and a test tries some of its own.

use std::cell::RefCell;

use actix_web::{dev::Url, http::Uri, rt::Runtime, test::TestRequest, web::Bytes};
use domain::PublicId;
use serde_json::Value;

use crate::{files::received::read_and_forget, path, strict_json::Object};

/// What passes as an object is one for another reader too, with the same values; and an object without a repeated key
/// passes.
pub fn check_json(input: &[u8]) {
    let other = serde_json::from_slice::<Value>(input);
    let Some(object) = Object::read(Bytes::copy_from_slice(input)) else {
        // Written anew it has each key once.
        if let Ok(value @ Value::Object(_)) = other {
            assert!(Object::read(Bytes::from(value.to_string())).is_some());
        }
        return;
    };
    match other {
        Ok(Value::Object(map)) => {
            for (key, value) in &map {
                let text = object.value(key).unwrap_or_default();
                assert_eq!(serde_json::from_slice::<Value>(&text).ok().as_ref(), Some(value));
            }
            let keys: Vec<&str> = map.keys().map(String::as_str).collect();
            assert_eq!(object.first_but(&keys), None);
            assert_eq!(object.first_but(&[]).is_none(), keys.is_empty());
        }
        // An object's values are read one by one, so one level more is allowed.
        Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}"),
        Ok(other) => assert!(other.is_object()),
    }
}

/// A path leads to a code that may be one, and to an id that is spelled as it is shown, or to nothing.
pub fn check_paths(input: &[u8]) {
    let Ok(uri) = Uri::try_from([b"/", input].concat()) else {
        return;
    };
    // As the router sees it, and cut as it would.
    let url = Url::new(uri);
    let mut segments = url.path().split('/').skip(1);
    let (Some(id), Some(code)) = (segments.next(), segments.next()) else {
        return;
    };
    let request = TestRequest::default()
        .param("code", code.to_owned())
        .to_http_request();
    if let Ok(code) = path::code_in_path(&request) {
        assert_eq!(domain::check_code(code.as_bytes()), Ok(code.as_str()));
    }
    if let Ok(id_read) = id.parse::<PublicId>() {
        assert_eq!(id_read.to_string(), id);
    }
}

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = RefCell::new(Runtime::new().ok());
}

/// The parts of a form are read to their end or refused; names are short and no paths.
pub fn check_parts(input: &[u8]) {
    RUNTIME.with_borrow(|runtime| {
        if let Some(runtime) = runtime {
            runtime.block_on(read_and_forget(Bytes::copy_from_slice(input)));
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PART: &str = "(--b(--)?(\r\n)?|Content-Disposition: form-data|; (file)?name=\"[a-z_/\\\\é]{0,9}\"|\r\n|file|name|dry_run|true|x{0,9}|\n)";

    proptest! {
        #[test]
        fn any_text_of_json_is_an_object_here_and_elsewhere_or_neither(
            text in "(\\{|\\}|\\[|\\]|:|,|\"a\"|\"b\"|\"\\\\u0061\"|1|1e400|null|true| ){0,24}",
            inside in "(\"[ab]\":(\\{\"[ab]\":1(,\"[ab]\":2)?\\}|[0-9]|\\[1,2\\])){0,1}(,\"[abc]\":[0-9]){0,2}",
        ) {
            check_json(text.as_bytes());
            check_json(format!("{{{inside}}}").as_bytes());
        }

        #[test]
        fn any_path_leads_to_what_it_spells_or_to_nothing(id in "[0-9a-fA-F]{24}|[^/]{0,24}", code in "([A-Z -~]|%[0-9A-F]{2}|é){0,20}") {
            check_paths(format!("{id}/{code}").as_bytes());
        }

        #[test]
        fn any_form_is_read_or_refused(size: u8, parts in proptest::collection::vec(PART, 0..30)) {
            check_parts(&[&[size], parts.concat().as_bytes()].concat());
        }
    }

    #[test]
    fn a_form_is_read_wherever_it_is_cut() {
        let form = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nx\r\n--b--\r\n";
        for size in [1, 2, 3, 7, 255] {
            let input = Bytes::from([&[size], form.as_bytes()].concat());
            let read =
                RUNTIME.with_borrow(|runtime| runtime.as_ref().unwrap().block_on(read_and_forget(input)));
            assert!(read, "{size}");
        }
    }
}
