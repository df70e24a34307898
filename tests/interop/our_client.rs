//! Our client against the servers people run.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::clients::{Client, ClientKind};
use crate::errand::{Asked, Direction, Manner, SIZES, carry, noise};
use crate::process::{Outcome, run};
use crate::servers::{Server, ServerKind};
use crate::support::soon;

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
        in_tftpd_takes_our_block_size: BOTH, BLOCKS;
        in_tftpd_takes_what_it_knows_of_every_option: BOTH, WINDOWS;
        in_tftpd_and_we_read_netascii_alike: BOTH, TEXT;
        in_tftpd_and_we_read_plain_netascii_alike: BOTH, PLAIN_TEXT;
    }
    Atftpd {
        atftpd_and_the_defaults_agree: BOTH, DEFAULTS;
        atftpd_serves_us_without_options: BOTH, PLAIN;
        atftpd_takes_our_block_size: BOTH, BLOCKS;
        atftpd_takes_every_option: BOTH, WINDOWS;
    }
    Dnsmasq {
        dnsmasq_and_the_defaults_agree: GET, DEFAULTS;
        dnsmasq_serves_us_without_options: GET, PLAIN;
        dnsmasq_takes_our_block_size: GET, BLOCKS;
        dnsmasq_takes_what_it_knows_of_every_option: GET, WINDOWS;
        dnsmasq_and_we_read_netascii_alike: GET, TEXT;
    }
    Ours {
        our_server_and_the_defaults_agree: BOTH, DEFAULTS;
        our_server_serves_us_without_options: BOTH, PLAIN;
        our_server_takes_our_block_size: BOTH, BLOCKS;
        our_server_takes_every_option: BOTH, WINDOWS;
        our_server_and_we_read_netascii_alike: BOTH, TEXT;
    }
}

/// Types lines into our client, in the directory `desk`.
fn type_in(script: &str, server: &Server, desk: &Path) -> Outcome {
    let place = [server.address.ip().to_string(), server.address.port().to_string()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftp"));
    run(command.current_dir(desk).args(place), script, Duration::from_secs(20))
}

/// Holds that the first answer grants these options, as our trace shows it. A server may know more.
fn grant(kind: ServerKind, options: &[&str]) {
    let Some(server) = Server::start(kind) else { return };
    server.store("fw.bin", &noise(3000));
    let desk = tempfile::tempdir().expect("a temporary directory");
    let script = "trace\ntsize on\nblksize 1024\nwindowsize 8\nget fw.bin\n";
    let Outcome { status, words } = type_in(script, &server, desk.path());
    assert!(status.success(), "{words}");
    let answer = words.lines().find(|line| line.starts_with("received ")).unwrap_or_default();
    assert!(answer.starts_with("received OACK <"), "{words}");
    assert!(options.iter().all(|option| answer.contains(option)), "{words}");
}

#[test]
fn in_tftpd_grants_size_and_blocks() {
    grant(ServerKind::InTftpd, &["tsize=3000", "blksize=1024"]);
}

#[test]
fn atftpd_grants_size_blocks_and_window() {
    grant(ServerKind::Atftpd, &["tsize=3000", "blksize=1024", "windowsize=8"]);
}

#[test]
fn dnsmasq_grants_size_and_blocks() {
    grant(ServerKind::Dnsmasq, &["tsize=3000", "blksize=1024"]);
}

#[test]
fn our_server_grants_size_blocks_and_window() {
    grant(ServerKind::Ours, &["tsize=3000", "blksize=1024", "windowsize=8"]);
}

/// The session of a provisioning script: what failed decides the status (10 + the server's error code), what did not
/// fail is done all the same.
fn script(kind: ServerKind, upload: bool) {
    let Some(server) = Server::start(kind) else { return };
    let firmware = noise(3000);
    server.store("fw.bin", &firmware);
    let desk = tempfile::tempdir().expect("a temporary directory");
    let put = if upload { "put fw.bin up.bin\n" } else { "" };
    let script = format!("binary\nget fw.bin\n{put}get nosuch\nquit\n");
    let Outcome { status, words } = type_in(&script, &server, desk.path());
    assert_eq!(status.code(), Some(11), "{}", words);
    assert_eq!(fs::read(desk.path().join("fw.bin")).expect("the file got"), firmware);
    assert!(!desk.path().join("nosuch").exists(), "a failed get leaves no file");
    assert!(words.contains("Received 3000 bytes in "), "{}", words);
    assert!(words.contains("Error code 1: "), "{}", words);
    if upload {
        assert!(words.contains("Sent 3000 bytes in "), "{}", words);
        let arrived = || server.stored("up.bin").is_ok_and(|bytes| bytes == firmware);
        assert!(soon(Duration::from_secs(5), arrived), "{}", words);
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
