//! [`Pem`]: certificates and keys in text, in memory or in a file.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

/// Certificates or a private key in PEM, as bytes or as a file that is read again when it changes.
///
/// | from | is |
/// |---|---|
/// | `&str`, `String` | PEM when it contains `-----BEGIN`, else the path of a file |
/// | `&Path`, `PathBuf` | the path of a file |
/// | `&[u8]`, `&[u8; N]`, `Vec<u8>`, `Bytes` | PEM |
///
/// Its `Debug` shows the path or the number of bytes, never a key.
///
/// ```
/// use flight_runtime::Pem;
///
/// assert_eq!(format!("{:?}", Pem::from("/etc/flight/tls.crt")), "Pem(/etc/flight/tls.crt)");
/// assert_eq!(format!("{:?}", Pem::from(b"-----BEGIN PRIVATE KEY-----")), "Pem(27 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Pem(pub(crate) Source);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Text(Bytes),
    File(PathBuf),
}

impl Pem {
    /// For messages: which PEM of several is meant.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match &self.0 {
            Source::Text(_) => Cow::Borrowed("the PEM given as text"),
            Source::File(path) => Cow::Owned(format!("`{}`", path.display())),
        }
    }

    #[cfg_attr(
        not(any(feature = "tls-ring", feature = "tls-aws-lc")),
        allow(dead_code, reason = "nothing is read without TLS")
    )]
    pub(crate) fn read(&self) -> Result<Bytes, crate::Error> {
        match &self.0 {
            Source::Text(text) => Ok(text.clone()),
            Source::File(path) => std::fs::read(path).map(Bytes::from).map_err(|error| {
                crate::Error::invalid_argument(format!("cannot read {}: {error}", self.name()))
            }),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Text(text) => write!(f, "Pem({} bytes)", text.len()),
            Source::File(path) => write!(f, "Pem({})", path.display()),
        }
    }
}

impl From<String> for Pem {
    fn from(text: String) -> Self {
        Self(if text.contains("-----BEGIN") {
            Source::Text(text.into())
        } else {
            Source::File(text.into())
        })
    }
}

impl From<&str> for Pem {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<PathBuf> for Pem {
    fn from(path: PathBuf) -> Self {
        Self(Source::File(path))
    }
}

impl From<&Path> for Pem {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl From<Bytes> for Pem {
    fn from(text: Bytes) -> Self {
        Self(Source::Text(text))
    }
}

impl From<Vec<u8>> for Pem {
    fn from(text: Vec<u8>) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&[u8]> for Pem {
    fn from(text: &[u8]) -> Self {
        Bytes::copy_from_slice(text).into()
    }
}

impl<const N: usize> From<&[u8; N]> for Pem {
    fn from(text: &[u8; N]) -> Self {
        text.as_slice().into()
    }
}
