//! Reads a transfer in its packets alone, as somebody who watches the wire with the RFCs at hand.

use super::Annotated;
use super::conversation::Conversation;
use crate::event::{Record, RecordKind};

/// Turns records into [`Annotated`] records: one for each, but for machine events that packets tell already.
///
/// Takes any records in any order and any bytes in them; holds a window of packet numbers, never a file of them.
/// Works for the requesting side of a transfer.
#[derive(Debug, Default)]
pub struct Analyser {
    xfer: u32,
    current: Option<Conversation>,
}

impl Analyser {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What this record means behind all those before it.
    pub fn analyse<'a>(&mut self, record: &Record<'a>) -> Option<Annotated<'a>> {
        if let RecordKind::Begin(begin) = record.kind {
            self.xfer = self.xfer.saturating_add(1);
            self.current = Some(Conversation::new(record.at, Some(begin)));
        }
        let conversation = self.current.get_or_insert_with(|| {
            self.xfer = self.xfer.saturating_add(1);
            Conversation::new(record.at, None)
        });
        let kind = conversation.annotate(record)?;
        let (t, wall) = conversation.clock(record.at);
        Some(Annotated { xfer: self.xfer, t, wall, kind })
    }
}
