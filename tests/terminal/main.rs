//! The program on a terminal, as a person meets it: typed keys in, what the terminal is told out.

#[path = "../common/program.rs"]
mod program;

mod bare;
mod kept;
mod keys;
mod person;
mod tab;
mod transfers;
