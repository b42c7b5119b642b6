//! A gate before a database: connections go through it, to whichever server it leads to, as long as it is open.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// What the gate does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Nobody listens; open connections are broken.
    Refuse,
    /// Connections are taken and broken at once.
    Reset,
    /// Connections are taken, and nothing comes through.
    Silence,
    /// Everything comes so much later, each way.
    Delay(Duration),
    /// What is asked comes through; the connection breaks at the first byte of an answer.
    CutAnswers,
}

#[derive(Debug, Clone, Copy)]
struct State {
    way: Way,
    leads_to: SocketAddr,
    /// Connections of another one are broken.
    era: u64,
}

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

impl Gate {
    pub async fn open(leads_to: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (state, states) = watch::channel(State {
            way: Way::Open,
            leads_to,
            era: 0,
        });
        let task = tokio::spawn(keep(listener, address, states));
        Ok(Self { address, state, task })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Of the database behind it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres?sslmode=disable", self.address)
    }

    /// Connections that are open stay, unless they are refused or reset.
    pub fn set(&self, way: Way) {
        self.state.send_modify(|state| {
            state.way = way;
            if matches!(way, Way::Refuse | Way::Reset) {
                state.era += 1;
            }
        });
    }

    /// Leads to another server; connections to the one before are broken.
    pub fn lead_to(&self, server: SocketAddr) {
        self.state.send_modify(|state| {
            state.leads_to = server;
            state.era += 1;
        });
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(listener: TcpListener, address: SocketAddr, mut states: watch::Receiver<State>) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let way = states.borrow_and_update().way;
        if way == Way::Refuse {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        let accepting = async {
            match &listener {
                Some(listener) => listener.accept().await.ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = states.changed() => if changed.is_err() { return },
            Some((client, _)) = accepting => if way == Way::Reset {
                reset(&client);
            } else {
                connections.spawn(pass(client, states.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Closed with a reset instead of an end.
fn reset(stream: &TcpStream) {
    _ = stream.set_zero_linger();
}

async fn pass(client: TcpStream, mut states: watch::Receiver<State>) {
    let State { leads_to, era, .. } = *states.borrow_and_update();
    let mut over = states.clone();
    let over = async move {
        // It ends with the gate, too.
        _ = over.wait_for(|state| state.era != era).await;
    };
    _ = client.set_zero_linger();
    let through = async {
        let Ok(database) = TcpStream::connect(leads_to).await else {
            return;
        };
        _ = database.set_nodelay(true);
        _ = client.set_nodelay(true);
        let (from_client, to_client) = client.into_split();
        let (from_database, to_database) = database.into_split();
        tokio::select! {
            () = pump(from_client, to_database, states.clone(), false) => {}
            () = pump(from_database, to_client, states.clone(), true) => {}
        }
    };
    tokio::select! {
        () = over => {}
        () = through => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut states: watch::Receiver<State>,
    is_answer: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let way = states.borrow_and_update().way;
        match way {
            Way::Silence => {
                // What was swallowed is gone: the connection is out of step, and stays silent.
                std::future::pending::<()>().await;
            }
            Way::CutAnswers if is_answer => return,
            Way::Delay(by) => sleep(by).await,
            _ => {}
        }
        let Some(bytes) = buffer.get(..length) else { return };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
