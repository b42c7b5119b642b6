//! A mail as it goes over the wire.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lettre::{
    Message,
    address::Envelope,
    message::{
        Mailbox, MessageBuilder, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{MailError, letter::Letter};

/// To the one recipient of the envelope. The id is the same in every try of a mail.
pub(crate) fn message(
    from: &Mailbox,
    envelope: &Envelope,
    id: &str,
    letter: &Letter,
    attachment: Option<SinglePart>,
) -> Result<Vec<u8>, MailError> {
    let unprintable = |_| MailError::Never("its text cannot be made");
    let words = MultiPart::alternative_plain_html(
        letter.plain().map_err(unprintable)?,
        letter.html().map_err(unprintable)?,
    );
    let body = match attachment {
        Some(attachment) => MultiPart::mixed().multipart(words).singlepart(attachment),
        None => words,
    };
    let to = envelope
        .to()
        .iter()
        .cloned()
        .map(|address| Mailbox::new(None, address));
    let message = Message::builder()
        // Else it is read out of the headers again, where lettre does not know a quoted name.
        .envelope(envelope.clone())
        .from(from.clone());
    let message = to
        .fold(message, MessageBuilder::to)
        .raw_header(subject(&letter.subject))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        // So that no holiday notice answers it (RFC 3834).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(body)
        .map_err(|_| MailError::Never("it cannot be put together"))?;
    Ok(message.formatted())
}

/// Encoded whole (RFC 2047) where it holds anything but plain ASCII, or what looks encoded already: a reader would decode
/// that, and show what the text does not say.
fn subject(text: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Subject");
    if text.is_ascii() && !text.contains("=?") {
        return HeaderValue::new(name, text.to_owned());
    }
    // An encoded word has 75 characters at most, and none ends within a character.
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= 45 => word.push(c),
            _ => words.push(c.into()),
        }
    }
    let encoded: Vec<String> = words
        .iter()
        .map(|word| format!("=?utf-8?b?{}?=", BASE64_STANDARD.encode(word)))
        .collect();
    HeaderValue::dangerous_new_pre_encoded(name, text.to_owned(), encoded.join("\r\n "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_says_what_its_text_says() {
        for text in [
            "Loaded: 5 codes",
            "Évil =?utf-8?q?=E2=80=AE?= name",
            &"ünï ".repeat(50),
        ] {
            let message = Message::builder()
                .from("a@example.com".parse().unwrap())
                .to("b@example.com".parse().unwrap())
                .raw_header(subject(text))
                .body(String::new())
                .unwrap()
                .formatted();
            let head = String::from_utf8(message).unwrap();
            let (_, after) = head.split_once("Subject: ").unwrap();
            let raw = after
                .split("\r\n")
                .take_while(|line| !line.contains(": ") || line.starts_with("Loaded"));
            let lines: Vec<&str> = raw.collect();
            assert!(lines.iter().all(|line| line.len() <= 76), "{lines:?}");
            let decoded: String = if text.is_ascii() && !text.contains("=?") {
                lines[0].to_owned()
            } else {
                let bytes = lines.iter().flat_map(|line| {
                    let word = line
                        .trim()
                        .strip_prefix("=?utf-8?b?")
                        .unwrap()
                        .strip_suffix("?=")
                        .unwrap();
                    BASE64_STANDARD.decode(word).unwrap()
                });
                String::from_utf8(bytes.collect()).unwrap()
            };
            assert_eq!(decoded, text);
        }
    }
}
