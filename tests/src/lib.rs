//! The service under test: a handler for every promise of the framework.
//!
//! | module | what its handlers show |
//! |---|---|
//! | `downloads` | what a `#[do_get]` may take and give |
//! | `streams` | dictionaries, slices, compression, types, streams that fail or never end |
//! | `uploads` | DoPut: reading, not reading, acknowledging |
//! | `exchanges` | DoExchange |
//! | `actions` | DoAction, errors, headers and trailers |
//! | `flights` | FlightInfo, schema and poll handlers of one's own |
//! | `rows` | typed rows, in either direction |
//! | `catch_all` | handlers without a route |
//! | `guarded`, `login` | handlers under rules, and the ways to be known |
//! | `watched` | middleware and layers |
//! | [`process`] | all of it as a process |
//! | `counted` | how much has begun, is under way and was committed |
//!
//! What a handler saw goes into the [`Ledger`], from which the action `seen` reads it.

mod actions;
mod catch_all;
mod counted;
mod data;
mod downloads;
mod exchanges;
mod flights;
mod guarded;
mod layers;
mod ledger;
mod login;
mod options;
pub mod process;
mod rows;
mod streams;
mod tables;
mod uploads;
mod watched;

use flight_runtime::{FlightServer, FlightServerBuilder};

pub use ledger::Ledger;
pub use login::Auth;
pub use options::{Options, Services};

/// The server that the options ask for.
pub fn builder(options: &Options) -> FlightServerBuilder {
    let ledger = Ledger::default();
    let basic = login::basic(options.token_idle);
    let mut builder = match options.services {
        Services::All => FlightServer::builder(downloads::Downloads::default())
            .add_service(streams::Streams::new(ledger.clone()))
            .add_service(uploads::Uploads::new(ledger.clone()))
            .add_service(exchanges::Exchanges::new(ledger.clone()))
            .add_service(actions::Actions::new(ledger.clone()))
            .add_service(flights::Flights)
            .add_service(rows::TypedRows::new(ledger.clone())),
        Services::CatchAll => FlightServer::builder(catch_all::CatchAll),
        Services::ActionsAlone => FlightServer::builder(catch_all::ActionsAlone),
        Services::Guarded => FlightServer::builder(guarded::Guarded::new(
            ledger.clone(),
            login::tokens(&options.auth, &basic),
        ))
        .add_service(actions::Actions::new(ledger.clone())),
        Services::DownloadsAlone => FlightServer::builder(catch_all::DownloadsAlone),
        Services::Tables => FlightServer::builder(tables::Tables::default()),
    };
    if options.counted {
        builder = builder.add_service(counted::Counted::default());
    }
    if let Some(location) = &options.location {
        builder = builder.location(location.as_str());
    }
    if let Some(location) = &options.advertise {
        builder = builder.advertise(location.as_str());
    }
    if let Some(bytes) = options.max_message_size {
        builder = builder.max_message_size(bytes);
    }
    builder = builder.limits(options.limits.clone());
    if let Some(grace) = options.grace {
        builder = builder.shutdown_grace(grace);
    }
    for (cert, key) in options.tls_certs.iter().zip(&options.tls_keys) {
        builder = builder.tls_certificate(cert.as_str(), key.as_str());
    }
    for roots in &options.client_ca {
        builder = builder.root_certificates(roots.as_str());
    }
    if options.client_optional {
        builder = builder.client_certificate_optional();
    }
    builder = builder.verify_client(options.verify_client);
    builder = login::add(builder, &options.auth, &basic);
    builder = builder.public(options.public.iter().copied());
    if options.watch {
        builder = watched::watch(builder, &ledger);
    }
    if options.layers {
        builder = layers::add(builder);
    }
    if options.health {
        builder = builder.health();
    }
    if options.public_health {
        builder = builder.public_health();
    }
    if options.reflection {
        builder = builder.reflection();
    }
    builder
        .describe(!options.no_definition)
        .expose_internal_errors(options.expose)
}
