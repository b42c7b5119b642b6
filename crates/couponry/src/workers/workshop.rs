//! Where each kind of job is done.

use ingestion::{CallbackError, Callbacks, Fetcher, Loader};
use reporting::{MailError, Mailer, ReportBuilder};
use storage::{CallbackToMake, Claim, Error, Job, Storage, Token};

/// Everything that jobs need.
#[derive(Debug)]
pub(crate) struct Workshop {
    pub(crate) storage: Storage,
    pub(crate) fetcher: Fetcher,
    pub(crate) loader: Loader,
    pub(crate) callbacks: Callbacks,
    pub(crate) reports: ReportBuilder,
    /// Absent: mails wait.
    pub(crate) mailer: Option<Mailer>,
    /// For links to the console.
    pub(crate) public_url: String,
}

/// A job that did not come to its end. The reason names no person, address or code.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is worth another try.
    Later(String),
    /// It is worth another try; the trouble is another system's, and who spoke to it has logged it.
    Elsewhere(String),
    /// No other try would end differently.
    Never(String),
}

impl Workshop {
    /// Does the job and ends it.
    pub(super) async fn perform(&self, job: Job) -> Result<(), Trouble> {
        match job {
            Job::FetchFile(file) => self.fetcher.fetch(*file).await?,
            Job::LoadFile(file) => self.loader.load(*file).await?,
            Job::PurgeList { claim, list_id } => {
                self.storage.purge_list(list_id).await?;
                self.end(claim).await?;
            }
            Job::BuildReport(report) => self.reports.build(report).await?,
            Job::BulkAction(action) => self.storage.perform_bulk_action(action).await?,
            Job::CallBack(callback) => self.call_back(callback).await?,
            Job::SendMail(mail) => match &self.mailer {
                Some(mailer) => mailer.send(&mail).await?,
                None => return Err(no_relay()),
            },
            Job::SendInvitation(invitation) => match &self.mailer {
                Some(mailer) => {
                    let link = |token: &Token| console::link(&self.public_url, token);
                    mailer.invite(&invitation, link).await?;
                }
                None => return Err(no_relay()),
            },
        }
        Ok(())
    }

    async fn call_back(&self, job: CallbackToMake) -> Result<(), Trouble> {
        let callback = self.storage.callback(job).await?;
        self.callbacks
            .call(&callback, api::callback_body(&callback))
            .await?;
        self.end(job.claim).await
    }

    async fn end(&self, claim: Claim) -> Result<(), Trouble> {
        if !self.storage.finish_job(claim).await? {
            tracing::info!(
                job_id = claim.job_id,
                "a job was done by a worker that had lost it"
            );
        }
        Ok(())
    }
}

fn no_relay() -> Trouble {
    Trouble::Later("there is no mail relay".to_owned())
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Later(error.to_string())
    }
}

impl From<CallbackError> for Trouble {
    fn from(error: CallbackError) -> Self {
        Self::Later(error.to_string())
    }
}

impl From<MailError> for Trouble {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Never(_) => Self::Never(error.to_string()),
            MailError::Later(_) => Self::Elsewhere(error.to_string()),
            MailError::Storage(_) => Self::Later(error.to_string()),
        }
    }
}
