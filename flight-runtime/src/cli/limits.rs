//! [`LimitArgs`]: how much the server takes.

use std::time::Duration;

use super::set;
use super::values::{self, Off};
use crate::{FlightServerBuilder, Limits};

/// How much the server takes: those of [`Limits`] and of the builder that depend on where it runs, under the same names.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(about = None, long_about = None, next_help_heading = "Limits")]
#[non_exhaustive]
pub struct LimitArgs {
    /// From a connection to its first words, in TLS and HTTP/2 [default: 10s]
    #[arg(long, env = "FLIGHT_TIME_TO_SPEAK", hide_env_values = true)]
    #[arg(value_name = "TIME", value_parser = values::time)]
    time_to_speak: Option<Duration>,
    /// Connections at once [default: 10000]
    #[arg(long, env = "FLIGHT_MAX_CONNECTIONS", hide_env_values = true)]
    #[arg(value_name = "N", value_parser = values::count::<usize>)]
    max_connections: Option<usize>,
    /// Connections at once from one IP address [default: none]
    #[arg(
        long,
        env = "FLIGHT_MAX_CONNECTIONS_PER_ADDRESS",
        hide_env_values = true
    )]
    #[arg(value_name = "N|none", value_parser = values::off(values::count::<usize>))]
    max_connections_per_address: Option<Off<usize>>,
    /// How old a connection may be, a tenth more or less [default: none]
    #[arg(long, env = "FLIGHT_MAX_CONNECTION_AGE", hide_env_values = true)]
    #[arg(value_name = "TIME|none", value_parser = values::off(values::time))]
    max_connection_age: Option<Off<Duration>>,
    /// Calls at once [default: 10000]
    #[arg(long, env = "FLIGHT_MAX_CALLS", hide_env_values = true)]
    #[arg(value_name = "N", value_parser = values::count::<usize>)]
    max_calls: Option<usize>,
    /// Calls at once on one connection [default: 200]
    #[arg(long, env = "FLIGHT_MAX_CALLS_PER_CONNECTION", hide_env_values = true)]
    #[arg(value_name = "N", value_parser = values::count::<u32>)]
    max_calls_per_connection: Option<u32>,
    /// Calls at once of one caller, by name [default: 1000]
    #[arg(long, env = "FLIGHT_MAX_CALLS_PER_IDENTITY", hide_env_values = true)]
    #[arg(value_name = "N|none", value_parser = values::off(values::count::<usize>))]
    max_calls_per_identity: Option<Off<usize>>,
    /// Calls at once of callers without a name, from one IP address [default: none]
    #[arg(long, env = "FLIGHT_MAX_CALLS_PER_ADDRESS", hide_env_values = true)]
    #[arg(value_name = "N|none", value_parser = values::off(values::count::<usize>))]
    max_calls_per_address: Option<Off<usize>>,
    /// How long a call may take [default: none]
    #[arg(long, env = "FLIGHT_MAX_CALL_DURATION", hide_env_values = true)]
    #[arg(value_name = "TIME|none", value_parser = values::off(values::time))]
    max_call_duration: Option<Off<Duration>>,
    /// Wrong credentials a minute from one IP address [default: none]
    #[arg(
        long,
        env = "FLIGHT_MAX_FAILED_LOGINS_PER_ADDRESS",
        hide_env_values = true
    )]
    #[arg(value_name = "N|none", value_parser = values::off(values::count::<u32>))]
    max_failed_logins_per_address: Option<Off<u32>>,
    /// How long a client may send nothing of an upload [default: 5m]
    #[arg(long, env = "FLIGHT_UPLOAD_IDLE", hide_env_values = true)]
    #[arg(value_name = "TIME|none", value_parser = values::off(values::time))]
    upload_idle: Option<Off<Duration>>,
    /// How long a client may take nothing of an answer [default: 5m]
    #[arg(long, env = "FLIGHT_DOWNLOAD_IDLE", hide_env_values = true)]
    #[arg(value_name = "TIME|none", value_parser = values::off(values::time))]
    download_idle: Option<Off<Duration>>,
    /// One message of a client [default: 256MiB]
    #[arg(long, env = "FLIGHT_MAX_MESSAGE_SIZE", hide_env_values = true)]
    #[arg(value_name = "SIZE", value_parser = values::size::<usize>)]
    max_message_size: Option<usize>,
    /// Rows of one upload [default: none]
    #[arg(long, env = "FLIGHT_MAX_UPLOAD_ROWS", hide_env_values = true)]
    #[arg(value_name = "N|none", value_parser = values::off(values::count::<u64>))]
    max_upload_rows: Option<Off<u64>>,
    /// One upload, as it travels [default: none]
    #[arg(long, env = "FLIGHT_MAX_UPLOAD_BYTES", hide_env_values = true)]
    #[arg(value_name = "SIZE|none", value_parser = values::off(values::size::<u64>))]
    max_upload_bytes: Option<Off<u64>>,
    /// How long one upload may take [default: none]
    #[arg(long, env = "FLIGHT_MAX_UPLOAD_DURATION", hide_env_values = true)]
    #[arg(value_name = "TIME|none", value_parser = values::off(values::time))]
    max_upload_duration: Option<Off<Duration>>,
    /// What all messages that are not whole yet may take of memory [default: 1GiB]
    #[arg(long, env = "FLIGHT_MAX_UNFINISHED_BYTES", hide_env_values = true)]
    #[arg(value_name = "SIZE", value_parser = values::size::<usize>)]
    max_unfinished_bytes: Option<usize>,
    /// How long calls may go on after SIGTERM [default: 30s]
    #[arg(long, env = "FLIGHT_SHUTDOWN_GRACE", hide_env_values = true)]
    #[arg(value_name = "TIME", value_parser = values::wait)]
    shutdown_grace: Option<Duration>,
}

impl LimitArgs {
    pub(super) fn give(&self, server: FlightServerBuilder) -> FlightServerBuilder {
        let limits = self.limits(server.limits_given().clone());
        let server = server.limits(limits);
        let server = set(
            server,
            self.max_message_size,
            FlightServerBuilder::max_message_size,
        );
        set(
            server,
            self.shutdown_grace,
            FlightServerBuilder::shutdown_grace,
        )
    }

    fn limits(&self, limits: Limits) -> Limits {
        let limits = set(limits, self.time_to_speak, Limits::time_to_speak);
        let limits = set(limits, self.max_connections, Limits::max_connections);
        let limits = set(
            limits,
            self.max_connections_per_address,
            Limits::max_connections_per_address,
        );
        let limits = set(limits, self.max_connection_age, Limits::max_connection_age);
        let limits = set(limits, self.max_calls, Limits::max_calls);
        let limits = set(
            limits,
            self.max_calls_per_connection,
            Limits::max_calls_per_connection,
        );
        let limits = set(
            limits,
            self.max_calls_per_identity,
            Limits::max_calls_per_identity,
        );
        let limits = set(
            limits,
            self.max_calls_per_address,
            Limits::max_calls_per_address,
        );
        let limits = set(limits, self.max_call_duration, Limits::max_call_duration);
        let limits = set(
            limits,
            self.max_failed_logins_per_address,
            Limits::max_failed_logins_per_address,
        );
        let limits = set(limits, self.upload_idle, Limits::upload_idle);
        let limits = set(limits, self.download_idle, Limits::download_idle);
        let limits = set(limits, self.max_upload_rows, Limits::max_upload_rows);
        let limits = set(limits, self.max_upload_bytes, Limits::max_upload_bytes);
        let limits = set(
            limits,
            self.max_upload_duration,
            Limits::max_upload_duration,
        );
        set(
            limits,
            self.max_unfinished_bytes,
            Limits::max_unfinished_bytes,
        )
    }
}
