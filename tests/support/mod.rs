//! What the integration tests share. Every client and server of the library that a test needs is made here, so that a
//! new form of the library's interface changes this directory and no test.
//!
//! ```text
//! client           the library's client, asking one server
//! server           the library's server, and the stores it serves
//! scripted_client  a client that sends what a test says, datagram by datagram
//! scripted_server  a server that answers what a test says
//! port             the UDP port that both use, and that plays every other peer
//! packet           packets as octets
//! program          the program, run to its end
//! process          the program, while it runs
//! strace           the program, its system calls shown or failing
//! peers            what a run of the program may connect to, and its output without what differs from run to run
//! capture_file     capture files, read back
//! foreign          programs by other authors, known by what they print
//! directory        what a directory holds
//! house            a served directory with something outside
//! json             output for programs
//! privilege        tests that permissions must stop
//! target           local files that are received
//! wait             waiting for what another thread or process does soon
//! ```

#![allow(dead_code, unused_imports, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a helper that cannot go on fails its test")]

mod capture_file;
mod client;
mod directory;
mod foreign;
mod house;
mod json;
mod packet;
mod peers;
mod port;
mod privilege;
mod process;
mod program;
mod scripted_client;
mod scripted_server;
mod server;
mod strace;
mod target;
mod wait;

pub(crate) use capture_file::{Blocks, Captured, Datagram, Entry, entries, packets};
pub(crate) use client::Client;
pub(crate) use directory::{directory_with, names};
pub(crate) use foreign::{Foreign, skip};
pub(crate) use house::House;
pub(crate) use json::objects;
pub(crate) use packet::{ack, data, error_of, is_error};
pub(crate) use peers::Peers;
pub(crate) use port::Port;
pub(crate) use privilege::{allow, unprivileged};
pub(crate) use process::{Process, served_at};
pub(crate) use program::{NOWHERE, Ran, at_home, feed, limited, program, run, run_and_meet};
pub(crate) use scripted_client::{ScriptedClient, prove_address, reader_and_writer, refusal};
pub(crate) use scripted_server::{ScriptedServer, script};
pub(crate) use server::{LOOPBACK, Server, bind, memory, patient, serve, serve_at, serve_directory, serve_practice};
pub(crate) use strace::{can_trace, under_strace};
pub(crate) use target::{create, receive};
pub(crate) use wait::{eventually, soon};
