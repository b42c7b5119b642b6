//! Kinds of work, and how much each puts up with.

use std::time::Duration;

use domain::LoadFailure;

/// What kinds of work there are; a load of a hosted file is two, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    FetchFile,
    LoadFile,
    PurgeList,
    SendMail,
    CallBack,
    BuildReport,
    BulkAction,
    SendInvitation,
}

impl JobKind {
    /// As jobs are stored; a fetch is a load in another lane.
    pub(crate) const STORED: [Self; 7] = [
        Self::LoadFile,
        Self::PurgeList,
        Self::SendMail,
        Self::CallBack,
        Self::BuildReport,
        Self::BulkAction,
        Self::SendInvitation,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FetchFile => "fetch_file",
            Self::LoadFile => "load_file",
            Self::PurgeList => "purge_list",
            Self::SendMail => "send_mail",
            Self::CallBack => "call_back",
            Self::BuildReport => "build_report",
            Self::BulkAction => "bulk_action",
            Self::SendInvitation => "send_invitation",
        }
    }

    /// Errors after which a job is given up. What goes to somebody else's server has three days, more or less: a relay
    /// or a receiver that is down over a weekend loses nothing.
    pub(super) const fn most_failures(self) -> i32 {
        match self {
            Self::FetchFile | Self::LoadFile | Self::PurgeList | Self::BuildReport | Self::BulkAction => 5,
            Self::SendMail | Self::SendInvitation => 870,
            Self::CallBack => 80,
        }
    }

    /// Workers that died with a job after which it is given up. Work of ours that ends its process each time would do so
    /// for ever; a mail or a callback has nothing that could, and is only near what does.
    pub(crate) const fn most_deaths(self) -> i32 {
        match self {
            Self::FetchFile | Self::LoadFile | Self::PurgeList | Self::BuildReport | Self::BulkAction => 5,
            Self::SendMail | Self::CallBack | Self::SendInvitation => 50,
        }
    }

    /// What is told of a job of this kind that was given up: its errors, or, with their number, its deaths.
    pub(crate) fn failure(self, deaths: Option<i32>) -> String {
        match (self, deaths) {
            (Self::BuildReport, None) => "the server failed repeatedly while building it".to_owned(),
            (Self::BuildReport, Some(deaths)) => {
                format!("the server stopped {deaths} times while building it; ask for it again")
            }
            (Self::BulkAction, None) => "the server failed repeatedly; ask for it again".to_owned(),
            (Self::BulkAction, Some(deaths)) => {
                format!("the server stopped {deaths} times; ask for it again")
            }
            (_, None) => LoadFailure::ServerFault.to_string(),
            (_, Some(deaths)) => LoadFailure::ServerStopped(deaths).to_string(),
        }
    }

    /// How long to wait when another error follows on so many: 2, 4, 8 … seconds up to a limit of the kind.
    pub fn back_off(self, failures: i32) -> Duration {
        let most = match self {
            Self::FetchFile | Self::LoadFile | Self::PurgeList | Self::BuildReport | Self::BulkAction => {
                Duration::from_mins(2)
            }
            Self::SendMail | Self::SendInvitation => Duration::from_mins(5),
            Self::CallBack => Duration::from_hours(1),
        };
        Duration::from_secs(2 << failures.clamp(0, 12)).min(most)
    }
}
