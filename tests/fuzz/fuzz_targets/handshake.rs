#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flight_runtime::__fuzz::handshake(bytes));
