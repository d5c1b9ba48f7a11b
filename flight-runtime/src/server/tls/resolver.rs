//! Which certificate a client gets: by the name that it asks for, and by the keys that it can verify.

use std::net::IpAddr;
use std::sync::Arc;

use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

/// All certificates of a server, in the order in which they were given. A list, as there are few.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) Vec<Entry>);

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) names: Vec<String>,
    pub(super) key: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        let can_verify = |entry: &&Entry| entry.key.key.choose_scheme(schemes).is_some();
        let named = hello.server_name().and_then(|asked| {
            let mut entries = self.0.iter().filter(can_verify);
            entries.find(|entry| entry.names.iter().any(|name| matches(name, asked)))
        });
        // A client without a key that it can verify fails later, with an alert that says so.
        let first = || self.0.iter().find(can_verify).or(self.0.first());
        named.or_else(first).map(|entry| Arc::clone(&entry.key))
    }
}

/// `*` stands for one label, the first (RFC 6125, 6.4.3).
fn matches(name: &str, asked: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => asked
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(asked),
    }
}

/// The DNS and IP names of a certificate. Its common name is none: no client looks there any more (RFC 9525).
pub(super) fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map_or(&[][..], |extension| &extension.value.general_names);
    let names = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        GeneralName::IPAddress(bytes) => ip(bytes).map(|ip| ip.to_string()),
        _ => None,
    });
    names.collect()
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(v4.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(matches("*.example.org", "a.Example.org"));
        assert!(!matches("*.example.org", "example.org"));
        assert!(!matches("*.example.org", "a.b.example.org"));
        assert!(matches("Example.org", "example.org"));
        assert!(!matches("example.org", "a.example.org"));
    }
}
