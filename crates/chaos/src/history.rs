//! What was asked and answered, and whether that can be true.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use serde::Serialize;

/// An answer to a request for a code; none where the outcome is unknown.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Microseconds after the experiment began.
    pub(crate) asked_at: u128,
    pub(crate) answered_at: u128,
    /// 0: no answer came.
    pub(crate) status: u16,
    /// What the answer says: a code, or the code of an error.
    pub(crate) said: Option<String>,
    pub(crate) server: usize,
}

impl Entry {
    pub(crate) fn code(&self) -> Option<&str> {
        matches!(self.status, 200 | 201)
            .then_some(self.said.as_deref())
            .flatten()
    }

    pub(crate) fn is(&self, error: &str) -> bool {
        self.status >= 400 && self.said.as_deref() == Some(error)
    }
}

/// Whether a code may be missing that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Never,
    /// After a failover to a standby that lagged a key may get another code.
    OfKeys,
}

#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) entries: Vec<Entry>,
}

impl History {
    /// The keys that have a code by what was answered last, each with it.
    pub(crate) fn codes(&self) -> BTreeMap<&str, &str> {
        let codes = self
            .entries
            .iter()
            .filter_map(|entry| Some((entry.key.as_str(), entry.code()?)));
        codes.collect()
    }

    pub(crate) fn keys(&self) -> usize {
        let mut keys: Vec<&str> = self.entries.iter().map(|entry| entry.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len()
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.entries.iter().filter(|entry| entry.status == 0).count()
    }

    /// How many keys were answered by more than one code.
    pub(crate) fn keys_with_two_codes(&self) -> usize {
        self.codes_of_keys()
            .values()
            .filter(|codes| codes.len() > 1)
            .count()
    }

    fn codes_of_keys(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut codes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for entry in &self.entries {
            if let Some(code) = entry.code() {
                let of_key = codes.entry(&entry.key).or_default();
                if !of_key.contains(&code) {
                    of_key.push(code);
                }
            }
        }
        codes
    }

    /// What is wrong with it.
    pub(crate) fn violations(&self, loss: Loss) -> Vec<String> {
        let mut violations = Vec::new();
        let codes = self.codes_of_keys();
        let mut keys_of_codes: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, of_key) in &codes {
            if of_key.len() > 1 && loss == Loss::Never {
                violations.push(format!("{key} was answered by the codes {of_key:?}"));
            }
            for code in of_key {
                if let Some(other) = keys_of_codes.insert(code, key) {
                    violations.push(format!("{code} went to {other} and to {key}"));
                }
            }
        }
        // Nothing is given back here, so that is never true, whatever came first.
        let refused = self.entries.iter().filter(|entry| entry.is("coupons-exhausted"));
        let refused: BTreeSet<&str> = refused.map(|entry| entry.key.as_str()).collect();
        for key in refused.into_iter().filter(|key| codes.contains_key(key)) {
            violations.push(format!("{key} has a code, and was told that none is left"));
        }
        // New for its key, and there before it was asked for: a key is answered 201 once.
        let mut news: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.status == 201) {
            if let Some(code) = entry.code() {
                *news.entry((entry.key.as_str(), code)).or_default() += 1;
            }
        }
        for ((key, code), times) in news {
            if times > 1 {
                violations.push(format!("{code} was new to {key} {times} times"));
            }
        }
        let is_expected = |entry: &&Entry| {
            matches!(entry.status, 0 | 200 | 201 | 408 | 503)
                || entry.is("coupons-exhausted")
                || entry.is("too-many-requests")
        };
        for entry in self.entries.iter().filter(|entry| !is_expected(entry)).take(10) {
            violations.push(format!(
                "{} was answered {} {:?}",
                entry.key, entry.status, entry.said
            ));
        }
        violations
    }

    /// Kept where an experiment failed, a line an answer.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for entry in &self.entries {
            serde_json::to_writer(&mut file, entry)?;
            file.write_all(b"\n")?;
        }
        Ok(file.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(answers: &[(&str, u16, &str)]) -> History {
        let entry = |(key, status, said): &(&str, u16, &str)| Entry {
            key: (*key).to_owned(),
            asked_at: 0,
            answered_at: 0,
            status: *status,
            said: Some((*said).to_owned()),
            server: 0,
        };
        History {
            entries: answers.iter().map(entry).collect(),
        }
    }

    #[test]
    fn a_history_in_which_everybody_has_a_code_of_their_own_is_valid() {
        let answers = [
            ("ann", 201, "A"),
            ("ann", 200, "A"),
            ("bob", 503, "service-unavailable"),
            ("bob", 201, "B"),
        ];
        assert_eq!(history(&answers).violations(Loss::Never), [""; 0]);
    }

    #[test]
    fn a_code_of_two_keys_is_found_whatever_may_be_lost() {
        let twice = history(&[("ann", 201, "A"), ("bob", 200, "A")]);
        assert_eq!(twice.violations(Loss::OfKeys), ["A went to ann and to bob"]);
    }

    #[test]
    fn a_key_of_two_codes_is_found_unless_keys_may_be_lost() {
        let two = history(&[("ann", 201, "A"), ("ann", 201, "B")]);
        assert_eq!(
            two.violations(Loss::Never),
            ["ann was answered by the codes [\"A\", \"B\"]"]
        );
        assert_eq!(
            (two.violations(Loss::OfKeys).len(), two.keys_with_two_codes()),
            (0, 1)
        );
    }

    #[test]
    fn a_key_that_has_a_code_and_is_refused_is_found() {
        let both = history(&[("ann", 409, "coupons-exhausted"), ("ann", 201, "A")]);
        assert_eq!(
            both.violations(Loss::Never),
            ["ann has a code, and was told that none is left"]
        );
    }

    #[test]
    fn a_code_that_is_new_twice_and_a_fault_are_found() {
        let twice = history(&[("ann", 201, "A"), ("ann", 201, "A")]);
        assert_eq!(twice.violations(Loss::Never), ["A was new to ann 2 times"]);
        let fault = history(&[("ann", 500, "unexpected-error")]);
        assert_eq!(fault.violations(Loss::Never).len(), 1);
    }
}
