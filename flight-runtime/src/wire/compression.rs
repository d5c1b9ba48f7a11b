//! Messages that a client compressed before it framed them ("Message-Encoding" in the
//! gRPC over HTTP/2 protocol, and gRPC's `compression.md`).
//!
//! The call's `grpc-encoding` says how, and the flag of each message whether. Both
//! readers meet such a message in its prefix: they ask [`Encoding::inflate`] for an
//! [`Inflate`], poll it until the message is there as its sender wrote it, and go on as
//! if it had arrived like that. Nothing else knows of compression.
//!
//! Answers are never compressed, which the specification leaves to each side: batches
//! have Arrow's own compression for that, in LZ4 or ZSTD, which are much faster, and gzip
//! around a message would copy every buffer that now goes out by reference.

#[cfg(feature = "gzip")]
mod gzip;

#[cfg(feature = "gzip")]
pub(crate) use self::gzip::Inflate;

use super::error::{WireError, shown};

/// How a call's messages are compressed, where their flag says that they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Not at all.
    Identity,
    /// As gzip (RFC 1952), each for itself.
    #[cfg(feature = "gzip")]
    Gzip,
}

impl Encoding {
    /// What requests may be in: the value of `grpc-accept-encoding`.
    pub(crate) const ACCEPTED: &'static str = if cfg!(feature = "gzip") {
        "identity,gzip"
    } else {
        "identity"
    };

    /// Reads the value of `grpc-encoding`, if the call has one.
    ///
    /// An unknown one is refused whether or not a message is in it, as gRPC's own servers
    /// do: which messages a client compresses depends on what is in them, and a call that
    /// fails is better than one that fails for some data.
    ///
    /// # Errors
    ///
    /// [`WireError::Encoding`] for one that is not accepted.
    pub(crate) fn parse(value: Option<&[u8]>) -> Result<Self, WireError> {
        match value {
            None | Some(b"identity") => Ok(Self::Identity),
            #[cfg(feature = "gzip")]
            Some(b"gzip") => Ok(Self::Gzip),
            Some(other) => Err(WireError::Encoding(shown(&String::from_utf8_lossy(other)))),
        }
    }

    /// Begins with a message of `len` bytes that is marked as compressed, and that may
    /// be of `limit` bytes when it no longer is.
    ///
    /// # Errors
    ///
    /// [`WireError::Compressed`] in a call that has no encoding.
    #[cfg_attr(not(feature = "gzip"), expect(unused_variables))]
    pub(crate) fn inflate(self, len: usize, limit: usize) -> Result<Box<Inflate>, WireError> {
        match self {
            Self::Identity => Err(WireError::Compressed),
            #[cfg(feature = "gzip")]
            Self::Gzip => Ok(Box::new(Inflate::new(len, limit))),
        }
    }
}

/// There is none without an encoding to undo.
#[cfg(not(feature = "gzip"))]
#[derive(Debug)]
pub(crate) enum Inflate {}

#[cfg(not(feature = "gzip"))]
impl Inflate {
    pub(crate) fn poll<B>(
        &mut self,
        _: &mut super::grpc::Chunks<B>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<usize, WireError>> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_encoding_is_refused_on_one_line() {
        assert_eq!(Encoding::parse(None).unwrap(), Encoding::Identity);
        assert_eq!(
            Encoding::parse(Some(b"identity")).unwrap(),
            Encoding::Identity
        );
        for (value, text) in [
            (&b"snappy"[..], "`snappy`"),
            (b"", "``"),
            (b"GZIP", "`GZIP`"),
            (b"a\tb\xff", "`a\\tb\u{fffd}`"),
        ] {
            let error = Encoding::parse(Some(value)).unwrap_err();
            assert!(matches!(error, WireError::Encoding(_)));
            let said = error.to_string();
            assert!(said.contains(text), "{said}");
            assert!(said.contains(Encoding::ACCEPTED), "{said}");
        }
        let long = Encoding::parse(Some(&[b'x'; 10_000])).unwrap_err();
        assert!(long.to_string().len() < 300);
    }

    #[test]
    fn a_flag_without_an_encoding_is_an_error_of_its_own() {
        let error = Encoding::Identity.inflate(3, 9).unwrap_err();
        assert!(matches!(error, WireError::Compressed));
    }
}
