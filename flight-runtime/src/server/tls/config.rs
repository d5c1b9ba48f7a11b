//! From PEM to a rustls configuration, each mistake with its fix.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::TlsSettings;
use super::resolver::{Entry, Resolver, names};
use crate::Error;
use crate::pem::Pem;
use crate::tls::{self, certificates, private_key, provider, wrong};

/// What the log was told of certificates: once each, however often they are read.
#[derive(Default)]
pub(super) struct Told(Mutex<HashSet<String>>);

impl Told {
    fn warn(&self, text: String) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.contains(&text) {
            tracing::warn!("{text}");
            told.insert(text);
        }
    }
}

/// Reads everything that the settings name.
pub(super) fn read(settings: &TlsSettings, told: &Told) -> Result<Arc<ServerConfig>, Error> {
    let provider = Arc::new(provider());
    let pairs = settings.certificates.iter();
    let entries = pairs.map(|(certificate, key)| entry(certificate, key, &provider, told));
    let resolver = Resolver(entries.collect::<Result<_, _>>()?);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| Error::invalid_argument(format!("TLS: {error}")))?;
    let asks = settings.verify_client || settings.client_certificate_optional;
    let builder = if asks {
        builder.with_client_cert_verifier(verifier(settings, provider)?)
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec()];
    if asks {
        // A resumed session is not verified again: a client whose certificate has expired could go on for a day.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}

fn verifier(
    settings: &TlsSettings,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let roots = tls::roots(&settings.roots)?;
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if settings.client_certificate_optional {
        builder.allow_unauthenticated()
    } else {
        builder
    };
    let built = builder.build();
    built.map_err(|error| Error::invalid_argument(format!("root certificates: {error}")))
}

fn entry(
    certificate: &Pem,
    key: &Pem,
    provider: &CryptoProvider,
    told: &Told,
) -> Result<Entry, Error> {
    let chain = certificates(certificate, &certificate.read()?)?;
    let private = private_key(key)?;
    let names = match chain.first().map(|first| X509Certificate::from_der(first)) {
        Some(Ok((_, first))) => {
            warn_of_validity(certificate, &first, told);
            names(&first)
        }
        _ => return Err(wrong(certificate, "its first certificate cannot be read")),
    };
    let certified = CertifiedKey::from_der(chain, private, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => wrong(
            key,
            &format!(
                "the key does not fit the certificate in {}: give the key that the certificate was made for, and the server's own \
                 certificate first in its chain",
                certificate.name()
            ),
        ),
        other => wrong(certificate, &format!("cannot be used with its key: {other}")),
    })?;
    Ok(Entry {
        names,
        key: Arc::new(certified),
    })
}

fn warn_of_validity(pem: &Pem, certificate: &X509Certificate<'_>, told: &Told) {
    let validity = certificate.validity();
    let now = x509_parser::time::ASN1Time::now();
    if now > validity.not_after {
        told.warn(format!(
            "the certificate in {} has expired ({}): clients will refuse it",
            pem.name(),
            validity.not_after
        ));
    } else if now < validity.not_before {
        told.warn(format!(
            "the certificate in {} is not valid before {}: clients will refuse it until then",
            pem.name(),
            validity.not_before
        ));
    }
}
