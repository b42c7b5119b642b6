//! One file per subcommand.

pub(crate) mod backup;
pub(crate) mod config_check;
pub(crate) mod database;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod healthcheck;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod person;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod workspace_create;
