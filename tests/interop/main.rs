//! Our client against the TFTP servers people run, and our server against their clients: every file arrives as it was.
//!
//! ```text
//! peers     the programs of others; a missing one skips its tests and says so, in CI it fails them
//! process   a program with a bound on its time, ended with the test
//! servers   each server, started on an address of its own
//! clients   each client, carrying one file
//! errand    one file, one direction, one manner of carrying it; and whether it arrived
//! ```
//!
//! Only the loopback interface is used, and no port is fixed but dnsmasq's.

mod clients;
mod errand;
mod peers;
mod process;
mod servers;
#[path = "../support/mod.rs"]
mod support;

mod our_client;
mod our_server;
mod wrapping;

use clients::{Client, ClientKind};
use errand::{Direction, Manner, SIZES, carry};
use servers::{Server, ServerKind};

/// Tells a broken harness from a broken product: no program of ours takes part.
#[test]
fn two_peers_of_the_same_family_understand_each_other() {
    let Some(client) = Client::find(ClientKind::TftpHpa) else { return };
    let Some(server) = Server::start(ServerKind::InTftpd) else { return };
    for direction in [Direction::Get, Direction::Put] {
        for size in SIZES {
            carry(&client, &server, direction, &Manner::default(), size);
        }
    }
}
