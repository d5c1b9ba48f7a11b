//! What both ends of TLS need: the provider of cryptography, and PEM read into certificates and keys, each mistake with its fix.

use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, RootCertStore};

use crate::Error;
use crate::pem::Pem;

/// The provider is named here and passed on: the process's default belongs to the program, and may be another or none.
pub(crate) fn provider() -> CryptoProvider {
    #[cfg(feature = "tls-aws-lc")]
    return rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "tls-aws-lc"))]
    rustls::crypto::ring::default_provider()
}

/// The authorities in these.
pub(crate) fn roots(pems: &[Pem]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for pem in pems {
        let text = pem.read()?;
        let found = certificates(pem, &text)?;
        // The reader passes over sections that it does not know; an authority must not get lost that way.
        let sections = String::from_utf8_lossy(&text)
            .matches("-----BEGIN ")
            .count();
        if sections != found.len() {
            return Err(wrong(
                pem,
                &format!(
                    "of {sections} sections {} are certificates: leave only `-----BEGIN CERTIFICATE-----` in it",
                    found.len()
                ),
            ));
        }
        for (index, certificate) in found.into_iter().enumerate() {
            roots.add(certificate).map_err(|error| {
                let place = index + 1;
                wrong(
                    pem,
                    &format!("root certificate {place} cannot be used: {error}"),
                )
            })?;
        }
    }
    Ok(roots)
}

pub(crate) fn certificates(pem: &Pem, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|error| wrong(pem, &format!("not readable as PEM: {error}")))?;
    if found.is_empty() {
        return Err(wrong(
            pem,
            "holds no certificate: a `-----BEGIN CERTIFICATE-----` section is needed",
        ));
    }
    Ok(found)
}

pub(crate) fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, Error> {
    let text = pem.read()?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound
            if String::from_utf8_lossy(&text).contains("BEGIN ENCRYPTED PRIVATE KEY") =>
        {
            wrong(
                pem,
                "the private key is encrypted: decrypt it with `openssl pkey`",
            )
        }
        pem::Error::NoItemsFound => wrong(
            pem,
            "holds no private key: a `-----BEGIN PRIVATE KEY-----` section is needed",
        ),
        other => wrong(pem, &format!("not readable as PEM: {other}")),
    })
}

/// An error that names the PEM.
pub(crate) fn wrong(pem: &Pem, what: &str) -> Error {
    Error::invalid_argument(format!("{}: {what}", pem.name()))
}
