//! Shows every setting as it stands, secrets only as `set` or `not set`.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Arg, ArgMatches, Command, parser::ValueSource};

/// The names of all variables that couponry reads.
pub(crate) fn known_variables(command: &Command) -> Vec<String> {
    settings(command).map(variable).collect()
}

/// One line a setting: its variable, its value, and whether that is the default.
pub(crate) fn report(command: &Command, matches: &ArgMatches) -> String {
    let width = settings(command)
        .map(|setting| variable(setting).len())
        .max()
        .unwrap_or_default();
    settings(command).fold(String::new(), |mut text, setting| {
        let value = shown(setting, matches);
        writeln!(text, "{:width$}  {value}", variable(setting)).ok();
        text
    })
}

/// The variables that name a file with a secret, with the file.
pub(crate) fn secret_files(command: &Command, matches: &ArgMatches) -> Vec<(String, PathBuf)> {
    let names = known_variables(command);
    let is_twin = |name: &str| {
        let of = name.strip_suffix("_FILE");
        of.is_some_and(|of| names.iter().any(|name| name == of))
    };
    settings(command)
        .filter(|setting| is_twin(&variable(setting)))
        .filter_map(|setting| {
            let value = matches.get_raw(setting.get_id().as_str())?.next()?;
            Some((variable(setting), value.into()))
        })
        .collect()
}

fn settings(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|argument| argument.get_env().is_some())
}

fn variable(setting: &Arg) -> String {
    setting
        .get_env()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn shown(setting: &Arg, matches: &ArgMatches) -> String {
    let id = setting.get_id().as_str();
    let Some(value) = matches.get_raw(id).and_then(|mut values| values.next()) else {
        return "not set".to_owned();
    };
    if setting.is_hide_env_values_set() {
        return "set".to_owned();
    }
    let value = value.to_string_lossy();
    match matches.value_source(id) {
        Some(ValueSource::DefaultValue) => format!("{value} (default)"),
        _ => value.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Args as _;

    use super::*;
    use crate::config::Variables;

    fn command() -> Command {
        Variables::augment_args(Command::new("couponry"))
    }

    /// `variable → default` as the program has it; `–` where there is none. A `…_FILE` twin has no row of its own.
    fn in_the_program() -> BTreeMap<String, String> {
        let command = command();
        settings(&command)
            .map(|setting| {
                let default = setting
                    .get_default_values()
                    .first()
                    .map_or("–".to_owned(), |value| format!("`{}`", value.to_string_lossy()));
                (variable(setting), default)
            })
            .collect()
    }

    /// The same from the table of the documentation: `| `NAME` | file | default | meaning |`.
    fn in_the_document() -> BTreeMap<String, String> {
        let mut rows = BTreeMap::new();
        for line in include_str!("../../../../docs/CONFIGURATION.md").lines() {
            let cells: Vec<&str> = line
                .split(" | ")
                .map(|cell| cell.trim_matches(['|', ' ']))
                .collect();
            let [name, file, default, _meaning] = cells.as_slice() else {
                continue;
            };
            let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) else {
                continue;
            };
            rows.insert(name.to_owned(), (*default).to_owned());
            if *file == "yes" {
                rows.insert(format!("{name}_FILE"), "–".to_owned());
            }
        }
        rows
    }

    #[test]
    fn the_documentation_names_the_same_variables_and_defaults() {
        assert_eq!(in_the_document(), in_the_program());
    }

    #[test]
    fn a_secret_is_shown_as_set() {
        let matches = command()
            .try_get_matches_from(["couponry", "--database-url=postgres://u:hidden@h/d"])
            .unwrap();
        let text = report(&command(), &matches);
        assert!(!text.contains("hidden"), "{text}");
        let line = text
            .lines()
            .find(|line| line.starts_with("DATABASE_URL "))
            .unwrap();
        assert!(line.ends_with("  set"), "{line}");
        assert!(text.contains("127.0.0.1:8080 (default)"), "{text}");
    }
}
