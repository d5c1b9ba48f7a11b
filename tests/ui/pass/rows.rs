//! Rows by every way in which their type may be written.
#![deny(warnings)]

use flight_runtime::rows::Date;

mod data {
    use flight_runtime::prelude::*;

    #[derive(Row)]
    pub struct Day {
        pub date: flight_runtime::rows::Date,
    }

    /// Without the prelude.
    pub mod bare {
        use flight_runtime::typed_arrow;

        #[derive(flight_runtime::Row)]
        pub struct Number {
            pub n: i64,
        }
    }
}

mod service {
    use flight_runtime::arrow::datatypes::{Schema, SchemaRef};
    use flight_runtime::{BatchStream, CallContext, Error, Row, Rows, flight_server};

    use super::data::bare::Number;
    use super::data::Day;

    type Days = Rows<Day>;
    type Answer<T> = Result<Rows<T>, Error>;

    fn by_function() -> Schema {
        Schema::empty()
    }

    pub struct Service;

    impl Service {
        fn associated() -> SchemaRef {
            Day::schema()
        }
    }

    #[flight_server]
    impl Service {
        #[do_get("alias")]
        async fn alias(&self) -> Answer<Day> {
            Ok(Vec::new().into())
        }

        #[do_get("plain")]
        fn plain(&self) -> Days {
            Rows::from_iterator(None::<Day>)
        }

        #[do_get("declared", schema = Day)]
        async fn declared(&self) -> BatchStream {
            BatchStream::empty(Day::schema())
        }

        #[do_get("by-function", schema = by_function)]
        async fn by_function(&self) -> BatchStream {
            BatchStream::empty(Day::schema())
        }

        #[do_get("associated", schema = Self::associated)]
        async fn by_associated(&self) -> BatchStream {
            BatchStream::empty(Day::schema())
        }

        #[do_get("of-type", schema = Day::schema)]
        async fn of_type(&self) -> BatchStream {
            BatchStream::empty(Day::schema())
        }

        #[do_put("days/{n}")]
        async fn put(&self, n: u64, mut rows: Days, context: CallContext) -> Result<String, Error> {
            let _ = (n, context);
            Ok(rows.read_all().await?.len().to_string())
        }

        #[do_exchange("numbers")]
        async fn numbers(&self, rows: Rows<Day>) -> Result<Rows<Number>, Error> {
            Ok(rows.map_rows(|_| Ok(Number { n: 1 })))
        }
    }
}

fn main() {
    use flight_runtime::Row;

    let batch = data::Day::to_batch([data::Day { date: Date::default() }]);
    let days = data::Day::from_batch(&batch).expect("its own columns");
    assert_eq!(days.len(), 1);
    let _server = flight_runtime::FlightServer::builder(service::Service);
}
