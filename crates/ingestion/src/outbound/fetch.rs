//! Fetching a hosted file: tries, redirects, and a body that must not outgrow its limits.

use std::{fmt, time::Duration};

use bytes::Bytes;
use domain::{BasicAuth, FileUrl, LoadFailure};
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_ENCODING, LOCATION},
};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Limits, Outbound, failure};

const MAX_REDIRECTS: usize = 3;

impl Outbound {
    /// The file at this URL, as far as its head; the body comes by `Fetched::next_chunk`.
    pub async fn fetch(&self, url: &FileUrl, auth: Option<&BasicAuth>) -> Result<Fetched, LoadFailure> {
        let deadline = Instant::now() + self.limits.total;
        let fetched = timeout_at(deadline, self.try_until_it_answers(url, auth)).await;
        let answer = fetched.unwrap_or(Err(LoadFailure::TooSlow));
        let fetched = answer.and_then(|answer| Fetched::new(answer, &self.limits, deadline));
        if let Err(failure) = &fetched {
            tracing::debug!(?url, %failure, "file not fetched");
        }
        fetched
    }

    async fn try_until_it_answers(
        &self,
        url: &FileUrl,
        auth: Option<&BasicAuth>,
    ) -> Result<Response, LoadFailure> {
        for pause in &self.limits.pauses {
            match self.follow(url, auth).await {
                Err(failure) if failure::may_pass(&failure) => sleep(*pause).await,
                settled => return settled,
            }
        }
        self.follow(url, auth).await
    }

    async fn follow(&self, url: &FileUrl, auth: Option<&BasicAuth>) -> Result<Response, LoadFailure> {
        let (mut url, mut auth) = (url.clone(), auth);
        for _ in 0..=MAX_REDIRECTS {
            let answer = self
                .send(Method::GET, &url, |request| match auth {
                    Some(auth) => request.basic_auth(&auth.username, Some(auth.password.expose_secret())),
                    None => request,
                })
                .await?;
            let Some(target) = redirect_of(&answer, &url)? else {
                return file_only(answer);
            };
            // Once left, the origin does not get the credentials back: another host chose the path there.
            auth = auth.filter(|_| target.as_url().origin() == url.as_url().origin());
            url = target;
        }
        Err(LoadFailure::TooManyRedirects)
    }
}

/// Where the answer points to, if it is a redirect. Its target has to be what a client could have named itself.
fn redirect_of(answer: &Response, from: &FileUrl) -> Result<Option<FileUrl>, LoadFailure> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers().get(LOCATION) else {
        return Ok(None);
    };
    let bad = LoadFailure::BadRedirect;
    let location = location.to_str().map_err(|_| bad.clone())?;
    let target = from.as_url().join(location).map_err(|_| bad.clone())?;
    FileUrl::new(target.as_str()).map(Some).map_err(|_| bad)
}

/// Only 200 is a file: 204 has none, 206 is a part, 304 means one that we do not have.
fn file_only(answer: Response) -> Result<Response, LoadFailure> {
    match answer.status() {
        StatusCode::OK => Ok(answer),
        status => Err(LoadFailure::HostStatus(status.as_u16())),
    }
}

/// A file whose head has come.
pub struct Fetched {
    answer: Response,
    announced: Option<u64>,
    left: u64,
    limits: Limits,
    deadline: Instant,
    minute: Minute,
}

/// The minute under way, of waiting only: a host is not to blame for the time that we take for its bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Minute {
    waited: Duration,
    bytes: u64,
}

impl Fetched {
    fn new(answer: Response, limits: &Limits, deadline: Instant) -> Result<Self, LoadFailure> {
        check_encoding(&answer)?;
        let announced = answer.content_length();
        if announced.is_some_and(|bytes| bytes > limits.bytes) {
            return Err(LoadFailure::TooLarge(limits.bytes));
        }
        Ok(Self {
            answer,
            announced,
            left: limits.bytes,
            limits: limits.clone(),
            deadline,
            minute: Minute::default(),
        })
    }

    /// The length the host announced, if it did.
    pub fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// The next piece of the body, or nothing at its proper end. An end before the announced length is an error.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, LoadFailure> {
        let chunk = self.chunk_within_limits().await?;
        let bytes = chunk.as_ref().map_or(0, Bytes::len) as u64;
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or(LoadFailure::TooLarge(self.limits.bytes))?;
        self.minute.bytes += bytes;
        Ok(chunk)
    }

    async fn chunk_within_limits(&mut self) -> Result<Option<Bytes>, LoadFailure> {
        let mut from = Instant::now();
        let silent = (from + self.limits.idle).min(self.deadline);
        loop {
            let minute_ends = from + self.limits.minute.saturating_sub(self.minute.waited);
            match timeout_at(silent.min(minute_ends), self.answer.chunk()).await {
                Ok(chunk) => {
                    self.minute.waited += from.elapsed();
                    return chunk.map_err(|_| LoadFailure::CutOff);
                }
                Err(_) if silent <= minute_ends || self.minute.bytes < self.limits.bytes_a_minute => {
                    return Err(LoadFailure::TooSlow);
                }
                Err(_) => {
                    self.minute = Minute::default();
                    from = Instant::now();
                }
            }
        }
    }
}

/// Without the answer: it shows the URL, signature and all.
impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("announced", &self.announced)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// We asked for none. By name where it is a known one: the header's text is the host's and is not quoted.
fn check_encoding(answer: &Response) -> Result<(), LoadFailure> {
    const KNOWN: [&str; 7] = [
        "gzip",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "x-compress",
    ];
    for value in answer.headers().get_all(CONTENT_ENCODING) {
        let value = value.as_bytes().trim_ascii();
        if value.is_empty() || value.eq_ignore_ascii_case(b"identity") {
            continue;
        }
        let known = KNOWN
            .iter()
            .find(|name| value.eq_ignore_ascii_case(name.as_bytes()));
        return Err(LoadFailure::Compressed(
            known.copied().unwrap_or("Content-Encoding"),
        ));
    }
    Ok(())
}
