//! What is kept compressed: as it is for those who take it so, and plain for the others.

use std::{
    io::{self, Write as _},
    mem,
};

use actix_web::{
    Error, HttpRequest,
    http::header::{AcceptEncoding, Encoding, Header as _},
    web::{self, Bytes},
};
use flate2::write::MultiGzDecoder;
use futures_util::{Stream, StreamExt as _, stream};
use tracing::warn;

use crate::error::ApiError;

/// How much is expanded before it is given on: a megabyte of gzip may be a gigabyte of CSV that repeats itself. The
/// decoder adds some 32 KiB to it at a time.
const SLICE_BYTES: usize = 256 * 1024;

pub(crate) fn takes_gzip(request: &HttpRequest) -> bool {
    AcceptEncoding::parse(request).is_ok_and(|accepted| {
        accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter()) == Some(Encoding::gzip())
    })
}

/// The head is out already: all that is left is to break the connection, so that nobody takes a part for the whole.
pub(crate) fn cut_off(error: storage::Error) -> Error {
    warn!(%error, "a download was cut off");
    ApiError::from(error).break_off()
}

/// What is compressed in these pieces, in slices. The next is made when the one before it was taken.
pub(crate) fn plain(
    pieces: impl Stream<Item = Result<Bytes, Error>> + Unpin,
) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold((pieces, Unpacker::new()), async |(mut pieces, mut unpacker)| {
        loop {
            if unpacker.piece.is_empty() {
                match pieces.next().await {
                    Some(piece) => unpacker.piece = piece?,
                    None => return Ok(None),
                }
            }
            let slice;
            // Not on a thread that answers others.
            (slice, unpacker) = web::block(move || unpacker.slice()).await??;
            if !slice.is_empty() {
                return Ok(Some((slice, (pieces, unpacker))));
            }
        }
    })
}

struct Unpacker {
    decoder: MultiGzDecoder<Vec<u8>>,
    /// What is left of the piece that is being expanded.
    piece: Bytes,
}

impl Unpacker {
    fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Vec::new()),
            piece: Bytes::new(),
        }
    }

    /// The next slice. It is empty if there is none yet in what has come.
    fn slice(mut self) -> io::Result<(Bytes, Self)> {
        while !self.piece.is_empty() && self.decoder.get_ref().len() < SLICE_BYTES {
            let read = self.decoder.write(&self.piece)?;
            if read == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            _ = self.piece.split_to(read);
        }
        if self.piece.is_empty() {
            self.decoder.flush()?;
        }
        let slice = mem::take(self.decoder.get_mut());
        Ok((slice.into(), self))
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    #[actix_web::test]
    async fn a_report_that_repeats_itself_is_expanded_bit_by_bit() {
        let csv = b"0123456789,A-1\n".repeat(2_000_000);
        let members = [packed(&csv), packed(b"end\n")].concat();
        let expected = [csv, b"end\n".to_vec()].concat();
        for size in [members.len(), 1000, 7919] {
            let pieces = members
                .chunks(size)
                .map(|piece| Ok(Bytes::copy_from_slice(piece)));
            let slices: Vec<_> = plain(stream::iter(pieces)).map(Result::unwrap).collect().await;
            let longest = slices.iter().map(Bytes::len).max();
            assert!(longest <= Some(SLICE_BYTES + 64 * 1024), "{longest:?}");
            assert!(slices.iter().all(|slice| !slice.is_empty()));
            assert!(slices.concat() == expected, "{size}");
        }
    }

    #[actix_web::test]
    async fn what_is_no_gzip_and_a_piece_that_is_missing_end_it() {
        for piece in [
            Ok(Bytes::from_static(b"no gzip, and long enough to tell")),
            Err(actix_web::error::ErrorInternalServerError("missing")),
        ] {
            let pieces = [piece, Ok(Bytes::from(packed(b"more")))];
            let slices: Vec<_> = plain(stream::iter(pieces)).collect().await;
            assert_eq!(slices.len(), 1);
            assert!(slices[0].is_err());
        }
    }
}
