use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::other_end::Heard;
use crate::analysis::{Annotated, Annotation, Merge};

/// The present transfer of the client, and which records of the server belong to it.
#[derive(Debug, Default)]
pub(super) struct BothEnds {
    /// The server is one of this process.
    pub(super) known: bool,
    xfer: u32,
    /// When it began.
    begun: Option<Instant>,
    /// When the request was sent: the origin of all times.
    origin: Option<Instant>,
    /// The addresses from which the client asked.
    pub(super) clients: Vec<SocketAddr>,
    /// The transfers of the server that answer, by their numbers there.
    answers: HashSet<u32>,
    /// How many of them have ended.
    ended: usize,
    pub(super) merge: Merge,
}

impl BothEnds {
    /// Notes a record of the client.
    pub(super) fn note(&mut self, at: Instant, annotated: &Annotated<'_>) {
        if let Annotation::Begin { .. } = annotated.kind {
            *self = Self { known: self.known, xfer: annotated.xfer, begun: Some(at), ..Self::default() };
        }
        if let Some(packet) = annotated.packet() {
            self.origin.get_or_insert_with(|| at.checked_sub(annotated.t).unwrap_or(at));
            if !self.clients.contains(&packet.local) {
                self.clients.push(packet.local);
            }
        }
    }

    /// Returns a record of the server as one of the transfer, if it is.
    pub(super) fn adopt(&mut self, heard: Heard) -> Option<Annotated<'static>> {
        let Heard { at, client, annotated } = heard;
        let is_ours = self.known && self.clients.contains(&client);
        if let Annotation::Begin { .. } = annotated.kind
            && is_ours
            && self.begun.is_some_and(|begun| at >= begun)
        {
            self.answers.insert(annotated.xfer);
        }
        if !self.answers.contains(&annotated.xfer) {
            return None;
        }
        self.ended += usize::from(matches!(annotated.kind, Annotation::End(_)));
        Some(Annotated { xfer: self.xfer, t: self.since_request(at), ..annotated })
    }

    /// Returns the time since the request.
    pub(super) fn since_request(&self, at: Instant) -> Duration {
        self.origin.map_or(Duration::ZERO, |origin| at.saturating_duration_since(origin))
    }

    /// Whether every transfer of the server that answers has ended.
    pub(super) fn is_over(&self) -> bool {
        self.ended >= self.answers.len().max(1)
    }
}
