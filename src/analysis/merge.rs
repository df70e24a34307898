use std::collections::VecDeque;
use std::time::Duration;

use super::Annotated;
use crate::event::Side;

/// How long the records of one end wait for an earlier one of the other end, which may be on its way from another thread.
const QUIET: Duration = Duration::from_millis(250);

/// The records of both ends of a transfer, put in the order of time.
///
/// Each end gives its own records in order, and with the same origin of time. A record leaves when none of the other end
/// can precede it: the other end has given a later one, or nothing for a while, or both are over.
#[derive(Debug, Default)]
pub struct Merge {
    client: VecDeque<Annotated<'static>>,
    server: VecDeque<Annotated<'static>>,
}

impl Merge {
    /// Creates a merge without records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a record, after the earlier ones of its end.
    pub fn push(&mut self, annotated: Annotated<'static>) {
        let queue = match annotated.side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        queue.push_back(annotated);
    }

    /// Returns the next record that nothing can precede at this time after the request.
    pub fn next(&mut self, now: Duration) -> Option<Annotated<'static>> {
        let waited = |front: &Annotated<'_>| now.saturating_sub(front.t) >= QUIET;
        match (self.client.front(), self.server.front()) {
            (Some(_), Some(_)) => self.earliest(),
            (Some(front), None) | (None, Some(front)) if waited(front) => self.earliest(),
            _ => None,
        }
    }

    /// Returns the next record, though an earlier one may still come.
    pub fn earliest(&mut self) -> Option<Annotated<'static>> {
        let is_servers = match (self.client.front(), self.server.front()) {
            (Some(client), Some(server)) => server.t < client.t,
            (client, _) => client.is_none(),
        };
        if is_servers { self.server.pop_front() } else { self.client.pop_front() }
    }
}
