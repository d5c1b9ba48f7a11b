//! Hourly temperature normals: what the thermometer shows at this hour of this day, on average over thirty years.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use flight_runtime::Error;
use flight_runtime::arrow::array::{ArrayRef, AsArray, DictionaryArray, RecordBatch, UInt32Array};
use flight_runtime::arrow::compute::{DatePart, date_part, take_record_batch};
use flight_runtime::arrow::csv::ReaderBuilder;
use flight_runtime::arrow::datatypes::{
    DataType, Field, Int8Type, Int32Type, Schema, SchemaRef, TimeUnit,
};

/// The columns of a normal.
pub(crate) static NORMAL: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new("station", text, false),
        Field::new("hour", DataType::Timestamp(TimeUnit::Second, None), true),
        Field::new("temp_f", DataType::Float64, true),
    ]))
});

const FILES: [(&str, &[u8]); 2] = [
    (
        "san-francisco",
        include_bytes!("data/san-francisco-normals.csv"),
    ),
    ("seattle", include_bytes!("data/seattle-normals.csv")),
];

/// A month as a client writes it: 1 to 12. Any type that is `FromStr` and `Display` can be an argument of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Month(u8);

impl FromStr for Month {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(number @ 1..=12) => Ok(Self(number)),
            _ => Err("a month is a number from 1 to 12"),
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The normals of all stations, a batch each.
pub(crate) struct Normals {
    stations: Vec<(&'static str, RecordBatch)>,
}

impl Normals {
    pub(crate) fn open() -> Result<Self, Error> {
        let stations = FILES
            .into_iter()
            .map(|(name, csv)| Ok((name, read(name, csv)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Self { stations })
    }

    /// The normals of this month: of these stations, or of all when none is named.
    pub(crate) fn select(&self, month: Month, names: &[String]) -> Result<Vec<RecordBatch>, Error> {
        let known = |name: &String| self.stations.iter().any(|(known, _)| known == name);
        if let Some(name) = names.iter().find(|name| !known(name)) {
            let known: Vec<String> = self
                .stations
                .iter()
                .map(|(n, _)| format!("`{n}`"))
                .collect();
            return Err(Error::not_found(format!(
                "no normals of station `{name}`; known are {}",
                known.join(", ")
            )));
        }
        self.stations
            .iter()
            .filter(|(name, _)| names.is_empty() || names.iter().any(|wanted| wanted == name))
            .map(|(_, batch)| of_month(batch, month))
            .collect()
    }
}

fn read(name: &str, csv: &[u8]) -> Result<RecordBatch, Error> {
    let columns = Arc::new(NORMAL.project(&[1, 2])?);
    let mut reader = ReaderBuilder::new(columns)
        .with_header(true)
        .with_batch_size(366 * 24)
        .build(csv)?;
    let batch = reader
        .next()
        .ok_or_else(|| Error::data_loss(format!("the normals of `{name}` are empty")))??;
    let station: DictionaryArray<Int8Type> = std::iter::repeat_n(name, batch.num_rows()).collect();
    let columns = vec![
        Arc::new(station) as ArrayRef,
        batch.column(0).clone(),
        batch.column(1).clone(),
    ];
    Ok(RecordBatch::try_new(NORMAL.clone(), columns)?)
}

fn of_month(batch: &RecordBatch, month: Month) -> Result<RecordBatch, Error> {
    let months = date_part(batch.column(1), DatePart::Month)?;
    let rows = (0..)
        .zip(months.as_primitive::<Int32Type>().values())
        .filter(|&(_, &found)| found == i32::from(month.0))
        .map(|(row, _)| row);
    Ok(take_record_batch(
        batch,
        &UInt32Array::from_iter_values(rows),
    )?)
}
