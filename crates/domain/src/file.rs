//! A coupon file on its way into a list.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The states of a file, spelled as on the wire. A client can only wait "while `PENDING`", so nothing finer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStatus {
    Pending,
    Success,
    Failed,
}

impl FileStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
        }
    }
}

impl fmt::Display for FileStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The most rejected rows that are named by line; the rest are counted.
pub const MAX_NAMED_REJECTIONS: usize = 100;

/// A row that was left out: its line in the file (from 1, the header's line) and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub line: u64,
    pub reason: String,
}

/// How many rows were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedFor {
    pub reason: String,
    pub rows: u64,
}

/// How the CSV of all rows that were left out begins: with a mark of its encoding, and its columns.
pub const REJECTED_ROWS_HEAD: &str = "\u{feff}Line,Value,Reason\r\n";

/// Why a row was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RejectReason {
    #[error(transparent)]
    Code(#[from] crate::CodeError),
    #[error("code was turned into a number by a spreadsheet; export the column as text")]
    SpreadsheetNumber,
    #[error("row has more fields than the header")]
    TooManyFields,
    #[error("row is longer than 64 KiB")]
    RowTooLong,
}

/// Why a whole file failed: a fixed list, so that nothing a remote host said, and nothing that may be a code, gets into
/// logs, mails and callbacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadFailure {
    #[error("address not allowed")]
    AddressNotAllowed,
    #[error(
        "host redirects to a URL that must not be fetched: it is neither http nor https, carries a password, or uses \
         another service's port"
    )]
    BadRedirect,
    #[error("host not found")]
    HostNotFound,
    #[error("host unreachable")]
    Unreachable,
    #[error("host's certificate is not accepted: {0}")]
    Certificate(&'static str),
    #[error("host does not speak TLS at this port")]
    NoTls,
    #[error("TLS connection failed")]
    Tls,
    #[error("host answered with status {0}")]
    HostStatus(u16),
    #[error("too many redirects")]
    TooManyRedirects,
    #[error("host sent no usable answer")]
    BadAnswer,
    #[error("transfer was cut off")]
    CutOff,
    #[error("transfer stalled or took too long")]
    TooSlow,
    #[error("file is larger than {0} bytes")]
    TooLarge(u64),
    #[error("file is empty")]
    Empty,
    #[error("file is compressed ({0}); send plain CSV")]
    Compressed(&'static str),
    #[error("file is {0}; send plain CSV")]
    NotCsv(&'static str),
    #[error("file is not UTF-8 but {0}; send UTF-8")]
    NotUtf8(&'static str),
    #[error(
        "header 'Coupon Code' not found: the first line must be 'Coupon Code', or name it among other columns parted \
         by commas"
    )]
    NoHeader,
    #[error("header 'Coupon Code' not found in the first line but in line {0}; remove the lines before it")]
    HeaderBelow(u64),
    #[error("header names 'Coupon Code' more than once")]
    TwoHeaders,
    #[error("a quote is not closed; it is in the row that begins on line {0}")]
    UnclosedQuote(u64),
    #[error("line ends are mixed: carriage returns alone and line feeds in one file")]
    MixedLineEnds,
    #[error("file holds no code")]
    NoCodes,
    #[error("codes were turned into numbers like 1.23457E+15 by a spreadsheet; export the column as text")]
    SpreadsheetNumbers,
    #[error("too many bad rows: {rejected} of {rows}, more than 10 %")]
    TooManyBadRows { rejected: u64, rows: u64 },
    #[error("list would hold more than {0} codes")]
    ListFull(i64),
    #[error("list archived")]
    ListArchived,
    #[error("list expired")]
    ListExpired,
    #[error("the server failed repeatedly while loading; upload the file again")]
    ServerFault,
    #[error("the server stopped {0} times while loading; upload the file again")]
    ServerStopped(i32),
}

/// The reason as the file's owner reads it. The first line may be a code, so it goes nowhere else.
pub fn told(reason: String, first_line: Option<&str>) -> String {
    match first_line {
        Some(line) => format!("{reason}; the first line is '{line}'"),
        None => reason,
    }
}
