//! Our capture and `dumpcap -i lo` agree, packet by packet: what a trace shows is what crossed this end's socket.
//!
//! ```text
//! sniffer   dumpcap on the loopback interface
//! transfer  one transfer of the program with its own practice server, and what it recorded
//! crossing  a datagram that crossed a socket of one end, and the comparison of two lists of them
//! case      a fault that hits one kind of packet, at one end, in a get or a put
//! numbers   the numbers of packets in all views
//! ```
//!
//! Where dumpcap may not capture, the comparison with it is skipped.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says why it is skipped")]

mod case;
mod crossing;
mod numbers;
mod sniffer;
#[path = "../support/mod.rs"]
mod support;
mod transfer;

use case::{Case, DISTURBED, LAST_ACK, agree};

/// Every packet without a fault, and hit by each action in each direction.
fn cases(actions: &[&'static str], windows: bool) -> Vec<Case> {
    let case = |action, disturbed| Case { action, disturbed, windows };
    let plain = [DISTURBED[0], DISTURBED[4]].map(|disturbed| case(None, disturbed));
    let hit = actions.iter().flat_map(|action| DISTURBED.map(|disturbed| case(Some(*action), disturbed)));
    plain.into_iter().chain(hit).collect()
}

/// Longer than a datagram may wait at a busy program, and shorter than a timer.
const DELAY: &str = "delay 300";

#[test]
fn in_lock_step_a_capture_is_what_crossed_the_socket() {
    agree(&cases(&["drop", "dup", "swap", DELAY], false));
}

#[test]
fn with_windows_a_capture_is_what_crossed_the_socket() {
    agree(&cases(&["drop", "dup", "swap", DELAY], true));
}

#[test]
fn an_altered_packet_is_captured_as_it_crossed_the_socket() {
    let actions = ["cut 3", "corrupt 3", "stranger"];
    agree(&[cases(&actions, false), cases(&actions, true)].concat());
}

#[test]
fn what_crosses_the_socket_after_the_end_is_captured_too() {
    let case = |action, disturbed, windows| Case { action: Some(action), disturbed, windows };
    let cases = ["drop", "dup", "swap", DELAY].into_iter().flat_map(|action| {
        LAST_ACK.into_iter().flat_map(move |disturbed| [false, true].map(|windows| case(action, disturbed, windows)))
    });
    agree(&cases.collect::<Vec<_>>());
}
