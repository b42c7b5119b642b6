//! What a file is that is no CSV, as far as its beginning tells.

use domain::LoadFailure;
use memchr::memmem;

/// Where a mark stands, its bytes, and what has it.
type Mark = (usize, &'static [u8], &'static str);

/// `BZh` alone, and the first bytes of others, might begin a text: each mark is as long as it has to be.
const COMPRESSED: &[Mark] = &[
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\x1f\x9d", "compress"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (256, b"\0ustar", "tar"),
];

const OTHERS: &[Mark] = &[
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Excel workbook of the old form (xls), or another Office document that is old or has a password",
    ),
    (0, b"%PDF-", "a PDF document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (0, b"\xff\xd8\xff", "a picture (JPEG)"),
    (0, b"GIF87a", "a picture (GIF)"),
    (0, b"GIF89a", "a picture (GIF)"),
    (0, b"II*\0", "a picture (TIFF)"),
    (0, b"MM\0*", "a picture (TIFF)"),
    (8, b"WEBPVP8", "a picture (WebP)"),
    (0, b"SQLite format 3\0", "a SQLite database"),
    (4, b"Standard Jet DB", "an Access database"),
    (4, b"Standard ACE DB", "an Access database"),
    (0, b"PGDMP\x01", "a dump of a PostgreSQL database"),
    (0, b"PAR1\x15", "a Parquet file"),
    (0, b"Obj\x01", "an Avro file"),
    (0, b"ARROW1\0\0", "an Arrow file"),
    (0, b"bplist00", "a property list"),
    (0, b"\x7fELF", "a program"),
    (0, b"-----BEGIN PGP MESSAGE", "encrypted (PGP)"),
];

/// What a zip archive is that holds this.
const ZIPPED: &[(&[u8], &str)] = &[
    (
        b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        "a spreadsheet (ods)",
    ),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.text",
        "a document (odt)",
    ),
    (b".iwa", "a Numbers or Pages document"),
];

/// Of the parts of an Office document, the folder of those that only its kind has.
const OFFICE: &[(&[u8], &str)] = &[
    (b"xl/", "an Excel workbook (xlsx)"),
    (b"word/", "a Word document (docx)"),
    (b"ppt/", "a PowerPoint presentation (pptx)"),
];

/// By marks that no text has.
pub(super) fn check(head: &[u8]) -> Result<(), LoadFailure> {
    let marked = |marks: &[Mark]| {
        let found = marks.iter().find(|(at, mark, _)| {
            head.get(*at..)
                .is_some_and(|from_there| from_there.starts_with(mark))
        });
        found.map(|(_, _, name)| *name)
    };
    let failure = match head {
        // Behind the length of what says which.
        [0, 0, 0, _, b'f', b't', b'y', b'p', ..] => LoadFailure::NotCsv("a photo or a video"),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => zipped(head),
        // After the block size the digits of pi.
        [
            b'B',
            b'Z',
            b'h',
            b'1'..=b'9',
            0x31,
            0x41,
            0x59,
            0x26,
            0x53,
            0x59,
            ..,
        ] => LoadFailure::Compressed("bzip2"),
        _ => match (marked(COMPRESSED), marked(OTHERS)) {
            (Some(name), _) => LoadFailure::Compressed(name),
            (None, Some(name)) => LoadFailure::NotCsv(name),
            (None, None) => return Ok(()),
        },
    };
    Err(failure)
}

fn zipped(head: &[u8]) -> LoadFailure {
    let holds = |name: &[u8]| memmem::find(head, name).is_some();
    let found = |kinds: &[(&[u8], &'static str)]| {
        let kind = kinds.iter().find(|(name, _)| holds(name));
        kind.map(|(_, kind)| *kind)
    };
    // Some programs write the list of the parts last, so it may not have come yet.
    let is_office = holds(b"[Content_Types].xml") || holds(b"docProps/") || holds(b"_rels/.rels");
    let kind = found(ZIPPED).or_else(|| is_office.then(|| found(OFFICE).unwrap_or("an Office document")));
    kind.map_or(LoadFailure::Compressed("zip"), LoadFailure::NotCsv)
}

/// Elements that only a web page has.
const PAGE: &[&str] = &["<!doctype html", "<html", "<head", "<body", "<table", "<script"];

/// By how it reads. A header may begin like this too, so it is asked only of a file that has none.
pub(super) fn of_text(head: &[u8]) -> Option<&'static str> {
    let text = head.trim_ascii_start().to_ascii_lowercase();
    let holds = |tag: &str| memmem::find(&text, tag.as_bytes()).is_some();
    let (first, rest) = text.split_first()?;
    let next = rest.trim_ascii_start().first();
    match first {
        b'<' if PAGE.iter().any(|tag| holds(tag)) => {
            Some("a web page (HTML), perhaps one to sign in or a preview")
        }
        b'<' if holds("urn:schemas-microsoft-com:office:spreadsheet") => Some("an Excel workbook (XML)"),
        b'<' => Some("XML"),
        b'{' if matches!(next, Some(b'"' | b'}')) => Some("JSON"),
        b'[' if matches!(next, Some(b'"' | b'{' | b'[' | b']')) => Some("JSON"),
        _ if text.iter().take(512).any(|byte| *byte == 0) => Some("no text"),
        _ => None,
    }
}
