use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use futures::stream::{self, Stream};
use serde_json::{Value, json};

use super::*;
use crate::extract::Input;
use crate::prelude::*;
use crate::rpc::{DoAction, DoExchange, DoGet, DoPut, ListFlights, Routed};
use crate::{Call, FromCall, Guard, rpc::Rpc};

fn schema() -> Schema {
    let text = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let list = DataType::List(Arc::new(Field::new("item", DataType::Float64, true)));
    let at = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let fields = vec![
        Field::new("station", text, false),
        Field::new("at", at, true).with_metadata([("unit".into(), "ms".into())].into()),
        Field::new("values", list, true),
    ];
    Schema::new(fields).with_metadata([("of".into(), "tests".into())].into())
}

#[derive(serde::Deserialize)]
struct Compact {
    _station: String,
}

type Request = Json<Compact>;
type Outcome<T> = Result<T, std::io::Error>;

struct OnMonday;

impl Guard for OnMonday {
    fn allows(&self, _: &Principal, _: &CallContext) -> bool {
        false
    }
}

/// An extractor of one's own that says what it takes.
struct Lines;

impl FromCall<DoAction> for Lines {
    const INPUT: Input = Input::Text;

    async fn from_call(_: &mut Call) -> Result<Self, Error> {
        Ok(Lines)
    }
}

/// And one that says nothing.
struct Tenant;

impl<R: Rpc> FromCall<R> for Tenant {
    async fn from_call(_: &mut Call) -> Result<Self, Error> {
        Ok(Tenant)
    }
}

struct Everything;

/// Every kind of handler.
#[flight_server(crate = crate, name = "every thing", roles("admin"), scopes("rows:write"), parts("rest"))]
impl Everything {
    /// Rows of a station.
    ///
    /// Oldest first.
    #[do_get("rows/{station}/{*key}?{since}&{limit}&{tag}", ordered, schema = schema(), list = keys)]
    async fn rows(
        &self,
        key: String,
        station: std::string::String,
        since: Option<u16>,
        limit: Option<usize>,
        tag: Vec<String>,
        _: Ticket,
    ) -> BatchStream {
        let _ = (key, station, since, limit, tag);
        unreachable!()
    }

    fn keys(&self) -> Vec<(std::string::String, String)> {
        Vec::new()
    }

    #[do_get("day?{day}")]
    async fn day(&self, day: u16) -> Vec<RecordBatch> {
        let _ = day;
        Vec::new()
    }

    #[do_get("fixed?{limit}", public)]
    fn fixed(&self, limit: Option<u8>) -> Vec<RecordBatch> {
        let _ = limit;
        Vec::new()
    }

    #[do_get]
    async fn any_ticket(&self, _: Ticket) -> BatchStream {
        unreachable!()
    }

    #[do_put("rows/{station}", require = "role:admin | scope:rows:write")]
    async fn add(&self, station: String, _: BatchStream, _: MetadataWriter) -> Outcome<Json<u8>> {
        let _ = station;
        Ok(Json(1))
    }

    #[do_put]
    fn swallow(&self, _: Request, _: BatchStream) {}

    #[do_exchange("score", schema = schema())]
    async fn score(&self, rows: BatchStream) -> BatchStream {
        rows
    }

    #[action("compact", require = OnMonday)]
    async fn compact(&self, _: Request, _: Tenant) -> Outcome<Proto<Ticket>> {
        Ok(Proto(Ticket::default()))
    }

    #[action("lines")]
    fn lines(&self, _: Lines) -> impl Iterator<Item = Outcome<&'static str>> + Send + '_ {
        [Ok("a")].into_iter()
    }

    #[action("count")]
    async fn count(&self, _: Bytes) -> Result<impl Stream<Item = Outcome<Json<u8>>> + Send, Error> {
        Ok(stream::iter([Ok(Json(1))]))
    }

    #[action("maybe")]
    async fn maybe(&self, _: String) -> Option<Vec<u8>> {
        None
    }

    #[action("nothing")]
    async fn nothing(&self) {}

    #[do_action]
    async fn any_action(&self, _: Action) -> Outcome<Vec<ActionResult>> {
        Ok(Vec::new())
    }
}

#[flight_server(crate = crate, part = "rest")]
impl Everything {
    #[get_flight_info("rows/{station}/{*key}")]
    async fn info(&self, station: String, key: String, _: FlightDescriptor) -> Address {
        let _ = (station, key);
        unreachable!()
    }

    #[get_schema]
    fn any_schema(&self, _: Proto<Ticket>) -> Schema {
        schema()
    }

    #[poll_flight_info]
    fn poll(&self, _: FlightDescriptor) -> PollInfo {
        PollInfo::default()
    }

    #[list_flights]
    fn flights(&self, _: Criteria) -> Vec<Address> {
        Vec::new()
    }

    #[list_actions]
    fn actions(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

fn document() -> Value {
    let json = Definition::from(Everything::definition()).to_json();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn the_document_of_every_kind_of_handler() {
    let written = Definition::from(Everything::definition()).to_json() + "\n";
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/definition/everything.json"
    );
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap();
    assert!(
        written == expected,
        "the document is another; if it shall be, UPDATE_SNAPSHOTS=1 writes it:\n{written}"
    );
}

#[test]
fn a_document_that_is_read_back_is_the_same_definition() {
    let definition = Definition::from(Everything::definition());
    let json = definition.to_json();
    let read = Definition::from_json(&json).unwrap();
    assert_eq!(read, definition);
    assert_eq!(read.to_json(), json);
    let rows = &read.services[0].handlers[0];
    assert_eq!(rows.schema.as_deref(), Some(&schema()));
    assert_eq!(rows.method, "rows");
}

#[test]
fn what_is_not_known_is_ignored_and_what_is_left_out_has_its_default() {
    let json = json!({
        "format": Definition::FORMAT,
        "version": 1,
        "generator": "a later one",
        "services": [{
            "name": "Weather",
            "color": "blue",
            "handlers": [{"call": "DoAction", "method": "compact", "later": [1]}],
        }],
    });
    let read = Definition::from_json(&json.to_string()).unwrap();
    let [service] = &read.services[..] else {
        panic!("{read:?}")
    };
    let [handler] = &service.handlers[..] else {
        panic!("{service:?}")
    };
    assert_eq!(handler.method, "compact");
    assert_eq!(handler.access, Access::Default);
    assert_eq!(handler.reply, None);
    assert!(!handler.listed);
}

#[test]
fn another_version_format_or_text_is_a_clear_error() {
    let of = |format: &str, version: u32| {
        let json = json!({"format": format, "version": version, "services": "of another form"});
        Definition::from_json(&json.to_string()).unwrap_err()
    };
    for (error, words) in [
        (
            of(Definition::FORMAT, 2),
            "the document is of version 2, and this reads version 1: ",
        ),
        (
            of("other", 1),
            "the format of the document is `other`, expected `flight-runtime.service-definition`",
        ),
        (
            of(Definition::FORMAT, 1),
            "not a service definition: invalid type: string \"of another form\"",
        ),
        (
            Definition::from_json("[").unwrap_err(),
            "not a service definition: EOF",
        ),
        (
            Definition::from_json("{}").unwrap_err(),
            "not a service definition: missing field `format`",
        ),
    ] {
        assert_eq!(error.code(), crate::Code::InvalidArgument);
        assert!(error.message().starts_with(words), "{}", error.message());
    }
}

#[test]
fn a_schema_that_is_none_is_an_error() {
    let with = |ipc: &str| {
        let mut document = document();
        document["services"][0]["handlers"][0]["schema"] = json!({ "ipc": ipc });
        let error = Definition::from_json(&document.to_string()).unwrap_err();
        error.message().to_owned()
    };
    assert!(with("?").contains("`ipc` is not base64"));
    assert!(with("AAAA").contains("`ipc` is not a schema"));
    assert!(with("/////wgAAAAAAAAAAAAAAA==").contains("`ipc` is not a schema"));
}

/// What an extractor takes is known to the compiler.
const _: () = {
    assert!(matches!(
        <BatchStream as FromCall<Routed<DoPut>>>::INPUT,
        Input::Batches
    ));
    assert!(matches!(
        <BatchStream as FromCall<DoExchange>>::INPUT,
        Input::Batches
    ));
    assert!(matches!(
        <MetadataWriter as FromCall<DoPut>>::INPUT,
        Input::Nothing
    ));
    assert!(matches!(<Ticket as FromCall<DoGet>>::INPUT, Input::Message));
    assert!(matches!(
        <Ticket as FromCall<Routed<DoGet>>>::INPUT,
        Input::Nothing
    ));
    assert!(matches!(
        <Criteria as FromCall<ListFlights>>::INPUT,
        Input::Message
    ));
    assert!(matches!(
        <Request as FromCall<DoAction>>::INPUT,
        Input::Json
    ));
    assert!(matches!(
        <Proto<Ticket> as FromCall<DoAction>>::INPUT,
        Input::Proto
    ));
    assert!(matches!(<Bytes as FromCall<DoGet>>::INPUT, Input::Bytes));
    assert!(matches!(<String as FromCall<DoAction>>::INPUT, Input::Text));
    assert!(matches!(
        <Option<Principal> as FromCall<DoAction>>::INPUT,
        Input::Nothing
    ));
    assert!(matches!(
        <CallContext as FromCall<DoGet>>::INPUT,
        Input::Nothing
    ));
};
