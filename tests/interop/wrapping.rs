//! Files of more than 65535 blocks: the block number starts again behind 65535, and nothing is lost there.

use crate::clients::{Client, ClientKind};
use crate::errand::{Asked, Direction, Manner, carry};
use crate::servers::{Server, ServerKind};

/// 81920 blocks of 512 bytes and an empty one.
const SIZE: usize = 40 << 20;

fn wrap(client: ClientKind, server: ServerKind, direction: Direction) {
    let Some(client) = Client::find(client) else { return };
    let Some(server) = Server::start(server) else { return };
    carry(&client, &server, direction, &Manner { netascii: false, options: Asked::Nothing }, SIZE);
}

#[test]
fn a_get_from_in_tftpd_wraps() {
    wrap(ClientKind::Ours, ServerKind::InTftpd, Direction::Get);
}

#[test]
fn a_put_to_in_tftpd_wraps() {
    wrap(ClientKind::Ours, ServerKind::InTftpd, Direction::Put);
}

#[test]
fn a_get_from_our_server_wraps() {
    wrap(ClientKind::Ours, ServerKind::Ours, Direction::Get);
}

#[test]
fn a_put_to_our_server_wraps() {
    wrap(ClientKind::Ours, ServerKind::Ours, Direction::Put);
}

#[test]
fn a_get_by_tftp_hpa_wraps() {
    wrap(ClientKind::TftpHpa, ServerKind::Ours, Direction::Get);
}

#[test]
fn a_put_by_tftp_hpa_wraps() {
    wrap(ClientKind::TftpHpa, ServerKind::Ours, Direction::Put);
}
