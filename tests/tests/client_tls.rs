//! Our client in TLS: whom it believes, who it says it is, what it says when that fails.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Running, within};
use flight_runtime::prelude::*;
use flight_runtime::{Code, FlightClient, FlightClientBuilder};
use flight_tests::{Auth, Options, Services, builder};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// A private authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// A certificate for this name, as a host's and as a person's, and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A server whose certificate is for `name`.
async fn server(authority: &Authority, name: &str, options: Options) -> Running {
    let (certificate, key) = authority.issue(name);
    let options = Options {
        location: Some("grpc+tls://127.0.0.1:0".to_owned()),
        tls_certs: vec![certificate],
        tls_keys: vec![key],
        ..options
    };
    Running::of(builder(&options)).await
}

fn to(server: &Running, host: &str) -> FlightClientBuilder {
    FlightClient::builder(format!("grpc+tls://{host}:{}", server.0.port()))
}

async fn rows(client: &FlightClient) -> usize {
    let mut stream = client.do_get(Ticket::new("shards/1")).await.unwrap();
    let mut rows = 0;
    while let Some(batch) = stream.try_next().await.unwrap() {
        rows += batch.num_rows();
    }
    rows
}

/// What connecting fails with, which names the place.
async fn refused(client: FlightClientBuilder) -> Error {
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert!(error.message().contains("grpc+tls://"), "{error}");
    error
}

#[tokio::test]
async fn a_private_authority_is_believed_when_it_is_named() {
    within(async {
        let authority = Authority::new();
        let server = server(&authority, "localhost", Options::default()).await;
        let client = to(&server, "localhost").root_certificates(authority.pem.as_str());
        assert_eq!(rows(&client.connect().await.unwrap()).await, 10);
        // Others do not take its place, and may stand beside it.
        let client = to(&server, "localhost")
            .root_certificates(Authority::new().pem)
            .root_certificates(authority.pem);
        assert_eq!(rows(&client.connect().await.unwrap()).await, 10);
    })
    .await;
}

#[tokio::test]
async fn certificates_make_tls_of_what_is_no_uri() {
    within(async {
        struct Hello;

        #[flight_server]
        impl Hello {
            #[do_get("rows")]
            fn rows(&self) -> RecordBatch {
                RecordBatch::new_empty(SchemaRef::new(Schema::empty()))
            }
        }

        let authority = Authority::new();
        let (certificate, key) = authority.issue("localhost");
        let server = || {
            FlightServer::builder(Hello)
                .tls_certificate(certificate.as_str(), key.as_str())
                .advertise(("flights", 8815))
                .advertise("grpc://plain:1")
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        for server in [
            server(),
            server().location(("127.0.0.1", 0)),
            server().listener(listener),
        ] {
            let server = server.start().await.unwrap();
            assert!(
                server.location().as_str().starts_with("grpc+tls://"),
                "{server:?}"
            );
            let client = FlightClient::builder(format!("grpc+tls://localhost:{}", server.port()));
            let client = client.root_certificates(authority.pem.as_str());
            let client = client.connect().await.unwrap();
            let rows = FlightDescriptor::new_path(vec!["rows".to_owned()]);
            let info = client.get_flight_info(rows).await.unwrap();
            let sent_to = &info.endpoint[0].location;
            let sent_to: Vec<&str> = sent_to.iter().map(|location| &*location.uri).collect();
            assert_eq!(sent_to, ["grpc+tls://flights:8815", "grpc://plain:1"]);
        }
        let plain = server().location("grpc://127.0.0.1:0").start().await;
        assert_eq!(plain.unwrap_err().code(), Code::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn another_authority_is_refused_by_name() {
    within(async {
        let server = server(&Authority::new(), "localhost", Options::default()).await;
        let other = Authority::new();
        let error = refused(to(&server, "localhost").root_certificates(other.pem)).await;
        assert!(error.message().contains("certificate"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused_unless_its_name_is_expected() {
    within(async {
        let authority = Authority::new();
        let server = server(&authority, "flight.example", Options::default()).await;
        let client = || to(&server, "localhost").root_certificates(authority.pem.as_str());
        let error = refused(client()).await;
        assert!(error.message().contains("localhost"), "{error}");
        let client = client().override_hostname("flight.example");
        assert_eq!(rows(&client.connect().await.unwrap()).await, 10);
    })
    .await;
}

#[tokio::test]
async fn no_certificate_is_looked_at_when_that_is_asked_for() {
    within(async {
        let server = server(&Authority::new(), "flight.example", Options::default()).await;
        let client = to(&server, "127.0.0.1").disable_server_verification();
        assert_eq!(rows(&client.connect().await.unwrap()).await, 10);
    })
    .await;
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    within(async {
        let authority = Authority::new();
        let options = Options {
            services: Services::Guarded,
            client_ca: vec![authority.pem.clone()],
            verify_client: true,
            auth: vec![Auth::Certificate],
            ..Options::default()
        };
        let server = server(&authority, "localhost", options).await;
        let client = || to(&server, "localhost").root_certificates(authority.pem.as_str());

        let (certificate, key) = authority.issue("ada");
        let ada = client().client_certificate(certificate, key);
        let who = ada.connect().await.unwrap();
        let who = who.do_action(Action::new("whoami", "")).await.unwrap();
        let who = who.read_all().await.unwrap();
        let who = String::from_utf8_lossy(&who[0].body).into_owned();
        assert!(who.contains("ada"), "{who}");

        // TLS 1.3 lets a client believe that it is connected before the server has looked: it fails with the first call.
        let (certificate, key) = Authority::new().issue("ada");
        for stranger in [client(), client().client_certificate(certificate, key)] {
            let error = match stranger.connect().await {
                Ok(client) => client.list_actions().await.unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(error.code(), Code::Unavailable, "{error}");
            assert!(error.message().contains("fatal alert"), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_said_before_anything_is_sent() {
    let place = || FlightClient::builder("grpc+tls://localhost:1");
    let (certificate, _) = Authority::new().issue("ada");
    let (_, other) = Authority::new().issue("bob");
    for (client, said) in [
        (
            place().root_certificates("/nowhere/ca.pem"),
            "/nowhere/ca.pem",
        ),
        (place().root_certificates(b"no PEM"), "certificate"),
        (
            place().client_certificate(certificate, other),
            "client certificate",
        ),
    ] {
        let error = client.connect_lazy().unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        assert!(error.message().contains(said), "{error}");
    }
}

#[tokio::test]
async fn settings_of_tls_are_refused_in_plain_text() {
    let place = || FlightClient::builder("grpc://localhost:1");
    for (client, said) in [
        (place().root_certificates(b"x"), "root_certificates"),
        (place().client_certificate(b"x", b"y"), "client_certificate"),
        (place().override_hostname("x"), "override_hostname"),
        (
            place().disable_server_verification(),
            "disable_server_verification",
        ),
    ] {
        let error = client.connect().await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains(said), "{error}");
        assert!(error.message().contains("grpc+tls://"), "{error}");
    }
}

#[tokio::test]
async fn plain_text_and_tls_do_not_understand_each_other_and_say_so() {
    within(async {
        let authority = Authority::new();
        let secure = server(&authority, "localhost", Options::default()).await;
        let plain = Running::everything().await;
        let client = to(&plain, "localhost").root_certificates(authority.pem);
        refused(client).await;

        let location = format!("grpc://127.0.0.1:{}", secure.0.port());
        let error = match FlightClient::connect(location).await {
            Ok(client) => client.list_actions().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.code(), Code::Unavailable, "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_client_in_tls_does_not_follow_a_flight_into_plain_text() {
    within(async {
        let authority = Authority::new();
        let secure = server(&authority, "localhost", Options::default()).await;
        let plain = Running::everything().await;
        let client = to(&secure, "localhost").root_certificates(authority.pem);
        let client = client.connect().await.unwrap();

        let location = |scheme: &str, server: &Running| {
            let port = server.0.port();
            let endpoint = FlightEndpoint::new().with_ticket(Ticket::new("shards/3"));
            let endpoint = endpoint.with_location(format!("{scheme}://localhost:{port}"));
            FlightInfo::new().with_endpoint(endpoint)
        };
        let there = location("grpc+tls", &secure);
        let mut stream = client.read_endpoints(&there).await.unwrap();
        assert_eq!(stream.read_all().await.unwrap()[0].num_rows(), 10);

        let there = location("grpc", &plain);
        let error = match client.read_endpoints(&there).await {
            Ok(mut stream) => stream.try_next().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        assert!(error.message().contains("plain text"), "{error}");
    })
    .await;
}
