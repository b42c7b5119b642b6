//! `couponry openapi`: the API's description for machines, for generators of clients and for `docs/openapi.json`.

use std::process::ExitCode;

#[expect(clippy::print_stdout, reason = "what the command is for")]
pub(crate) fn run() -> ExitCode {
    print!("{}", api::openapi());
    ExitCode::SUCCESS
}
