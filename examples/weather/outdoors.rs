//! How good a day is to be outdoors, from 0 to 100. The formula is nobody's but this example's.

use flight_runtime::prelude::*;
use flight_runtime::rows::Date;

use crate::store::Observation;

/// A day and its score; none where something is not known.
#[derive(Row)]
pub(crate) struct Scored {
    date: Date,
    weather: Option<String>,
    pub(crate) score: Option<f64>,
}

impl From<Observation> for Scored {
    fn from(day: Observation) -> Self {
        Self {
            score: score(&day),
            date: day.date,
            weather: day.weather,
        }
    }
}

/// Dry, 22 °C and calm is 100; every millimetre, degree and metre per second away from it costs.
fn score(day: &Observation) -> Option<f64> {
    let (rain, temp, wind) = (day.precipitation?, day.temp_max?, day.wind?);
    Some((100.0 - 5.0 * rain - 3.0 * (temp - 22.0).abs() - 2.0 * wind).max(0.0))
}
