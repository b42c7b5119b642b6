//! `couponry openapi`: the API's description for machines, for generators of clients and for `docs/openapi.json`.

use std::process::ExitCode;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The page of all errors instead (docs/ERRORS.md)
    #[arg(long)]
    errors: bool,
}

#[expect(clippy::print_stdout, reason = "what the command is for")]
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.errors {
        print!("{}", api::errors_page());
    } else {
        print!("{}", api::openapi());
    }
    ExitCode::SUCCESS
}
