//! A misspelt `COUPONRY_…` variable stops the start: a setting that is silently ignored is found too late.

/// The suite's own variables, inherited by the programs it starts.
const OF_THE_TESTS: &str = "COUPONRY_TEST_";

/// One sentence for each variable that nobody reads, with the nearest one that somebody does.
pub(crate) fn complaints(known: &[String], environment: impl Iterator<Item = String>) -> Vec<String> {
    environment
        .filter(|name| name.starts_with("COUPONRY_") && !name.starts_with(OF_THE_TESTS))
        .filter(|name| !known.contains(name))
        .map(|name| {
            let nearest = known.iter().min_by_key(|candidate| distance(&name, candidate));
            let nearest = nearest.map_or("", String::as_str);
            format!("{name} is not a setting of couponry; the nearest one is {nearest}")
        })
        .collect()
}

/// Levenshtein: how many letters must be put in, taken out or changed.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, a) in from.bytes().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        row.iter_mut().take(1).for_each(|cell| *cell = left);
        for (cell, b) in row.iter_mut().skip(1).zip(to.bytes()) {
            let kept = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = kept.min(left + 1).min(*cell + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        ["COUPONRY_LISTEN", "COUPONRY_LOADS", "DATABASE_URL"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn the_nearest_name_is_proposed() {
        let said = complaints(&known(), ["COUPONRY_LISTN".to_owned()].into_iter());
        assert_eq!(
            said,
            ["COUPONRY_LISTN is not a setting of couponry; the nearest one is COUPONRY_LISTEN"]
        );
    }

    #[test]
    fn known_names_foreign_names_and_the_suites_names_pass() {
        let names = ["COUPONRY_LOADS", "PATH", "COUPONRY_TEST_DATABASE_URL"].map(str::to_owned);
        assert_eq!(complaints(&known(), names.into_iter()), Vec::<String>::new());
    }

    #[test]
    fn distance_counts_single_letters() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "ac", 1),
            ("kitten", "sitting", 3),
            ("", "ab", 2),
            ("ab", "", 2),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
