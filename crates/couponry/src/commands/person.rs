//! `couponry person …`: who signs in to the console.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use domain::Name;
use serde::Serialize;
use storage::Storage;

use crate::{config::Settings, database::Database, pools, public_url::public_url};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make somebody an admin of every workspace, and print a link for choosing a password as one JSON object
    Create(CreateArguments),
    /// Print everybody who can sign in, one JSON object a line
    List,
    /// Shut somebody out at once; what the person did stays in the audit log
    Disable(DisableArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// The e-mail address the person signs in with
    #[arg(long)]
    email: String,

    /// What others see: 1 to 255 characters; absent: the address
    #[arg(long, value_parser = name)]
    name: Option<Name>,
}

#[derive(Debug, Args)]
pub(crate) struct DisableArguments {
    /// The e-mail address the person signs in with
    #[arg(long)]
    email: String,
}

#[derive(Serialize)]
struct Made<'a> {
    email: &'a str,
    link: &'a str,
}

#[derive(Serialize)]
struct Shown<'a> {
    email: &'a str,
    name: &'a str,
    workspaces: &'a [String],
    second_factor: bool,
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<()> {
    let database = Database::join(settings).await?;
    let outcome = async {
        if settings.migrate {
            storage::migrate(&database.direct_url).await?;
        }
        let storage = pools::background(&database, 0)?;
        let outcome = match command {
            Command::Create(arguments) => create(&storage, settings, &arguments).await,
            Command::List => list(&storage).await,
            Command::Disable(arguments) => disable(&storage, &arguments.email).await,
        };
        storage.close();
        outcome
    };
    let outcome = outcome.await;
    database.close().await;
    outcome
}

async fn create(storage: &Storage, settings: &Settings, asked: &CreateArguments) -> anyhow::Result<()> {
    console::check_address(&asked.email).map_err(|reason| anyhow!(reason))?;
    let name = asked.name.as_ref().map_or(asked.email.as_str(), Name::as_str);
    storage.make_admin(&asked.email, name).await?;
    let token = storage.password_link(&asked.email).await?;
    let token = token.ok_or_else(|| anyhow!("{} was disabled, and stays so", asked.email))?;
    let url = public_url(settings, settings.listen);
    print(&Made {
        email: &asked.email,
        link: &console::link(url.as_str(), &token),
    })
}

async fn list(storage: &Storage) -> anyhow::Result<()> {
    for person in storage.people().await? {
        print(&Shown {
            email: &person.person.email,
            name: &person.person.name,
            workspaces: &person.workspaces,
            second_factor: person.person.has_second_factor,
        })?;
    }
    Ok(())
}

async fn disable(storage: &Storage, email: &str) -> anyhow::Result<()> {
    if storage.disable_person(email).await? {
        Ok(())
    } else {
        Err(anyhow!(
            "nobody of the address {email} can sign in; see couponry person list"
        ))
    }
}

fn name(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(|error| error.to_string())
}

#[expect(clippy::print_stdout, reason = "what the commands are for")]
fn print(line: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}
