//! A client's certificate, read into words.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::certificate::PeerCertificate;

/// Reads the chain of a client, which rustls has verified. `None` for one that rustls understands and this reader does not: then nobody
/// vouches for the client.
pub(super) fn read(chain: &[CertificateDer<'static>]) -> Option<Arc<PeerCertificate>> {
    let certificate = match X509Certificate::from_der(chain.first()?) {
        Ok((_, certificate)) => certificate,
        Err(error) => {
            tracing::warn!(%error, "a client's certificate was verified and cannot be read");
            return None;
        }
    };
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map_or(&[][..], |extension| &extension.value.general_names);
    let uris = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) if !uri.is_empty() => Some((*uri).to_owned()),
        _ => None,
    });
    let dns_names = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(dns) if !dns.is_empty() => Some((*dns).to_owned()),
        _ => None,
    });
    let mut common_names = certificate.subject().iter_common_name();
    let common_name = common_names.find_map(|name| name.as_str().ok());
    Some(Arc::new(PeerCertificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        common_name: common_name
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        uris: uris.collect(),
        dns_names: dns_names.collect(),
        serial_number: format!("{:x}", certificate.serial),
        not_before: time(certificate.validity().not_before),
        not_after: time(certificate.validity().not_after),
        chain: chain
            .iter()
            .map(|der| Bytes::copy_from_slice(der))
            .collect(),
    }))
}

fn time(time: ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}
