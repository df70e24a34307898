#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tftpsh_fuzz::uri::run(input));
