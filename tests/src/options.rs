//! The command line of the service under test.

use std::time::Duration;

use flight_runtime::{Limits, Method};

use crate::login::Auth;

/// Which services run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Services {
    /// Every one that has routes, in one server.
    #[default]
    All,
    /// Handlers without a route alone.
    CatchAll,
    /// Handlers that not everybody may use, and those of `actions`.
    Guarded,
    /// A service of one action and nothing else.
    ActionsAlone,
    /// A service of one `#[do_get]` and nothing else.
    DownloadsAlone,
    /// A table that is only written.
    Tables,
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--services all|catch-all|guarded|actions-alone|downloads-alone|tables`
    pub services: Services,
    /// `--location URI`
    pub location: Option<String>,
    /// `--advertise URI`
    pub advertise: Option<String>,
    /// `--max-message-size BYTES`
    pub max_message_size: Option<usize>,
    /// `--limit NAME=NUMBER`, several times; times are in milliseconds.
    pub limits: Limits,
    /// `--grace MILLISECONDS`
    pub grace: Option<Duration>,
    /// `--tls-cert PATH`, once for each `--tls-key`
    pub tls_certs: Vec<String>,
    /// `--tls-key PATH`
    pub tls_keys: Vec<String>,
    /// `--client-ca PATH`
    pub client_ca: Vec<String>,
    /// `--verify-client`: every client must show a certificate.
    pub verify_client: bool,
    /// `--client-optional`: a client may show a certificate.
    pub client_optional: bool,
    /// `--auth KIND`, several times
    pub auth: Vec<Auth>,
    /// `--public METHOD`, several times
    pub public: Vec<Method>,
    /// `--token-idle MILLISECONDS`, of logins
    pub token_idle: Option<Duration>,
    /// `--counted`: calls that are counted.
    pub counted: bool,
    /// `--watch`: middleware that writes down what it sees.
    pub watch: bool,
    /// `--layers`: tower layers around the service.
    pub layers: bool,
    /// `--no-definition`: the server does not say what it is.
    pub no_definition: bool,
    /// `--expose`: errors that `?` swept up are shown to clients.
    pub expose: bool,
    /// `--health` and `--public-health`
    pub health: bool,
    /// Health asks nobody for credentials.
    pub public_health: bool,
    /// `--reflection`
    pub reflection: bool,
    /// `--tonic`: mounted in tonic's server instead of the framework's.
    pub tonic: bool,
}

impl Options {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    ///
    /// A sentence about the argument that is none.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Options::default();
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| format!("`{name}` needs a value"))
            };
            let number = |text: String| {
                text.parse::<u32>()
                    .map_err(|error| format!("`{text}` is not a number: {error}"))
            };
            match name.as_str() {
                "--services" => {
                    options.services = match value()?.as_str() {
                        "all" => Services::All,
                        "catch-all" => Services::CatchAll,
                        "guarded" => Services::Guarded,
                        "actions-alone" => Services::ActionsAlone,
                        "downloads-alone" => Services::DownloadsAlone,
                        "tables" => Services::Tables,
                        other => return Err(format!("no services `{other}`")),
                    };
                }
                "--location" => options.location = Some(value()?),
                "--advertise" => options.advertise = Some(value()?),
                "--max-message-size" => {
                    options.max_message_size = Some(number(value()?)? as usize);
                }
                "--limit" => options.limits = limit(options.limits, &value()?)?,
                "--grace" => {
                    let milliseconds = number(value()?)?;
                    options.grace = Some(Duration::from_millis(milliseconds.into()));
                }
                "--tls-cert" => options.tls_certs.push(value()?),
                "--tls-key" => options.tls_keys.push(value()?),
                "--client-ca" => options.client_ca.push(value()?),
                "--verify-client" => options.verify_client = true,
                "--client-optional" => options.client_optional = true,
                "--auth" => options.auth.push(value()?.parse()?),
                "--public" => {
                    let name = value()?;
                    let mut methods = Method::ALL.into_iter();
                    let found = methods.find(|method| method.name() == name);
                    options
                        .public
                        .push(found.ok_or_else(|| format!("no method `{name}`"))?);
                }
                "--token-idle" => {
                    let milliseconds = number(value()?)?;
                    options.token_idle = Some(Duration::from_millis(milliseconds.into()));
                }
                "--counted" => options.counted = true,
                "--watch" => options.watch = true,
                "--layers" => options.layers = true,
                "--no-definition" => options.no_definition = true,
                "--expose" => options.expose = true,
                "--health" => options.health = true,
                "--public-health" => options.public_health = true,
                "--reflection" => options.reflection = true,
                "--tonic" => options.tonic = true,
                _ => return Err(format!("no option `{name}`")),
            }
        }
        Ok(options)
    }
}

fn limit(limits: Limits, text: &str) -> Result<Limits, String> {
    let (name, number) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not NAME=NUMBER"))?;
    let number: u32 = number
        .parse()
        .map_err(|error| format!("`{number}` is not a number: {error}"))?;
    let time = Duration::from_millis(number.into());
    Ok(match name {
        "max_connections" => limits.max_connections(number as usize),
        "max_calls" => limits.max_calls(number as usize),
        "max_calls_per_connection" => limits.max_calls_per_connection(number),
        "max_resets_per_minute" => limits.max_resets_per_minute(number),
        "max_connection_age" => limits.max_connection_age(time),
        "time_to_speak" => limits.time_to_speak(time),
        "upload_idle" => limits.upload_idle(time),
        "download_idle" => limits.download_idle(time),
        _ => return Err(format!("no limit `{name}`")),
    })
}
