use flight_runtime::prelude::*;

/// A trait whose methods have the names of a contract's.
trait Clock {
    fn now(&self) -> u64;

    fn hours(&self) -> Vec<u8>;
}

#[flight_service]
trait Archive {
    #[do_get("hours/{hour}")]
    async fn hour(&self, hour: u8) -> Result<BatchStream, Error>;
}

/// A trait that says by a number in braces what it is of.
trait Of<const N: usize> {}

#[flight_service(client = WeatherClient)]
trait Weather: Clock + Archive + Of<{ 3 }>
where
    (): Of<{ 1 }>,
{
    #[action("now")]
    async fn now(&self) -> Json<u64>;

    #[action("later")]
    fn later(&self) -> Json<u64> {
        Json(1)
    }

    #[do_get("hours/{hour}", list = hours)]
    async fn hour(&self, hour: u8) -> Result<BatchStream, Error>;

    async fn hours(&self) -> Vec<u8>;
}

impl Of<1> for () {}

struct Station;

impl Of<3> for Station {}

impl Clock for Station {
    fn now(&self) -> u64 {
        0
    }

    fn hours(&self) -> Vec<u8> {
        vec![]
    }
}

impl Archive for Station {
    async fn hour(&self, hour: u8) -> Result<BatchStream, Error> {
        Err(Error::not_found(hour.to_string()))
    }
}

#[flight_service]
impl Weather for Station {
    async fn now(&self) -> Json<u64> {
        Json(0)
    }

    async fn hour(&self, hour: u8) -> Result<BatchStream, Error> {
        Err(Error::not_found(hour.to_string()))
    }

    async fn hours(&self) -> Vec<u8> {
        vec![1]
    }
}

fn main() {
    let _ = FlightServer::builder(Station);
    let _ = <Station as Weather>::hour_route(1);
}
