//! What stands between a server and its database, and may fall silent: nothing is refused and nothing is closed, bytes
//! just do not come through.

use std::net::SocketAddr;

use reqwest::Url;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use super::{backstage, server::Environment};

/// How a connection is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// What the server asks does not reach the database.
    NoQuestion,
    /// It does, and is carried out; the answer does not come back.
    NoAnswer,
    /// Nor more than the first bytes of it.
    HalfAnAnswer,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Connections with a lower number are silent.
    silent_below: usize,
    way: Option<Way>,
    /// New ones are too.
    wholly: bool,
}

/// Passes everything on until it is told otherwise.
pub(crate) struct DatabaseProxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepted: watch::Receiver<usize>,
    accepting: AbortHandle,
}

impl DatabaseProxy {
    pub(crate) async fn start() -> Self {
        let (state, states) = watch::channel(State::default());
        let (accepts, accepted) = watch::channel(0);
        let (address, accepting) = backstage::spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let accepting = backstage::spawn(accept(listener, states, accepts));
            (address, accepting.abort_handle())
        })
        .await
        .unwrap();
        Self {
            address,
            state,
            accepted,
            accepting,
        }
    }

    /// Puts the proxy between the server and its database.
    pub(crate) fn stand_in(&self, environment: &mut Environment) {
        let database = Url::parse(&environment["DATABASE_URL"]).unwrap();
        let user: PgConnectOptions = environment["DATABASE_URL"].parse().unwrap();
        let url = format!(
            "postgres://{}@{}{}?sslmode=disable",
            user.get_username(),
            self.address,
            database.path()
        );
        environment.insert("DATABASE_URL".to_owned(), url);
    }

    /// The connections that are open now fall silent; new ones work.
    pub(crate) fn silence_open_connections(&self, way: Way) {
        let silent_below = *self.accepted.borrow();
        self.state.send_replace(State {
            silent_below,
            way: Some(way),
            wholly: false,
        });
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        *self.accepted.borrow()
    }

    /// No connection works any more, old or new.
    pub(crate) fn silence_all(&self, way: Way) {
        self.state.send_replace(State {
            silent_below: usize::MAX,
            way: Some(way),
            wholly: true,
        });
    }

    /// New connections work again; those that were silent stay so.
    pub(crate) fn let_new_ones_through(&self) {
        let silent_below = *self.accepted.borrow();
        self.state.send_modify(|state| {
            state.silent_below = silent_below;
            state.wholly = false;
        });
    }
}

impl Drop for DatabaseProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, states: watch::Receiver<State>, accepted: watch::Sender<usize>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = *accepted.borrow();
        accepted.send_modify(|number| *number += 1);
        connections.spawn(pass(client, number, states.clone()));
    }
}

async fn pass(client: TcpStream, number: usize, states: watch::Receiver<State>) -> Option<()> {
    let server: PgConnectOptions = std::env::var("COUPONRY_TEST_DATABASE_URL").ok()?.parse().ok()?;
    let socket = server.get_socket()?.join(".s.PGSQL.5432");
    let database = UnixStream::connect(socket).await.ok()?;
    let (from_client, to_client) = client.into_split();
    let (from_database, to_database) = database.into_split();
    let asked = pump(
        from_client,
        to_database,
        move |states: &State| is_silent(states, number, &[Way::NoQuestion]).then_some(0),
        states.clone(),
    );
    let answered = pump(
        from_database,
        to_client,
        move |states: &State| {
            if is_silent(states, number, &[Way::NoAnswer]) {
                Some(0)
            } else {
                is_silent(states, number, &[Way::HalfAnAnswer]).then_some(7)
            }
        },
        states,
    );
    tokio::join!(asked, answered);
    Some(())
}

fn is_silent(state: &State, number: usize, ways: &[Way]) -> bool {
    (state.wholly || number < state.silent_below) && state.way.is_some_and(|way| ways.contains(&way))
}

/// Passes bytes on; once silent, the first few that are allowed, and then none. The end is passed on only by those that
/// are not silent: whoever is cut off hears of no end.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    allowed: impl Fn(&State) -> Option<usize>,
    states: watch::Receiver<State>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut passed_since = 0;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let most = allowed(&states.borrow());
        let passes = most.map_or(length, |most| length.min(most - most.min(passed_since)));
        passed_since = if most.is_some() { passed_since + passes } else { 0 };
        if to.write_all(&buffer[..passes]).await.is_err() {
            return;
        }
    }
    if allowed(&states.borrow()).is_some() {
        std::future::pending::<()>().await;
    }
    to.shutdown().await.ok();
}
