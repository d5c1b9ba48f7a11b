//! A model that scores the days that are streamed to it: how warm will the next one get?
//!
//! Run with `examples/run model`, or `cargo run -p examples --bin model` and beside it `python examples/model/client.py`.
//!
//! The model is a plane laid through three years of Seattle's weather by least squares, when the program starts. Predictions go back batch
//! by batch, while the days still come: the client never waits for the end, and the server never holds more than one batch.

use std::array;

use examples::seattle;
use flight_runtime::cli::{ServerArgs, clap::Parser};
use flight_runtime::prelude::*;
use futures::StreamExt;

/// What a prediction is made from: mm, °C, °C and m/s.
#[derive(Row)]
struct Day {
    precipitation: f64,
    temp_max: f64,
    temp_min: f64,
    wind: f64,
}

/// What is predicted, in °C.
#[derive(Row)]
struct Forecast {
    temp_max_tomorrow: f64,
}

const WEIGHTS: usize = 5;
/// 2012 to 2014. The client asks about 2015, which the model has not seen.
const TRAINING_DAYS: usize = 366 + 365 + 365;

/// What each feature counts.
#[derive(Clone, Copy)]
struct Model([f64; WEIGHTS]);

/// Tomorrow's warmest hour from today's weather.
#[flight_server]
impl Model {
    /// Predict the highest temperature of the next day, for each day. Every batch comes back with the number of rows scored so far.
    #[do_exchange("forecast")]
    async fn forecast(&self, mut days: BatchStream) -> Result<BatchStream, Error> {
        // Wrong columns are an error before the first row: it names all of them.
        Day::from_batch(&RecordBatch::new_empty(days.schema().await?))?;
        let (model, mut scored) = (*self, 0);
        // A batch is asked for when the forecast before it is on its way: a slow client is waited for, not buffered for.
        let forecasts = days.map(move |batch| {
            let days = Day::from_batch(&batch?)?;
            scored += days.len();
            let forecasts = days.iter().map(|day| model.predict(day));
            let forecasts = Forecast::to_batch(forecasts.collect::<Vec<_>>());
            Ok::<_, Error>((forecasts, format!(r#"{{"rows":{scored}}}"#)))
        });
        Ok(BatchStream::new(Forecast::schema(), forecasts))
    }

    /// What a day's features count: a constant, precipitation, highest and lowest temperature, wind.
    #[action("weights")]
    async fn weights(&self) -> Json<[f64; WEIGHTS]> {
        Json(self.0)
    }
}

impl Model {
    /// Least squares: the weights that make the error of all training days together smallest.
    fn fit() -> Result<Self, Error> {
        let days = seattle()?.slice(0, TRAINING_DAYS).project(&[1, 2, 3, 4])?;
        let days = Day::from_batch(&days)?;
        let mut equations = [[0.0; WEIGHTS + 1]; WEIGHTS];
        for pair in days.windows(2) {
            let features = pair[0].features();
            for (equation, of) in equations.iter_mut().zip(features) {
                for (sum, with) in equation.iter_mut().zip(features) {
                    *sum += of * with;
                }
                equation[WEIGHTS] += of * pair[1].temp_max;
            }
        }
        Ok(Self(solve(equations)))
    }

    fn predict(&self, day: &Day) -> Forecast {
        let terms = self.0.iter().zip(day.features());
        Forecast {
            temp_max_tomorrow: terms.map(|(weight, feature)| weight * feature).sum(),
        }
    }
}

impl Day {
    fn features(&self) -> [f64; WEIGHTS] {
        [
            1.0,
            self.precipitation,
            self.temp_max,
            self.temp_min,
            self.wind,
        ]
    }
}

/// Gauss and Jordan: each equation loses all unknowns but its own.
fn solve(mut equations: [[f64; WEIGHTS + 1]; WEIGHTS]) -> [f64; WEIGHTS] {
    for pivot in 0..WEIGHTS {
        let chosen = equations[pivot];
        for (at, equation) in equations.iter_mut().enumerate() {
            let factor = equation[pivot] / chosen[pivot];
            if at != pivot {
                equation
                    .iter_mut()
                    .zip(chosen)
                    .for_each(|(value, other)| *value -= factor * other);
            }
        }
    }
    array::from_fn(|at| equations[at][WEIGHTS] / equations[at][at])
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = ServerArgs::parse();
    args.init_logging()?;
    let server = args.configure(FlightServer::builder(Model::fit()?))?;
    let server = server.start().await?;
    println!("listening on {}", server.location());
    server.serve().await
}
