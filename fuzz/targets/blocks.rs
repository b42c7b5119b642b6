#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ingestion::fuzzed::check_blocks(input));
