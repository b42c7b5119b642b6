//! The harness: boots the real thing, and speaks to it from outside.

mod actions;
mod answer;
mod backstage;
mod client;
mod codes;
mod database;
mod database_proxy;
mod file_host;
mod hand_outs;
mod mail_host;
mod multipart;
mod output;
mod page;
mod server;
mod shape;
mod template;
mod test_app;
pub(crate) mod texts;
mod waiting;

pub(crate) use actions::{a_list, codes_of, text, with, without};
pub(crate) use answer::Answer;
pub(crate) use client::{Client, Credentials, send, try_send};
pub(crate) use codes::{assert_all_different, codes, csv, sorted};
pub(crate) use database::Database;
pub(crate) use database_proxy::{DatabaseProxy, Way};
pub(crate) use file_host::FileHost;
pub(crate) use hand_outs::{code_path, ids, json_lines};
pub(crate) use mail_host::{Mail, MailHost};
pub(crate) use multipart::{file_part, part, whole};
pub(crate) use output::Output;
pub(crate) use page::{Gate, Page};
pub(crate) use server::{Server, program};
pub(crate) use shape::shape;
pub(crate) use test_app::{API_KEY, TestApp, WORKSPACE};
pub(crate) use waiting::{in_time, until, wait_for};
