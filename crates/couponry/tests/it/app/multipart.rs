//! Bodies of `multipart/form-data`, byte by byte. The boundary is `XX`.

/// A part with this head and body.
pub(crate) fn part(disposition: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let mut part =
        format!("--XX\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n").into_bytes();
    part.extend_from_slice(body);
    part.extend_from_slice(b"\r\n");
    part
}

/// The part that is the file.
pub(crate) fn file_part(body: &[u8]) -> Vec<u8> {
    part(
        "name=\"file\"; filename=\"may.csv\"",
        "Content-Type: text/csv\r\n",
        body,
    )
}

/// All of the parts, and the end.
pub(crate) fn whole(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), b"--XX--\r\n".to_vec()].concat()
}
