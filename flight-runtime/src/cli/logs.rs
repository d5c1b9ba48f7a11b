//! [`LogArgs`]: what is logged, and how.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

use super::values;
use crate::Error;

/// What is logged, and how.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(about = None, long_about = None, next_help_heading = "Logs")]
#[non_exhaustive]
pub struct LogArgs {
    /// What to log, as in `warn,flight_runtime::access=info` [default: what RUST_LOG says, else info]
    #[arg(long, env = "FLIGHT_LOG", hide_env_values = true)]
    #[arg(value_name = "FILTER", value_parser = values::filter)]
    pub log: Option<String>,
    /// How lines of the log look: text, or json for programs
    #[arg(long, env = "FLIGHT_LOG_FORMAT", hide_env_values = true)]
    #[arg(
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub log_format: LogFormat,
}

/// How lines of the log look.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// An object a line, for programs
    Json,
}

impl LogArgs {
    /// Has the process log to standard error from now on.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a `RUST_LOG` that is not a filter, FAILED_PRECONDITION where the process has a subscriber of `tracing` already.
    pub fn init(&self) -> Result<(), Error> {
        let filter = match &self.log {
            Some(filter) => filter.clone(),
            None => std::env::var(EnvFilter::DEFAULT_ENV)
                .ok()
                .filter(|filter| !filter.is_empty())
                .unwrap_or_else(|| "info".to_owned()),
        };
        let filter = EnvFilter::try_new(&filter)
            .map_err(|error| Error::invalid_argument(format!("log filter `{filter}`: {error}")))?;
        let mut lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stderr);
        // Any crate of the program may have turned on colours (its feature `ansi`), which heed `NO_COLOR` and not where the lines go.
        if !stderr().is_terminal() {
            lines = lines.with_ansi(false);
        }
        match self.log_format {
            LogFormat::Text => lines.try_init(),
            LogFormat::Json => lines.json().flatten_event(true).try_init(),
        }
        .map_err(|error| Error::failed_precondition(format!("the log: {error}")))
    }
}
