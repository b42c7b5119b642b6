//! Everything that runs, in the order it starts, and stops the other way round.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use api::{App, Door, Exposition, Probed, Readiness, Shield};
use ingestion::{
    Callbacks, Fetcher, Loader,
    outbound::{Limits, Outbound},
};
use reporting::{Mailer, ReportBuilder};
use reqwest::Url;
use storage::Storage;
use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use crate::{
    config::Settings,
    database::Database,
    http::Http,
    listening::{bind, listen},
    open_files, opening, pages, pools,
    public_url::public_url,
    signals::{Signal, Signals},
    telemetry::{self, Observer},
    workers::{Plan, Workers, Workshop},
};

/// How long `/readyz` says 503 before the door closes, so that a balancer hears of it first.
const NOTICE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Service {
    database: Database,
    storage: Storage,
    /// The handlers' pool, to be closed after them.
    requests: Option<Storage>,
    readiness: Arc<Readiness>,
    opening: JoinSet<()>,
    workers: Option<Workers>,
    http: Option<Http>,
    /// Answers `/metrics`, and how the process is, on an address of its own.
    metrics: Option<Http>,
    /// Looks at jobs and stocks for metrics.
    observer: JoinSet<()>,
    /// One reads keys ahead of the requests that need them, one looks whether the database is the one it was.
    watches: JoinSet<()>,
}

impl Service {
    pub(crate) async fn start(settings: &Settings) -> anyhow::Result<Self> {
        let database = Database::open(settings).await?;
        let storage = pools::background(&database, settings.work.loads)?;
        let mut service = Self {
            database,
            storage,
            requests: None,
            readiness: Arc::default(),
            opening: JoinSet::new(),
            workers: None,
            http: None,
            metrics: None,
            observer: JoinSet::new(),
            watches: JoinSet::new(),
        };
        match service.open(settings).await {
            Ok(()) => Ok(service),
            Err(error) => {
                service.stop(Duration::ZERO).await;
                Err(error)
            }
        }
    }

    async fn open(&mut self, settings: &Settings) -> anyhow::Result<()> {
        // Bound before anything makes a link: only then is a free port known.
        let socket = if settings.role.answers() {
            Some(bind(settings.listen)?)
        } else {
            None
        };
        let address = socket.as_ref().and_then(|socket| socket.local_addr().ok());
        let url = public_url(settings, address.unwrap_or(settings.listen));
        let app = match &socket {
            Some(_) => Some(self.app(settings, &url)?),
            None => None,
        };
        self.requests = app.as_ref().map(|app| app.storage.clone());
        if let Some(address) = settings.telemetry.metrics_listen {
            self.show_metrics(address, app.as_ref().map(App::probed))?;
        }
        self.schema_and_workspace(settings, &url).await?;
        if settings.role.works() {
            self.workers = Some(Workers::start(&self.plan(settings, &url)?));
        }
        let mut allocator = None;
        if let (Some(app), Some(socket)) = (app, socket) {
            allocator = Some(app.allocator.clone());
            let (storage, watched) = (app.storage.clone(), app.allocator.clone());
            self.watches
                .spawn(async move { storage.keep_credentials().await });
            self.watches.spawn(async move { watched.keep_watch().await });
            let door = Door {
                connections: open_files::raise(settings.door.connections),
                ..settings.door.clone()
            };
            let console = pages::console(settings, &app)?;
            let http = Http::start(app, door, listen(socket)?, move |service| {
                if let Some(console) = &console {
                    console::configure(console, service);
                }
            })?;
            tracing::info!(address = %http.address(), %url, "listening");
            self.http = Some(http);
        }
        let observer = Observer::new(self.storage.clone(), allocator, settings.role.works());
        self.observer.spawn(observer.run());
        Ok(())
    }

    /// Before there is a schema: whoever waits for this process can see that it is not ready yet.
    fn show_metrics(&mut self, address: SocketAddr, of_the_api: Option<Probed>) -> anyhow::Result<()> {
        let of_a_worker = || Probed {
            readiness: Arc::clone(&self.readiness),
            storage: self.storage.clone(),
            allocator: None,
        };
        let probed = of_the_api.unwrap_or_else(of_a_worker);
        let metrics = Http::start_metrics(Exposition::new(telemetry::say), probed, listen(bind(address)?)?)?;
        tracing::info!(address = %metrics.address(), "metrics are shown");
        self.metrics = Some(metrics);
        Ok(())
    }

    async fn schema_and_workspace(&mut self, settings: &Settings, url: &Url) -> anyhow::Result<()> {
        let has_console = settings.role.answers() && settings.console == Some(console::Mode::On);
        let console_url = has_console.then(|| url.clone());
        if settings.migrate {
            opening::migrate(&self.database).await?;
            opening::check_sessions(&self.storage).await?;
            opening::make_workspace(&self.storage, settings.bootstrap.as_ref()).await?;
            opening::offer_setup(&self.storage, console_url.as_ref()).await?;
            self.readiness.schema_fits();
            return Ok(());
        }
        let (url, storage) = (self.database.direct_url.clone(), self.storage.clone());
        let (bootstrap, readiness) = (settings.bootstrap.clone(), Arc::clone(&self.readiness));
        self.opening.spawn(async move {
            opening::until_schema_fits(&url).await;
            opening::until_workspace(&storage, bootstrap.as_ref()).await;
            if let Err(error) = opening::offer_setup(&storage, console_url.as_ref()).await {
                tracing::warn!(%error, "a link for setting up the console cannot be made; the next start makes one");
            }
            readiness.schema_fits();
        });
        Ok(())
    }

    fn plan(&self, settings: &Settings, public_url: &Url) -> anyhow::Result<Plan> {
        let outbound = Outbound::new(settings.outbound_allow.clone(), Limits::default())?;
        let (storage, zone) = (&self.storage, &settings.time_zone);
        if settings.mails.relay.is_some() && settings.public_url.is_none() {
            tracing::warn!("COUPONRY_PUBLIC_URL is not set: links in mails lead to the listen address");
        }
        let mailer = settings.mails.relay.clone().map(|relay| {
            let most_bytes = settings.mails.attachment_bytes;
            Mailer::new(
                storage.clone(),
                relay,
                zone.clone(),
                public_url.clone(),
                most_bytes,
            )
        });
        let loader = Loader::new(storage.clone(), settings.work.list_codes);
        let loads = Arc::new(Semaphore::new(settings.work.loads));
        let workshop = Workshop {
            storage: storage.clone(),
            fetcher: Fetcher::new(
                storage.clone(),
                outbound.clone(),
                loader.clone(),
                Arc::clone(&loads),
            ),
            loader,
            callbacks: Callbacks::new(outbound),
            reports: ReportBuilder::new(storage.clone(), zone.clone(), settings.report_variations),
            mailer,
            public_url: public_url.as_str().trim_end_matches('/').to_owned(),
        };
        Ok(Plan {
            storage: storage.clone(),
            workshop: Arc::new(workshop),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            lease: settings.work.job_lease,
            loads,
            direct_url: self.database.direct_url.clone(),
        })
    }

    fn app(&self, settings: &Settings, public_url: &Url) -> anyhow::Result<App> {
        let policy = settings.outbound_allow.clone();
        Ok(App {
            storage: pools::requests(&self.database)?,
            allocator: pools::allocations(&self.database, settings.after_promotion)?,
            most_lists: settings.workspace_lists,
            zone: settings.time_zone.clone(),
            refuses_url: Arc::new(move |url| policy.refuses_literally(url)),
            public_url: public_url.as_str().trim_end_matches('/').to_owned(),
            mail_domains: settings.mails.domains.clone(),
            readiness: Arc::clone(&self.readiness),
            rate_limits: settings.rate_limits.clone(),
            shield: Shield::new(settings.address_requests, settings.door.proxies.clone()),
            exposition: settings
                .telemetry
                .metrics_listen
                .is_none()
                .then(|| Exposition::new(telemetry::say)),
        })
    }

    /// A link that signs this person, an admin of every workspace, in to the console, if there is one.
    pub(crate) async fn sign_in_link(
        &self,
        settings: &Settings,
        email: &str,
        name: &str,
    ) -> anyhow::Result<Option<String>> {
        let (Some(_), Some(address)) = (settings.console, self.address()) else {
            return Ok(None);
        };
        self.storage.make_admin(email, name).await?;
        let token = self.storage.sign_in_link(email).await?;
        let url = public_url(settings, address);
        Ok(token.map(|token| console::link(url.as_str(), &token)))
    }

    /// Where the API is, if this process answers it.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Http::address)
    }

    /// Resolves, with the reason, when it cannot go on by itself.
    pub(crate) async fn ended(&self) -> String {
        format!("the private PostgreSQL is gone: {}", self.database.ended().await)
    }

    /// Finishes what is under way. A balancer gets notice, a person at the keyboard does not wait for one, and a
    /// second signal ends everything at once.
    pub(crate) async fn finish(self, why: Option<Signal>, signals: &mut Signals) {
        let notice = match why {
            Some(Signal::Terminate) => NOTICE,
            Some(Signal::Interrupt) | None => Duration::ZERO,
        };
        tokio::select! {
            () = self.stop(notice) => {}
            _ = signals.next() => {
                tracing::warn!("a second signal: stopping at once");
                // A private PostgreSQL hears of our end from the kernel.
                std::process::exit(1);
            }
        }
    }

    async fn stop(mut self, notice: Duration) {
        tracing::info!("stopping");
        self.readiness.drain();
        self.opening.shutdown().await;
        let workers = async {
            if let Some(workers) = self.workers.take() {
                workers.stop().await;
            }
        };
        let http = async {
            if let Some(http) = self.http.take() {
                sleep(notice).await;
                http.stop().await;
            }
        };
        tokio::join!(workers, http);
        self.watches.shutdown().await;
        self.observer.shutdown().await;
        if let Some(metrics) = self.metrics.take() {
            metrics.stop().await;
        }
        if let Some(requests) = &self.requests {
            requests.close();
        }
        self.storage.close();
        self.database.close().await;
        tracing::info!("stopped");
    }
}
