//! TLS as a client speaks it: whom it trusts, and who it says it is.

use std::io;

#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
pub(super) use absent::Connector;
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
pub(super) use present::Connector;

use crate::pem::Pem;

/// What the builder was told.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsSettings {
    pub(super) roots: Vec<Pem>,
    pub(super) identity: Option<(Pem, Pem)>,
    pub(super) override_hostname: Option<String>,
    pub(super) verify: Verify,
}

/// Whether the server's certificate is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Verify {
    #[default]
    Yes,
    No,
}

impl TlsSettings {
    /// The setting that was made, for a place where none has an effect.
    pub(super) fn said(&self) -> Option<&'static str> {
        let said = [
            (!self.roots.is_empty(), "root_certificates"),
            (self.identity.is_some(), "client_certificate"),
            (self.override_hostname.is_some(), "override_hostname"),
            (self.verify == Verify::No, "disable_server_verification"),
        ];
        said.into_iter()
            .find(|(said, _)| *said)
            .map(|(_, what)| what)
    }
}

#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod present {
    use std::sync::Arc;

    use tokio::net::TcpStream;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::client::danger::{
        HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
    };
    use tokio_rustls::rustls::crypto::{
        CryptoProvider, verify_tls12_signature, verify_tls13_signature,
    };
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use tokio_rustls::rustls::version::{TLS12, TLS13};
    use tokio_rustls::rustls::{
        self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    };

    use super::{TlsSettings, Verify, io};
    use crate::Error;
    use crate::tls::{certificates, private_key, provider, roots};

    /// Shakes hands.
    #[derive(Clone)]
    pub(in crate::client) struct Connector {
        config: Arc<ClientConfig>,
        override_hostname: Option<String>,
    }

    impl Connector {
        pub(in crate::client) fn new(settings: &TlsSettings) -> Result<Self, Error> {
            let provider = Arc::new(provider());
            let wrong = |error: rustls::Error| Error::invalid_argument(format!("TLS: {error}"));
            let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(&[&TLS13, &TLS12])
                .map_err(wrong)?;
            let builder = match settings.verify {
                Verify::Yes => builder.with_root_certificates(trusted(settings)?),
                Verify::No => builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(Anybody(provider))),
            };
            let mut config = match &settings.identity {
                None => builder.with_no_client_auth(),
                Some((certificate, key)) => {
                    let chain = certificates(certificate, &certificate.read()?)?;
                    let key = private_key(key)?;
                    builder.with_client_auth_cert(chain, key).map_err(|error| {
                        Error::invalid_argument(format!("client certificate: {error}"))
                    })?
                }
            };
            config.alpn_protocols = vec![b"h2".to_vec()];
            Ok(Self {
                config: Arc::new(config),
                override_hostname: settings.override_hostname.clone(),
            })
        }

        pub(in crate::client) async fn connect(
            &self,
            host: &str,
            stream: TcpStream,
        ) -> io::Result<TlsStream<TcpStream>> {
            let name = self.override_hostname.as_deref().unwrap_or(host);
            let name = ServerName::try_from(name.to_owned())
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            TlsConnector::from(Arc::clone(&self.config))
                .connect(name, stream)
                .await
        }
    }

    /// The authorities that were named, else the system's.
    fn trusted(settings: &TlsSettings) -> Result<RootCertStore, Error> {
        if !settings.roots.is_empty() {
            return roots(&settings.roots);
        }
        let mut store = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for certificate in found.certs {
            // Some systems hold certificates that nobody can use.
            let _ = store.add(certificate);
        }
        if store.is_empty() {
            let why = found.errors.first().map(ToString::to_string);
            return Err(Error::failed_precondition(format!(
                "this system has no root certificates ({}): name the server's authority with `root_certificates`",
                why.unwrap_or_else(|| "none found".to_owned())
            )));
        }
        Ok(store)
    }

    /// Takes any certificate for the server's. Signatures are still checked.
    #[derive(Debug)]
    struct Anybody(Arc<CryptoProvider>);

    impl ServerCertVerifier for Anybody {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.0.signature_verification_algorithms;
            verify_tls12_signature(message, certificate, signed, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.0.signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signed, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}

#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
mod absent {
    use tokio::net::TcpStream;

    use super::{TlsSettings, io};
    use crate::Error;

    /// Never made: this build has no TLS.
    #[derive(Clone)]
    pub(in crate::client) enum Connector {}

    impl Connector {
        pub(in crate::client) fn new(_: &TlsSettings) -> Result<Self, Error> {
            Err(Error::failed_precondition(
                "this program was built without TLS: turn on the feature `tls-ring` or `tls-aws-lc` of flight-runtime",
            ))
        }

        pub(in crate::client) async fn connect(
            &self,
            _: &str,
            _: TcpStream,
        ) -> io::Result<TcpStream> {
            match *self {}
        }
    }
}
