//! Columns of chrono's types, which the crate behind `#[derive(Row)]` does not have.

use std::fmt;
use std::str::FromStr;

use arrow::array::{Array, PrimitiveArray, PrimitiveBuilder};
use arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use chrono::{NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use typed_arrow::bridge::{ArrowBinding, ArrowBindingView};
use typed_arrow::error::ViewAccessError;

/// A day: a column of `Date32`, and [`chrono::NaiveDate`] in the program.
///
/// Reads and prints as the date does, also in JSON and as a route's argument: `2015-12-31`.
///
/// ```
/// use flight_runtime::rows::Date;
///
/// let day: Date = "2015-12-31".parse()?;
/// assert_eq!(day.0, chrono::NaiveDate::from_ymd_opt(2015, 12, 31).unwrap());
/// assert_eq!(day.to_string(), "2015-12-31");
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub NaiveDate);

/// A point in time: a column of `Timestamp(µs, "UTC")`, and [`chrono::DateTime<Utc>`](chrono::DateTime) in the program.
///
/// What is finer than a microsecond is cut off on the way into the column. For other units and zones there are
/// [`Timestamp`](super::Timestamp) and [`TimestampTz`](super::TimestampTz), which hold the number as it is in the column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// A value of a column that the program's type cannot hold.
#[derive(Debug)]
struct OutOfRange {
    value: i64,
    unit: &'static str,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, unit } = self;
        write!(f, "{value} {unit} from 1970 on is out of range")
    }
}

impl std::error::Error for OutOfRange {}

macro_rules! columns {
    ($($name:ident($inner:ty): $arrow:ty, $data_type:expr, $unit:literal, $write:expr, $read:expr;)*) => { $(
        impl ArrowBinding for $name {
            type Builder = PrimitiveBuilder<$arrow>;
            type Array = PrimitiveArray<$arrow>;

            fn data_type() -> DataType {
                $data_type
            }

            fn new_builder(capacity: usize) -> Self::Builder {
                PrimitiveBuilder::with_capacity(capacity).with_data_type($data_type)
            }

            #[inline]
            fn append_value(builder: &mut Self::Builder, value: &Self) {
                builder.append_value($write(value.0));
            }

            #[inline]
            fn append_null(builder: &mut Self::Builder) {
                builder.append_null();
            }

            fn finish(mut builder: Self::Builder) -> Self::Array {
                builder.finish()
            }
        }

        impl ArrowBindingView for $name {
            type Array = PrimitiveArray<$arrow>;
            type View<'a> = $name;

            #[inline]
            fn get_view(array: &Self::Array, index: usize) -> Result<$name, ViewAccessError> {
                if index >= array.len() {
                    return Err(ViewAccessError::OutOfBounds {
                        index,
                        len: array.len(),
                        field_name: None,
                    });
                }
                if array.is_null(index) {
                    return Err(ViewAccessError::UnexpectedNull { index, field_name: None });
                }
                let value = array.value(index);
                $read(value).map($name).ok_or_else(|| {
                    let value = value.into();
                    ViewAccessError::Custom(Box::new(OutOfRange { value, unit: $unit }))
                })
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl From<$name> for $inner {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = chrono::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Deserialize::deserialize(deserializer).map(Self)
            }
        }
    )* };
}

columns! {
    Date(NaiveDate): Date32Type, DataType::Date32, "days",
        Date32Type::from_naive_date, Date32Type::to_naive_date_opt;
    DateTime(chrono::DateTime<Utc>): TimestampMicrosecondType,
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), "µs",
        |time: chrono::DateTime<Utc>| time.timestamp_micros(),
        chrono::DateTime::from_timestamp_micros;
}
