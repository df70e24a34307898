//! Our client against the servers people run.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::clients::{Client, ClientKind};
use crate::errand::{Asked, Direction, Manner, SIZES, carry, noise};
use crate::process::{eventually, run};
use crate::servers::{Server, ServerKind};

const BOTH: [Direction; 2] = [Direction::Get, Direction::Put];
const GET: [Direction; 1] = [Direction::Get];

fn sweep(kind: ServerKind, directions: &[Direction], manner: Manner) {
    let Some(client) = Client::find(ClientKind::Ours) else { return };
    let Some(server) = Server::start(kind) else { return };
    for &direction in directions {
        for size in SIZES {
            carry(&client, &server, direction, &manner, size);
        }
    }
}

/// `SERVER { TEST: DIRECTIONS, MANNER; .. }`: every size, one server for all of them.
macro_rules! sweeps {
    ($($kind:ident { $($name:ident: $directions:expr, $manner:expr;)+ })+) => {
        $($(
            #[test]
            fn $name() {
                sweep(ServerKind::$kind, &$directions, $manner);
            }
        )+)+
    };
}

const DEFAULTS: Manner = Manner { netascii: false, options: Asked::Default };
const PLAIN: Manner = Manner { netascii: false, options: Asked::Nothing };
const BLOCKS: Manner = Manner { netascii: false, options: Asked::Blocks(1428) };
const WINDOWS: Manner = Manner { netascii: false, options: Asked::Everything(1024, 8) };
const TEXT: Manner = Manner { netascii: true, options: Asked::Default };
const PLAIN_TEXT: Manner = Manner { netascii: true, options: Asked::Nothing };

sweeps! {
    InTftpd {
        in_tftpd_and_the_defaults_agree: BOTH, DEFAULTS;
        in_tftpd_serves_us_without_options: BOTH, PLAIN;
        in_tftpd_grants_our_block_size: BOTH, BLOCKS;
        in_tftpd_grants_our_window_or_does_without: BOTH, WINDOWS;
        in_tftpd_and_we_read_netascii_alike: BOTH, TEXT;
        in_tftpd_and_we_read_plain_netascii_alike: BOTH, PLAIN_TEXT;
    }
    Atftpd {
        atftpd_and_the_defaults_agree: BOTH, DEFAULTS;
        atftpd_serves_us_without_options: BOTH, PLAIN;
        atftpd_grants_our_block_size: BOTH, BLOCKS;
        atftpd_grants_our_window: BOTH, WINDOWS;
    }
    Dnsmasq {
        dnsmasq_and_the_defaults_agree: GET, DEFAULTS;
        dnsmasq_serves_us_without_options: GET, PLAIN;
        dnsmasq_grants_our_block_size: GET, BLOCKS;
        dnsmasq_does_without_our_window: GET, WINDOWS;
        dnsmasq_and_we_read_netascii_alike: GET, TEXT;
    }
    Ours {
        our_server_and_the_defaults_agree: BOTH, DEFAULTS;
        our_server_serves_us_without_options: BOTH, PLAIN;
        our_server_grants_our_block_size: BOTH, BLOCKS;
        our_server_grants_our_window: BOTH, WINDOWS;
        our_server_and_we_read_netascii_alike: BOTH, TEXT;
    }
}

/// The session of a provisioning script: what failed decides the status (10 + the server's error code), what did not
/// fail is done all the same.
fn script(kind: ServerKind, upload: bool) {
    let Some(server) = Server::start(kind) else { return };
    let firmware = noise(3000);
    server.store("fw.bin", &firmware);
    let desk = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftp"));
    command.current_dir(desk.path()).args([server.address.ip().to_string(), server.address.port().to_string()]);
    let put = if upload { "put fw.bin up.bin\n" } else { "" };
    let outcome = run(&mut command, &format!("binary\nget fw.bin\n{put}get nosuch\nquit\n"), Duration::from_secs(20));
    assert_eq!(outcome.status.code(), Some(11), "{}", outcome.words);
    assert_eq!(fs::read(desk.path().join("fw.bin")).expect("the file got"), firmware);
    assert!(!desk.path().join("nosuch").exists(), "a failed get leaves no file");
    assert!(outcome.words.contains("Received 3000 bytes in "), "{}", outcome.words);
    assert!(outcome.words.contains("Error code 1: "), "{}", outcome.words);
    if upload {
        assert!(outcome.words.contains("Sent 3000 bytes in "), "{}", outcome.words);
        let arrived = || server.stored("up.bin").is_ok_and(|bytes| bytes == firmware);
        assert!(eventually(Duration::from_secs(5), arrived), "{}", outcome.words);
    }
}

#[test]
fn a_script_against_in_tftpd_ends_with_the_servers_error() {
    script(ServerKind::InTftpd, true);
}

#[test]
fn a_script_against_atftpd_ends_with_the_servers_error() {
    script(ServerKind::Atftpd, true);
}

#[test]
fn a_script_against_dnsmasq_ends_with_the_servers_error() {
    script(ServerKind::Dnsmasq, false);
}

#[test]
fn a_script_against_our_server_ends_with_the_servers_error() {
    script(ServerKind::Ours, true);
}
