//! [`TlsArgs`]: certificates.

use std::path::PathBuf;

use crate::location::Target;
use crate::{Error, FlightServerBuilder};

/// Certificates, of the server and of those who vouch for its clients.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(about = None, long_about = None, next_help_heading = "TLS")]
#[non_exhaustive]
pub struct TlsArgs {
    /// The server's certificate in PEM, with the chain behind it; read again when it changes [default: none]
    #[arg(long, env = "FLIGHT_TLS_CERT", hide_env_values = true)]
    #[arg(value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key in PEM [default: none]
    #[arg(long, env = "FLIGHT_TLS_KEY", hide_env_values = true)]
    #[arg(value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Authorities, in PEM, one of which must vouch for each client [default: none, and clients are not asked]
    #[arg(long, env = "FLIGHT_CLIENT_CA", hide_env_values = true)]
    #[arg(value_name = "FILE")]
    pub client_ca: Option<PathBuf>,
    /// Serve clients without a certificate as well; one that is shown must be good
    #[arg(
        long,
        env = "FLIGHT_CLIENT_CERTIFICATE_OPTIONAL",
        hide_env_values = true
    )]
    pub client_certificate_optional: bool,
}

impl TlsArgs {
    pub(super) fn give(&self, mut server: FlightServerBuilder) -> FlightServerBuilder {
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            server = server.replace_certificate(certificate.clone(), key.clone());
        }
        if let Some(authorities) = &self.client_ca {
            server = server.replace_roots(authorities.clone());
        }
        if self.client_certificate_optional {
            return server.verify_client(false).client_certificate_optional();
        }
        // Who gives authorities wants them asked, if the program has not said how.
        match self.client_ca.is_some() && !server.asks_clients() {
            true => server.verify_client(true),
            false => server,
        }
    }

    /// What of the flags does not fit together, in their own words.
    pub(super) fn check(&self, server: &FlightServerBuilder) -> Result<(), Error> {
        let Some(location) = server.place() else {
            return Ok(());
        };
        let given = [
            ("--tls-cert", self.tls_cert.is_some()),
            ("--client-ca", self.client_ca.is_some()),
            (
                "--client-certificate-optional",
                self.client_certificate_optional,
            ),
        ];
        let given = given.iter().find(|(_, given)| *given);
        let tls = matches!(location.target()?, Target::Tcp { tls: true, .. });
        Err(Error::invalid_argument(match (tls, given) {
            (false, Some((flag, _))) => format!(
                "`{flag}` has no effect at `{location}`, which is in plain text: listen on `--location grpc+tls://host:port`"
            ),
            (true, _) if !server.has_certificate() => {
                format!("`{location}` needs a certificate: `--tls-cert` and `--tls-key`")
            }
            (true, _) if self.client_certificate_optional && !server.has_roots() => {
                "`--client-certificate-optional` needs the authorities that vouch for clients: `--client-ca`".to_owned()
            }
            _ => return Ok(()),
        }))
    }
}
