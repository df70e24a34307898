//! Records as short lines.

use std::net::SocketAddr;

use tftpsh::event::{Crossing, Direction, Observer, Origin, Record, RecordKind};
use tftpsh::wire::Packet;

/// The records of a client.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) log: Vec<String>,
    pub(crate) peers: Vec<SocketAddr>,
}

impl Observer for Notes {
    fn observe(&mut self, record: &Record<'_>) {
        self.log.extend(lines(record));
        if let RecordKind::Packet(crossing) = record.kind {
            self.peers.push(crossing.peer);
        }
    }
}

/// `-> ACK 2`, `<- DATA 3`, `-x ACK 2`, `rule 1 dropped it`, `== DATA 2` when one that was held reaches the machine.
pub(crate) fn lines(record: &Record<'_>) -> Vec<String> {
    match record.kind {
        RecordKind::Packet(crossing) => {
            crossing.fate.hits.iter().map(ToString::to_string).chain([packet(&crossing)]).collect()
        }
        RecordKind::Delivered(delivery) => vec![format!("== {}", name(delivery.datagram))],
        RecordKind::End(_) => vec!["end".to_owned()],
        RecordKind::Late => vec!["late".to_owned()],
        _ => Vec::new(),
    }
}

fn packet(crossing: &Crossing<'_>) -> String {
    let Crossing { direction, datagram, fate, .. } = *crossing;
    let arrow = match (direction, fate.lost) {
        (Direction::Sent, false) => "->",
        (Direction::Sent, true) => "-x",
        (Direction::Received, false) => "<-",
        (Direction::Received, true) => "x-",
    };
    let origin = match fate.origin {
        Origin::Machine => "",
        Origin::Copy => ", a copy",
        Origin::Stray => ", from another port",
    };
    let held = if fate.held.is_some() { ", held" } else { "" };
    format!("{arrow} {}{origin}{held}", name(datagram))
}

fn name(datagram: &[u8]) -> String {
    match Packet::parse(datagram) {
        Ok(Packet::Request(_)) => "request".to_owned(),
        Ok(Packet::Data { block, .. }) => format!("DATA {block}"),
        Ok(Packet::Ack { block }) => format!("ACK {block}"),
        Ok(Packet::Oack(_)) => "OACK".to_owned(),
        Ok(Packet::Error { code, .. }) => format!("ERROR {}", code.0),
        Err(_) => "malformed".to_owned(),
    }
}
