//! The rate limits: one variable for each documented one. The defaults are the documentation's.

use clap::Args;
use domain::{Operation, RateLimit};

use super::Problems;

/// Each holds for one workspace; the text is `off`, `100/day`, `5/minute` or `5/minute,50/day`.
#[derive(Debug, Args)]
#[allow(clippy::struct_field_names, reason = "the fields' names are the flags' names")]
pub(crate) struct RateVariables {
    /// Rate limit: lists created
    #[arg(
        long,
        env = "COUPONRY_RATE_CREATE_LIST",
        global = true,
        value_name = "LIMIT",
        default_value = "100/day"
    )]
    rate_create_list: String,

    /// Rate limit: fetches of all lists
    #[arg(
        long,
        env = "COUPONRY_RATE_FETCH_LISTS",
        global = true,
        value_name = "LIMIT",
        default_value = "10000/day"
    )]
    rate_fetch_lists: String,

    /// Rate limit: fetches of one list
    #[arg(
        long,
        env = "COUPONRY_RATE_FETCH_LIST",
        global = true,
        value_name = "LIMIT",
        default_value = "10000/day"
    )]
    rate_fetch_list: String,

    /// Rate limit: updates of lists
    #[arg(
        long,
        env = "COUPONRY_RATE_UPDATE_LIST",
        global = true,
        value_name = "LIMIT",
        default_value = "100/day"
    )]
    rate_update_list: String,

    /// Rate limit: activations
    #[arg(
        long,
        env = "COUPONRY_RATE_ACTIVATE_LIST",
        global = true,
        value_name = "LIMIT",
        default_value = "100/day"
    )]
    rate_activate_list: String,

    /// Rate limit: archivings
    #[arg(
        long,
        env = "COUPONRY_RATE_ARCHIVE_LIST",
        global = true,
        value_name = "LIMIT",
        default_value = "100/day"
    )]
    rate_archive_list: String,

    /// Rate limit: files uploaded, by URL or by hand
    #[arg(
        long,
        env = "COUPONRY_RATE_UPLOAD_FILE",
        global = true,
        value_name = "LIMIT",
        default_value = "5/minute,50/day"
    )]
    rate_upload_file: String,

    /// Rate limit: fetches of a list's files
    #[arg(
        long,
        env = "COUPONRY_RATE_FETCH_FILES",
        global = true,
        value_name = "LIMIT",
        default_value = "10000/day"
    )]
    rate_fetch_files: String,

    /// Rate limit: fetches of one file
    #[arg(
        long,
        env = "COUPONRY_RATE_FETCH_FILE",
        global = true,
        value_name = "LIMIT",
        default_value = "10000/day"
    )]
    rate_fetch_file: String,

    /// Rate limit: files deleted
    #[arg(
        long,
        env = "COUPONRY_RATE_DELETE_FILE",
        global = true,
        value_name = "LIMIT",
        default_value = "5/minute,50/day"
    )]
    rate_delete_file: String,

    /// Rate limit: usage reports asked for
    #[arg(
        long,
        env = "COUPONRY_RATE_USAGE_REPORT",
        global = true,
        value_name = "LIMIT",
        default_value = "5/minute,50/day"
    )]
    rate_usage_report: String,
}

impl RateVariables {
    fn of(&self, operation: Operation) -> (&'static str, &str) {
        match operation {
            Operation::CreateList => ("COUPONRY_RATE_CREATE_LIST", &self.rate_create_list),
            Operation::FetchLists => ("COUPONRY_RATE_FETCH_LISTS", &self.rate_fetch_lists),
            Operation::FetchList => ("COUPONRY_RATE_FETCH_LIST", &self.rate_fetch_list),
            Operation::UpdateList => ("COUPONRY_RATE_UPDATE_LIST", &self.rate_update_list),
            Operation::ActivateList => ("COUPONRY_RATE_ACTIVATE_LIST", &self.rate_activate_list),
            Operation::ArchiveList => ("COUPONRY_RATE_ARCHIVE_LIST", &self.rate_archive_list),
            Operation::UploadFile => ("COUPONRY_RATE_UPLOAD_FILE", &self.rate_upload_file),
            Operation::FetchFiles => ("COUPONRY_RATE_FETCH_FILES", &self.rate_fetch_files),
            Operation::FetchFile => ("COUPONRY_RATE_FETCH_FILE", &self.rate_fetch_file),
            Operation::DeleteFile => ("COUPONRY_RATE_DELETE_FILE", &self.rate_delete_file),
            Operation::UsageReport => ("COUPONRY_RATE_USAGE_REPORT", &self.rate_usage_report),
        }
    }

    /// Every limit as it was said.
    pub(super) fn read(&self, problems: &mut Problems) -> Vec<(Operation, RateLimit)> {
        let mut read = |operation| {
            let (variable, text) = self.of(operation);
            let limit = text.parse().map_err(|error| format!("{error}, not \"{text}\""));
            Some((operation, problems.keep(variable, limit)?))
        };
        Operation::ALL.into_iter().filter_map(&mut read).collect()
    }
}
