//! A setting that may stand in the environment or in a file, never in both.

use std::{fs, path::Path};

use secrecy::{ExposeSecret, SecretString};

/// What people leave in place when they copy an example.
const EXAMPLES: [&str; 7] = [
    "changeme",
    "change-me",
    "example",
    "password",
    "postgres",
    "secret",
    "your-api-key",
];

/// Reads the variable or its `…_FILE` twin. A trailing line break is not part of the value: editors and `echo` add it.
pub(crate) fn read(
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, String> {
    let text = match (value, file) {
        (Some(_), Some(_)) => {
            return Err("is set, and so is its _FILE twin; keep one of the two".to_owned());
        }
        (Some(value), None) => value.expose_secret().to_owned(),
        (None, Some(file)) => fs::read_to_string(file)
            .map_err(|error| format!("cannot be read from the file {}: {error}", file.display()))?,
        (None, None) => return Ok(None),
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err("is empty; remove it or give it a value".to_owned());
    }
    Ok(Some(SecretString::from(text)))
}

/// A key that stands in a manual is known to everyone.
pub(crate) fn refuse_example(key: SecretString) -> Result<SecretString, String> {
    if EXAMPLES
        .iter()
        .any(|example| key.expose_secret().eq_ignore_ascii_case(example))
    {
        return Err("is an example, not a secret; make one with `openssl rand -hex 32`".to_owned());
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file_with(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_file_counts_without_its_last_line_break() {
        for text in ["k-1 ", "k-1 \n", "k-1 \r\n"] {
            let file = file_with(text);
            let secret = read(None, Some(file.path())).unwrap().unwrap();
            assert_eq!(secret.expose_secret(), "k-1 ");
        }
    }

    #[test]
    fn both_ways_at_once_is_an_error_that_shows_neither() {
        let file = file_with("from-file");
        let error = read(Some(&"from-variable".into()), Some(file.path())).unwrap_err();
        assert!(!error.contains("from-"), "{error}");
    }

    #[test]
    fn an_empty_or_unreadable_secret_is_an_error() {
        assert!(read(Some(&"".into()), None).is_err());
        assert!(read(None, Some(Path::new("/does/not/exist"))).is_err());
        assert!(read(None, None).unwrap().is_none());
    }

    #[test]
    fn an_example_is_no_key() {
        assert!(refuse_example("ChangeMe".into()).is_err());
        assert!(refuse_example("3f9c1e".into()).is_ok());
    }
}
