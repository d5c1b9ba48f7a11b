//! [`Definition`]: services as one JSON document, with the version of its form.

use serde::{Deserialize, Serialize};

use super::ServiceDefinition;
use crate::Error;

/// The definitions of the services of a server, or of one service: what a JSON document of them holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Definition {
    /// The services, in the order in which the server got them.
    pub services: Vec<ServiceDefinition>,
}

/// What the document says of itself.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Deserialize)]
struct Document {
    services: Vec<ServiceDefinition>,
}

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u32,
    services: &'a [ServiceDefinition],
}

impl Definition {
    /// What the field `format` of the document says.
    pub const FORMAT: &'static str = "flight-runtime.service-definition";

    /// The version of the document's form, its field `version`.
    ///
    /// It grows when a reader would misunderstand the document. A field that can be ignored comes without a new version.
    pub const VERSION: u32 = 1;

    pub(crate) fn new(services: Vec<ServiceDefinition>) -> Self {
        Self { services }
    }

    /// The JSON document, indented. The same definition always gives the same text.
    pub fn to_json(&self) -> String {
        let written = Written {
            format: Self::FORMAT,
            version: Self::VERSION,
            services: &self.services,
        };
        // Every key is a text, so that there is nothing to go wrong.
        serde_json::to_string_pretty(&written).unwrap_or_default()
    }

    /// Reads the JSON document. Fields that this version does not know are ignored.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for what is not JSON, another format, a version that is not [`VERSION`](Self::VERSION), and a field that is missing or of
    /// another type.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        let Head { format, version } = read(json)?;
        if format != Self::FORMAT {
            return Err(Error::invalid_argument(format!(
                "the format of the document is `{}`, expected `{}`",
                crate::route::shorten(&format),
                Self::FORMAT
            )));
        }
        if version != Self::VERSION {
            return Err(Error::invalid_argument(format!(
                "the document is of version {version}, and this reads version {}: take a newer flight-runtime to read it, or an older one to write it",
                Self::VERSION
            )));
        }
        let Document { services } = read(json)?;
        Ok(Self::new(services))
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Error> {
    serde_json::from_str(json)
        .map_err(|error| Error::invalid_argument(format!("not a service definition: {error}")))
}

impl From<ServiceDefinition> for Definition {
    fn from(service: ServiceDefinition) -> Self {
        Self::new(vec![service])
    }
}
