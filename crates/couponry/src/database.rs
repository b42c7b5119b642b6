//! The database that the settings name, or a private one.

use secrecy::SecretString;
use storage::{Outage, Route};

use crate::{config::Settings, private_postgres::PrivatePostgres};

#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) primary: Server,
    /// Past a connection pooler.
    pub(crate) direct_url: SecretString,
    pub(crate) replica: Option<Server>,
    private: Option<PrivatePostgres>,
}

/// What the pools of one URL share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: SecretString,
    pub(crate) outage: Outage,
    pub(crate) route: Route,
}

impl Server {
    fn at(url: SecretString) -> Self {
        Self {
            url,
            outage: Outage::default(),
            route: Route::default(),
        }
    }
}

impl Database {
    /// For a server: a private PostgreSQL is this process's own.
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        if let Some(url) = &settings.database_url {
            let direct_url = settings.database_direct_url.as_ref().unwrap_or(url).clone();
            return Ok(Self {
                primary: Server::at(url.clone()),
                direct_url,
                replica: settings.database_read_url.clone().map(Server::at),
                private: None,
            });
        }
        let private =
            PrivatePostgres::start(settings.data_dir.as_deref(), settings.pg_bin_dir.as_deref()).await?;
        Ok(Self {
            primary: Server::at(private.url()),
            direct_url: private.url(),
            replica: None,
            private: Some(private),
        })
    }

    /// For a short command, which may meet a server that has the private PostgreSQL running.
    pub(crate) async fn join(settings: &Settings) -> anyhow::Result<Self> {
        if settings.database_url.is_none()
            && let Some(url) = PrivatePostgres::running(settings.data_dir.as_deref()).await?
        {
            return Ok(Self {
                direct_url: url.clone(),
                primary: Server::at(url),
                replica: None,
                private: None,
            });
        }
        Self::open(settings).await
    }

    /// Resolves with the reason when a private PostgreSQL is gone for good; never for somebody else's.
    pub(crate) async fn ended(&self) -> String {
        match &self.private {
            Some(private) => private.ended().await,
            None => std::future::pending().await,
        }
    }

    pub(crate) async fn close(self) {
        if let Some(private) = self.private {
            private.stop().await;
        }
    }
}
