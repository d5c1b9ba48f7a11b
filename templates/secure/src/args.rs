//! The command line.

use std::path::PathBuf;

use flight_runtime::cli::ServerArgs;
use flight_runtime::cli::clap::{self, Parser, Subcommand};
use flight_runtime::prelude::*;

use crate::users::Users;

/// {{description}}
#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
// Never in plain text: passwords and tokens could be read on the way.
#[command(mut_arg("tls_cert", |flag| flag.required(true)))]
// What `service::server` has set.
#[command(mut_arg("max_call_duration", |flag| flag.help("How long a call may take [default: 5m]")))]
#[command(mut_arg("max_upload_bytes", |flag| flag.help("One upload, as it travels [default: 64MiB]")))]
#[command(mut_arg("max_calls_per_identity", |flag| flag.help("Calls at once of one user [default: 50]")))]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Who may log in: lines of `name:role,role:hash of the password`
    #[arg(
        long,
        env = "USERS_FILE",
        value_name = "FILE",
        required_unless_present = "users"
    )]
    users_file: Option<PathBuf>,
    /// The same as text, for secrets that come as variables; counts more than the file
    #[arg(long, env = "USERS", value_name = "LINES", hide_env_values = true)]
    users: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Read a password from standard input, and print its hash for the users' file
    HashPassword,
}

impl Args {
    pub(crate) fn users(&self) -> Result<Users, Error> {
        match (&self.users, &self.users_file) {
            (Some(lines), _) => lines.parse(),
            (None, Some(file)) => Users::read(file),
            (None, None) => Err(Error::invalid_argument(
                "nobody may log in: say `--users-file`",
            )),
        }
    }
}
