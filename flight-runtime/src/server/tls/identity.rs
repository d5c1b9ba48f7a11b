//! The name in a client's certificate.

use std::sync::Arc;

use bytes::Bytes;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::caller::ClientCertificate;

/// Reads the chain of a client, which rustls has verified.
pub(super) fn read(chain: &[CertificateDer<'static>]) -> Option<Arc<ClientCertificate>> {
    let first = chain.first()?;
    let identity = match X509Certificate::from_der(first) {
        Ok((_, certificate)) => name(&certificate).unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, "a client's certificate was verified and has no readable name");
            String::new()
        }
    };
    let chain = chain.iter().map(|der| Bytes::copy_from_slice(der));
    Some(Arc::new(ClientCertificate {
        identity,
        chain: chain.collect(),
    }))
}

/// The first URI name, else the first DNS name, else the subject's common name: from what is made for programs to what is made for people.
fn name(certificate: &X509Certificate<'_>) -> Option<String> {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map_or(&[][..], |extension| &extension.value.general_names);
    let uri = names.iter().find_map(|name| match name {
        GeneralName::URI(uri) if !uri.is_empty() => Some(*uri),
        _ => None,
    });
    let dns = || {
        names.iter().find_map(|name| match name {
            GeneralName::DNSName(dns) if !dns.is_empty() => Some(*dns),
            _ => None,
        })
    };
    let common = || {
        let mut common = certificate.subject().iter_common_name();
        common.find_map(|name| name.as_str().ok())
    };
    uri.or_else(dns).or_else(common).map(str::to_owned)
}
