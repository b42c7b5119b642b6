//! What a callback tells: the file as `GET` shows it, without a first line that may be a code, under both spellings of
//! the list's key.

use serde::Serialize;
use storage::Callback;

use super::shown::ShownFile;

#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    file: ShownFile,
    coupons_list_id: String,
}

/// The body of the request, JSON.
pub fn callback_body(callback: &Callback) -> Vec<u8> {
    let mut file = callback.file.clone();
    // The receiver is not always the one who may see the codes.
    file.first_line = None;
    let told = Told {
        file: ShownFile::with_details(callback.list, file),
        coupons_list_id: callback.list.to_string(),
    };
    // Texts and numbers under texts: there is nothing that JSON could not hold.
    serde_json::to_vec(&told).unwrap_or_default()
}
