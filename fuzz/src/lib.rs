//! The bodies of the fuzz targets: each takes any bytes and panics where a promise is broken.
//!
//! `cargo +nightly fuzz run NAME` drives them by coverage; `tests/fuzz_targets.rs` of the main package drives the same
//! functions on stable, with the corpus and with random bytes.

pub mod line;
pub mod machine;
pub mod netascii;
pub mod options;
pub mod packet;
pub mod uri;
