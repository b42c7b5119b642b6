//! A setting that may stand in the environment or in a file, never in both.

use std::{collections::HashSet, fs, path::Path};

use secrecy::{ExposeSecret, SecretString};

/// The fewest and the most characters of an API key. Sixteen random letters and digits are beyond guessing; clients that
/// move here bring keys that are longer.
const KEY_CHARACTERS: std::ops::RangeInclusive<usize> = 16..=255;
/// Parts of what people leave in place when they copy an example, without what parts words.
const EXAMPLES: [&str; 8] = [
    "apikeyhere",
    "changeme",
    "example",
    "password",
    "placeholder",
    "replaceme",
    "secretkey",
    "yourapikey",
];
/// A key of fewer different characters is somebody's finger on a key.
const DIFFERENT_CHARACTERS: usize = 6;

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

/// Reads an API key that a client is to present, wherever it is given. The complaint never quotes it.
pub(crate) fn read_api_key(
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, String> {
    let Some(key) = read(value, file)? else {
        return Ok(None);
    };
    match complaint(key.expose_secret()) {
        Some(complaint) => Err(format!("{complaint}; make one with `openssl rand -hex 32`")),
        None => Ok(Some(key)),
    }
}

fn complaint(key: &str) -> Option<String> {
    let characters = key.chars().count();
    if !KEY_CHARACTERS.contains(&characters) {
        let (least, most) = (KEY_CHARACTERS.start(), KEY_CHARACTERS.end());
        return Some(format!(
            "has {characters} characters, and must have {least} to {most}"
        ));
    }
    if key.chars().any(char::is_control) {
        return Some("must not contain control characters".to_owned());
    }
    // A key that stands in a manual is known to everyone.
    let letters: String = key.chars().filter(|c| c.is_alphanumeric()).collect();
    let letters = letters.to_lowercase();
    let different: HashSet<char> = key.chars().collect();
    let is_example = EXAMPLES.iter().any(|example| letters.contains(example));
    (is_example || different.len() < DIFFERENT_CHARACTERS).then(|| "is an example, not a secret".to_owned())
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
    fn examples_and_short_keys_are_no_keys() {
        let read = |key: &str| read_api_key(Some(&key.into()), None);
        for wrong in [
            "3f9c1e0a7b52d48",
            "ChangeMe-ChangeMe",
            "<your-api-key-goes-here>",
            "0000000000000000000000",
            "tab\tin-a-key-9c1e0a7b52",
            &"3f9c1e0a".repeat(32),
        ] {
            let complaint = read(wrong).unwrap_err();
            assert!(!complaint.contains(wrong), "{complaint}");
        }
        for right in ["3f9c1e0a7b52d486", &"3f9c1e0a".repeat(31), "clé privée 3f9c1e0a"] {
            assert_eq!(read(right).unwrap().unwrap().expose_secret(), right);
        }
        assert!(read_api_key(None, None).unwrap().is_none());
    }
}
