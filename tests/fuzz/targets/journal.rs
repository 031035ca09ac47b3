//! See `files::journal`.
#![no_main]

#[path = "../files.rs"]
#[allow(dead_code, reason = "each target uses one body")]
mod files;

libfuzzer_sys::fuzz_target!(|data: &[u8]| files::journal(data));
