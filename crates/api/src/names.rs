//! What a client called a key, a parameter or a part that there is not: swallowed, it would change what is done.

/// How alike two names are that one may have been meant for the other, from 0 to 1; clap takes the same.
const ALIKE: f64 = 0.7;
/// The most characters of a name that is told again.
const MOST_TOLD: usize = 60;

/// Sentences that name what is unknown, and what was probably meant. The kind is a word like "key".
pub(crate) fn unknown(kind: &str, name: &str, known: &[&str]) -> String {
    let shown: String = name.escape_debug().take(MOST_TOLD).collect();
    let remedy = match nearest(name, known) {
        _ if name.starts_with("amp;") => {
            " The URL is written as in HTML: between its parameters stands '&amp;' instead of '&'.".to_owned()
        }
        Some(meant) => format!(" Did you mean '{meant}'?"),
        None if known.is_empty() => String::new(),
        None => format!(" Known are {}.", list(known)),
    };
    format!("'{shown}' is no {kind} of this request.{remedy}")
}

fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let name = plain(name);
    known
        .iter()
        .map(|known| (strsim::jaro_winkler(&name, &plain(known)), *known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

fn list(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant_is_told() {
        let known = ["user_id", "request_id", "campaign", "campaign_id", "hold_seconds"];
        for (name, meant) in [
            ("requestId", "request_id"),
            ("request-id", "request_id"),
            ("REQUEST_ID", "request_id"),
            ("userid", "user_id"),
            ("holdSeconds", "hold_seconds"),
            ("campaignId", "campaign_id"),
            ("campain", "campaign"),
        ] {
            assert_eq!(nearest(name, &known), Some(meant), "{name}");
        }
        assert_eq!(nearest("zzz", &known), None);
    }

    #[test]
    fn a_name_is_told_in_one_line_and_not_without_end() {
        let name = format!("a\n\u{202e}{}", "x".repeat(1000));
        let told = unknown("key", &name, &["user_id"]);
        assert!(
            told.len() < 200 && !told.contains('\n') && !told.contains('\u{202e}'),
            "{told}"
        );
        assert_eq!(
            unknown("key", "zzz", &["a", "b"]),
            "'zzz' is no key of this request. Known are 'a', 'b'."
        );
        assert_eq!(
            unknown("parameter", "limit", &[]),
            "'limit' is no parameter of this request."
        );
    }
}
