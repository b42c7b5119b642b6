//! A form with a file in it, as it comes: the file goes into the database piece by piece, and never into memory as a whole.

use std::{collections::HashMap, time::Duration};

use actix_multipart::{Field, Multipart};
use actix_web::rt::time::timeout;
use domain::SENT_FILE_BYTES;
use futures_util::StreamExt as _;
use storage::{Storage, Upload};
use tokio::sync::Semaphore;

use crate::error::PageError;

/// How long all of it may take: after an hour pieces that belong to no load are taken for left behind.
const MOST_TIME: Duration = Duration::from_mins(50);
/// How many there may be at once: each keeps a few megabytes.
static FORMS: Semaphore = Semaphore::const_new(64);
/// How much is kept by one statement.
const PIECE_BYTES: usize = 512 * 1024;
/// Of all fields but the file: ten thousand pasted codes of the greatest length, and more.
const TEXT_BYTES: usize = 4 * 1024 * 1024;
/// More fields than the form has.
const MOST_FIELDS: usize = 32;

/// What the form said.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// Of the file's bytes, and what the browser calls it; none if no file was chosen.
    pub(super) file_name: Option<String>,
    pub(super) bytes: u64,
    fields: HashMap<String, String>,
}

impl Received {
    /// A form of which one field is filled in.
    pub(super) fn with(name: &str, text: String) -> Self {
        Self {
            fields: HashMap::from([(name.to_owned(), text)]),
            ..Self::default()
        }
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map(|text| text.trim()).unwrap_or_default()
    }
}

/// Why a form was not taken.
pub(super) enum Unreceived {
    Refused(&'static str),
    Failed(PageError),
}

impl From<storage::Error> for Unreceived {
    fn from(error: storage::Error) -> Self {
        Self::Failed(error.into())
    }
}

pub(super) async fn receive(
    storage: &Storage,
    upload: &mut Upload,
    parts: Multipart,
    pause: Duration,
) -> Result<Received, Unreceived> {
    let _place = FORMS
        .try_acquire()
        .map_err(|_| Unreceived::Failed(PageError::Busy))?;
    let received = timeout(MOST_TIME, receive_all(storage, upload, parts, pause)).await;
    received.map_err(|_| too_slow())?
}

async fn receive_all(
    storage: &Storage,
    upload: &mut Upload,
    mut parts: Multipart,
    pause: Duration,
) -> Result<Received, Unreceived> {
    let mut received = Received::default();
    let mut text_bytes = 0;
    while let Some(part) = in_time(pause, parts.next()).await? {
        let part = part.map_err(|_| broken())?;
        match part.name().unwrap_or_default().to_owned() {
            name if name == "file" => keep(storage, upload, part, &mut received, pause).await?,
            _ if received.fields.len() == MOST_FIELDS => return Err(broken()),
            name => {
                let text = text(part, TEXT_BYTES - text_bytes, pause).await?;
                text_bytes += text.len();
                received.fields.insert(name, text);
            }
        }
    }
    Ok(received)
}

/// A browser sends a part without a name and without bytes where no file was chosen.
async fn keep(
    storage: &Storage,
    upload: &mut Upload,
    mut part: Field,
    received: &mut Received,
    pause: Duration,
) -> Result<(), Unreceived> {
    let name = part
        .content_disposition()
        .and_then(|said| said.get_filename())
        .and_then(|path| path.rsplit(['/', '\\']).next())
        .map(|name| {
            name.chars()
                .filter(|letter| !letter.is_control())
                .take(255)
                .collect::<String>()
        })
        .filter(|name| !name.is_empty());
    let mut piece = Vec::with_capacity(PIECE_BYTES * 2);
    while let Some(chunk) = in_time(pause, part.next()).await? {
        let chunk = chunk.map_err(|_| broken())?;
        received.bytes += chunk.len() as u64;
        if received.bytes > SENT_FILE_BYTES {
            return Err(Unreceived::Refused(
                "The file is larger than 64 MiB. Put it on a web server and give its address, or split it.",
            ));
        }
        piece.extend_from_slice(&chunk);
        if piece.len() >= PIECE_BYTES {
            storage.keep_piece(upload, &piece).await?;
            piece.clear();
        }
    }
    if !piece.is_empty() {
        storage.keep_piece(upload, &piece).await?;
    }
    received.file_name = name;
    Ok(())
}

async fn text(mut part: Field, most: usize, pause: Duration) -> Result<String, Unreceived> {
    let mut bytes = Vec::new();
    while let Some(chunk) = in_time(pause, part.next()).await? {
        let chunk = chunk.map_err(|_| broken())?;
        if bytes.len() + chunk.len() > most {
            return Err(Unreceived::Refused(
                "What was pasted is longer than 4 MB. Send it as a file.",
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

async fn in_time<T>(pause: Duration, coming: impl Future<Output = T>) -> Result<T, Unreceived> {
    timeout(pause, coming).await.map_err(|_| too_slow())
}

fn too_slow() -> Unreceived {
    Unreceived::Refused("It came too slowly, and what had come was put aside. Send it again.")
}

fn broken() -> Unreceived {
    Unreceived::Failed(PageError::BadForm("The form did not come whole. Send it again."))
}
