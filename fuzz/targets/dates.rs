#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| domain::fuzzed::check_dates(input));
