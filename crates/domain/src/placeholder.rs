//! Texts that a template engine should have filled in, and did not.

/// What programs write for a value that is not there.
const NOTHING: [&str; 10] = [
    "undefined",
    "null",
    "(null)",
    "none",
    "nil",
    "nan",
    "[object object]",
    "[object undefined]",
    "[object null]",
    "#n/a",
];

/// Between which template engines have their expressions: Liquid, Handlebars and Jinja; JavaScript and Freemarker; ERB,
/// EJS and Underscore; Salesforce; Mailchimp; Klaviyo's and Braze's tags; Ruby.
const MARKS: [(&str, &str); 8] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("${", "}"),
    ("#{", "}"),
    ("<%", "%>"),
    ("%%", "%%"),
    ("*|", "|*"),
    ("[[", "]]"),
];

/// A name alone between these is an expression too. With anything else in it, it may be an id: `{3F2504E0-…}`.
const MARKS_OF_A_NAME: [(&str, &str); 4] = [("{", "}"), ("[", "]"), ("<", ">"), ("%", "%")];

/// Whether the text stands where a person's or a message's own value should: everybody would be the same person, or every
/// message the same request.
pub(crate) fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
        || MARKS.iter().any(|marks| has_between(text, *marks))
        || MARKS_OF_A_NAME.iter().any(|marks| is_name_between(text, *marks))
}

fn has_between(text: &str, (open, close): (&str, &str)) -> bool {
    text.split_once(open)
        .is_some_and(|(_, rest)| rest.contains(close))
}

fn is_name_between(text: &str, (open, close): (&str, &str)) -> bool {
    let within = text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    within.is_some_and(|name| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '$')
            && name
                .chars()
                .all(|c| c.is_ascii_alphabetic() || "_.$ ".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_filled_in_is_no_id() {
        for text in [
            "undefined",
            "null",
            "NULL",
            " None ",
            "nil",
            "NaN",
            "(null)",
            "[object Object]",
            "#N/A",
            "{{user_id}}",
            "{{ user.id | default: 'x' }}",
            "{{${user_id}}}",
            "msg-{{message_id}}",
            "{% id %}",
            "${userId}",
            "#{user.id}",
            "<%= user.id %>",
            "%%SubscriberKey%%",
            "*|UNIQID|*",
            "[[id]]",
            "{user_id}",
            "{$id}",
            "[user_id]",
            "<user id>",
            "%recipient.id%",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn what_only_looks_a_little_like_it_is_an_id() {
        for text in [
            "ada",
            "Null-Smith",
            "undefined2",
            "nonet",
            "{3F2504E0-4F89-41D3-9A0C-0305E82C3301}",
            "100%",
            "50%-off%",
            "a%%b",
            "{{",
            "}}",
            "[1]",
            "<ada@example.com>",
            "%20",
            "user|1",
            "0",
            "-1",
            "a]]b[[c",
            "$5",
            "{}",
            "[]",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
