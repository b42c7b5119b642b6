#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| api::fuzzed::check_paths(input));
