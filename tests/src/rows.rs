//! Typed rows: structs whose fields are columns, in either direction.

use flight_runtime::arrow::array::RecordBatch;
use flight_runtime::prelude::*;
use flight_runtime::rows::{
    Date, DateTime, Decimal128, Dictionary, FixedSizeList, List, Map, Nanosecond, Timestamp,
};
use futures::stream::{self, Stream, StreamExt};
use serde::Serialize;
use serde_json::{Value, json};

use crate::data::numbers;
use crate::ledger::Ledger;

/// Rows; what came stands in the ledger.
pub(crate) struct TypedRows {
    ledger: Ledger,
}

impl TypedRows {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }
}

#[derive(Clone, Debug, Serialize, Row)]
struct Observation {
    date: Date,
    station: String,
    #[record(name = "temp_max")]
    warmest: f64,
    weather: Option<String>,
}

#[derive(Clone, Debug, Row)]
struct Scored {
    station: String,
    score: i64,
}

#[derive(Clone, Debug, PartialEq, Row)]
struct Place {
    latitude: f64,
    name: Option<String>,
}

/// A column of every kind that nests, and of those that are more than a number.
#[derive(Clone, Row)]
struct Everything {
    place: Place,
    maybe: Option<Place>,
    list: List<Option<i32>>,
    places: List<Place>,
    fixed: FixedSizeList<f32, 2>,
    map: Map<String, i64>,
    word: Dictionary<i32, String>,
    price: Decimal128<10, 2>,
    at: DateTime,
    nanos: Option<Timestamp<Nanosecond>>,
    bytes: Vec<u8>,
    four: [u8; 4],
    day: Option<Date>,
}

type ByAlias = Result<Rows<Observation>, Error>;
type UploadByAlias = Rows<Observation>;

fn observation(number: usize) -> Result<Observation, Error> {
    Ok(Observation {
        date: "2015-12-31".parse()?,
        station: format!("s{number}"),
        warmest: number as f64 / 2.0,
        weather: (number % 2 == 1).then(|| "rain".to_owned()),
    })
}

fn observations(count: usize) -> Result<Vec<Observation>, Error> {
    (0..count).map(observation).collect()
}

fn everything(number: i32) -> Result<Everything, Error> {
    let place = |name: Option<&str>| Place {
        latitude: f64::from(number),
        name: name.map(str::to_owned),
    };
    Ok(Everything {
        place: place(Some("here")),
        maybe: (number % 2 == 1).then(|| place(None)),
        list: vec![Some(number), None].into(),
        places: vec![place(None), place(Some("there"))].into(),
        fixed: FixedSizeList::new([0.5, 1.5]),
        map: vec![("a".to_owned(), 1), ("b".to_owned(), 2)].into(),
        word: Dictionary::new("word".to_owned()),
        price: Decimal128::new(1234),
        at: DateTime("2015-12-31T23:59:59.5Z".parse()?),
        nanos: Some(Timestamp::new(7_000)),
        bytes: b"\0\xff".to_vec(),
        four: *b"four",
        day: None,
    })
}

fn never() -> Error {
    Error::internal("it ran")
}

#[flight_server]
impl TypedRows {
    #[do_get("rows/observations?{count}&{batch}")]
    async fn observations(&self, count: Option<usize>, batch: Option<usize>) -> ByAlias {
        let rows = Rows::from(observations(count.unwrap_or(3))?);
        Ok(match batch {
            Some(size) => rows.with_batch_size(size),
            None => rows,
        })
    }

    /// What is known of it is known without running it.
    #[do_get("rows/never-run")]
    async fn never_run(&self) -> Result<Rows<Observation>, Error> {
        Err(never())
    }

    #[do_get("rows/never-run/{station}", list = stations)]
    fn never_run_of(&self, station: String) -> Rows<Scored> {
        drop(station);
        Rows::new(stream::iter([Err(never())]))
    }

    fn stations(&self) -> Vec<String> {
        vec!["seattle".to_owned()]
    }

    /// Plain batches under the schema of a row type.
    #[do_get("rows/never-run-declared", schema = Scored)]
    async fn never_run_declared(&self) -> Result<BatchStream, Error> {
        Err(never())
    }

    #[do_get("rows/declared", schema = Scored)]
    async fn declared(&self) -> impl Stream<Item = RecordBatch> + use<> {
        let batch = |station: &str| {
            let station = station.to_owned();
            Scored::to_batch([Scored { station, score: 1 }])
        };
        stream::iter([batch("a"), batch("b")])
    }

    /// A batch of other columns than were declared.
    #[do_get("rows/declared-otherwise", schema = Scored)]
    async fn declared_otherwise(&self) -> Result<Vec<RecordBatch>, Error> {
        Ok(vec![numbers(0..3)?])
    }

    #[do_get("rows/iterator/{count}")]
    fn iterator(&self, count: usize) -> Rows<Observation> {
        Rows::from_iterator((0..count).map(observation)).with_batch_size(100)
    }

    #[do_get("rows/collected")]
    async fn collected(&self) -> Rows<Scored> {
        let station = |n: i64| format!("s{n}");
        (0..3)
            .map(|n| Scored {
                station: station(n),
                score: n,
            })
            .collect()
    }

    /// Pauses behind every second row.
    #[do_get("rows/pauses")]
    async fn pauses(&self) -> Rows<Observation> {
        Rows::new(stream::iter(0..5).then(|number| async move {
            if number > 0 && number % 2 == 0 {
                tokio::task::yield_now().await;
            }
            observation(number)
        }))
    }

    #[do_get("rows/fails/{after}")]
    async fn fails(&self, after: usize) -> Rows<Observation> {
        let error = Error::data_loss("the rest is gone");
        let rows = (0..after).map(observation).chain([Err(error)]);
        Rows::new(stream::iter(rows))
    }

    #[do_get("rows/none")]
    async fn none(&self) -> Rows<Observation> {
        Rows::from(Vec::new())
    }

    #[do_get("rows/everything")]
    async fn everything(&self) -> Result<Rows<Everything>, Error> {
        (0..2).map(everything).collect()
    }

    /// Reads rows, and says what they are.
    #[do_put("rows/add/{name}")]
    async fn add(&self, name: String, mut rows: Rows<Observation>) -> Result<Json<Value>, Error> {
        self.ledger.began(&name);
        let mut seen = Vec::new();
        while let Some(row) = rows.try_next().await? {
            seen.push(row);
        }
        Ok(Json(json!(seen)))
    }

    /// Reads the rows a batch at a time, and says how many each had; the first row by itself.
    #[do_put("rows/batches")]
    async fn batches(&self, mut rows: UploadByAlias) -> Result<Json<Value>, Error> {
        let first = rows.try_next().await?.map(|row| row.station);
        let metadata = rows.app_metadata().map(|bytes| bytes.to_vec());
        let mut batches = Vec::new();
        while let Some(batch) = rows.next_batch().await? {
            batches.push(batch.len());
        }
        Ok(Json(json!([
            first,
            metadata.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            batches
        ])))
    }

    /// The columns as batches again, behind the first row.
    #[do_put("rows/columns")]
    async fn columns(&self, mut rows: Rows<Observation>) -> Result<Json<Value>, Error> {
        rows.try_next().await?;
        let mut batches = rows.into_batches();
        let schema = batches.schema().await?;
        let names: Vec<_> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let sizes: Vec<_> = batches.read_all().await?;
        let sizes: Vec<_> = sizes.iter().map(RecordBatch::num_rows).collect();
        Ok(Json(json!([names, sizes])))
    }

    /// Rows there and back, whatever is in them.
    #[do_exchange("rows/echo")]
    async fn echo(&self, rows: Rows<Everything>) -> Rows<Everything> {
        rows.map_rows(Ok)
    }

    #[do_exchange("rows/score")]
    async fn score(&self, rows: Rows<Observation>) -> Rows<Scored> {
        rows.map_rows(|row| {
            if row.warmest < 0.0 {
                return Err(Error::out_of_range(format!("{} freezes", row.station)));
            }
            Ok(Scored {
                station: row.station,
                score: row.warmest as i64,
            })
        })
    }

    /// Answers before it asks what the columns are.
    #[do_exchange("rows/speaks-first")]
    async fn speaks_first(&self, mut rows: Rows<Scored>) -> BatchStream {
        let first = Message::metadata("hello");
        let rest = async move {
            let rows = rows.read_all().await?;
            Ok::<_, Error>(Message::metadata(format!("{} rows", rows.len())))
        };
        let messages = stream::iter([Ok(first)]).chain(stream::once(rest));
        BatchStream::new(Scored::schema(), messages)
    }
}
