//! Work that takes a while: an action that streams its progress, and stops when its client goes away.
//!
//! Run with `examples/run progress`, or `cargo run -p examples --bin progress` and beside it `python examples/progress/client.py`.
//!
//! The work is a bootstrap: how sure is the mean of Seattle's July days, when all there is are four Julys? Draw as many days from them at
//! random, again and again, and look how far their means lie apart.

use std::sync::Arc;

use examples::seattle;
use flight_runtime::arrow::array::AsArray;
use flight_runtime::arrow::compute::{DatePart, date_part};
use flight_runtime::arrow::datatypes::{Float64Type, Int32Type};
use flight_runtime::cli::{ServerArgs, clap::Parser};
use flight_runtime::prelude::*;
use serde::{Deserialize, Serialize};

const DRAWS_PER_STEP: u32 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    steps: u32,
}

/// What is known after a step, in °C.
#[derive(Serialize)]
struct Progress {
    step: u32,
    of: u32,
    mean: f64,
    standard_error: f64,
}

struct Bootstrap {
    /// The highest temperature of each day in July.
    days: Vec<f64>,
    /// Every bootstrap at work has a clone of it.
    at_work: Arc<()>,
}

/// Statistics that take their time.
#[flight_server]
impl Bootstrap {
    /// The mean of the July days and its standard error, better with each step: `{"steps": 100}`.
    ///
    /// A plain `fn` runs on a blocking thread, and so does the iterator that it returns: nobody else waits for the work. It goes ahead of
    /// its client by as many messages as fit HTTP/2's window.
    #[action("bootstrap")]
    fn bootstrap(
        &self,
        Json(request): Json<Request>,
        call: CallContext,
    ) -> Result<impl Iterator<Item = Json<Progress>> + Send, Error> {
        let of = request.steps;
        if !(1..=100_000).contains(&of) {
            return Err(Error::invalid_argument(format!(
                "`steps` is {of}, expected 1 to 100000"
            )));
        }
        let at_work = Arc::clone(&self.at_work);
        let mut random = Random(u64::from(of));
        let (mut drawn, mut sum, mut squares) = (0.0, 0.0, 0.0);
        Ok((1..=of).map_while(move |step| {
            for _ in 0..DRAWS_PER_STEP {
                // Between two messages this is how work learns that nobody waits for it.
                if call.is_cancelled() {
                    tracing::info!(
                        step,
                        of,
                        others = Arc::strong_count(&at_work) - 2,
                        "cancelled"
                    );
                    return None;
                }
                let mean = self.mean_of_a_draw(&mut random);
                (drawn, sum, squares) = (drawn + 1.0, sum + mean, squares + mean * mean);
            }
            let mean = sum / drawn;
            let standard_error = f64::sqrt(squares / drawn - mean * mean);
            Some(Json(Progress {
                step,
                of,
                mean,
                standard_error,
            }))
        }))
    }

    /// How many bootstraps are at work.
    #[action("running")]
    async fn running(&self) -> Json<usize> {
        Json(Arc::strong_count(&self.at_work) - 1)
    }
}

impl Bootstrap {
    fn open() -> Result<Self, Error> {
        let all = seattle()?;
        let months = date_part(all.column(0), DatePart::Month)?;
        let months = months.as_primitive::<Int32Type>().values();
        let highs = all.column(2).as_primitive::<Float64Type>().values();
        let july = highs.iter().zip(months).filter(|&(_, &month)| month == 7);
        Ok(Self {
            days: july.map(|(&high, _)| high).collect(),
            at_work: Arc::default(),
        })
    }

    fn mean_of_a_draw(&self, random: &mut Random) -> f64 {
        let draw = self
            .days
            .iter()
            .map(|_| self.days[random.below(self.days.len())]);
        draw.sum::<f64>() / self.days.len() as f64
    }
}

/// Numbers that look random enough to draw by (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The remainder is below `limit`, which is a usize.
        (self.0 % limit as u64) as usize
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = ServerArgs::parse();
    args.init_logging()?;
    let server = args.configure(FlightServer::builder(Bootstrap::open()?))?;
    let server = server.start().await?;
    println!("listening on {}", server.location());
    server.serve().await
}
