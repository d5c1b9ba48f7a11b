//! Weather for those who are let in: TLS, a login, a role, and a log of who did what.
//!
//! Run with `examples/run secure`, which makes certificates, serves with them and runs `client.py`. By hand:
//!
//! ```text
//! python examples/secure/certificates.py /tmp/certificates
//! cargo run -p examples --bin secure -- --users examples/secure/users.txt --tls-cert /tmp/certificates/server.crt \
//!     --tls-key /tmp/certificates/server.key --client-ca /tmp/certificates/client-ca.crt
//! python examples/secure/client.py --certificates /tmp/certificates
//! ```

mod audit;
mod observations;
mod users;

use std::path::PathBuf;

use chrono::NaiveDate;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;
use flight_runtime::{ClientCertificates, Tokens};

use observations::Observations;

/// Weather for those who are let in.
#[derive(Parser)]
// In plain text, passwords could be read on the way.
#[command(mut_arg("tls_cert", |flag| flag.required(true)))]
struct Options {
    #[command(flatten)]
    server: flight_runtime::cli::ServerArgs,
    /// Who may log in: lines of `name:role,role:password`
    #[arg(long, value_name = "FILE")]
    users: PathBuf,
}

struct Weather {
    observations: Observations,
    tokens: Tokens,
}

/// Daily weather in Seattle.
#[flight_server(roles("admin"))]
impl Weather {
    /// What was observed from a day on: for everybody who is known.
    #[do_get("observations?{since}")]
    async fn observations(&self, since: Option<NaiveDate>) -> RecordBatch {
        self.observations.since(since)
    }

    /// Forget what was observed before a day, `2013-01-01`.
    #[action("forget", require = "role:admin")]
    async fn forget(&self, day: String, caller: Principal) -> Result<String, Error> {
        let before = day.parse().map_err(|_| {
            Error::invalid_argument(format!("`{day}` is not a day such as `2013-01-01`"))
        })?;
        let forgotten = self.observations.forget(before);
        Ok(format!("{} made me forget {forgotten} days", caller.name()))
    }

    /// End the token that the caller came with.
    #[action("log-out")]
    async fn log_out(&self, ctx: CallContext) -> &'static str {
        match self.tokens.revoke_own(&ctx) {
            true => "the token has ended",
            false => "no token came with this call",
        }
    }

    /// Whether the service is up.
    #[action("health", public)]
    async fn health(&self) -> &'static str {
        "up"
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options::parse();
    options.server.init_logging()?;
    let login = users::login(&options.users)?;
    let weather = Weather {
        observations: Observations::open()?,
        tokens: login.tokens(),
    };
    let mut server = FlightServer::builder(weather)
        .authenticator(login)
        .middleware("audit", audit::start);
    if options.server.tls.client_ca.is_some() {
        server = server
            .client_certificate_optional()
            .authenticator(ClientCertificates::new().role("operator", "admin"));
    }
    let server = options.server.configure(server)?;
    let server = server.start().await?;
    println!("listening on {}", server.location());
    server.serve().await
}
