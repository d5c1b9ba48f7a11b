//! The attributes of flight-runtime.
