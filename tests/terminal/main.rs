//! The program on a terminal, as a person meets it: typed keys in, what the terminal is told out.

mod bare;
mod failures;
mod first_lines;
mod kept;
mod keys;
mod paste;
mod person;
#[path = "../support/mod.rs"]
mod support;
mod tab;
mod transfers;
