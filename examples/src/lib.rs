//! One program per topic, on real data.
