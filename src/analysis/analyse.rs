use super::Annotated;
use super::conversation::Conversation;
use crate::event::{Record, RecordKind};

/// An observer of the wire that knows the RFCs: it turns records into [`Annotated`] records, except machine events that
/// packets already show.
///
/// It serves either side of a transfer, accepts any records in any order with any bytes, and remembers the packet numbers of
/// a window, never of a file.
#[derive(Debug, Default)]
pub struct Analyser {
    xfer: u32,
    current: Option<Conversation>,
}

impl Analyser {
    /// Creates an analyser that has seen no transfer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Annotates a record, given all records before it.
    pub fn analyse<'a>(&mut self, record: &Record<'a>) -> Option<Annotated<'a>> {
        if let RecordKind::Begin(begin) = record.kind {
            self.xfer = self.xfer.saturating_add(1);
            self.current = Some(Conversation::new(record.at, Some(begin)));
        }
        let conversation = self.current.get_or_insert_with(|| {
            self.xfer = self.xfer.saturating_add(1);
            Conversation::new(record.at, None)
        });
        let (kind, silence) = conversation.annotate(record)?;
        let (t, wall) = conversation.clock(record.at);
        let side = conversation.side;
        Some(Annotated { side, xfer: self.xfer, t, wall, silence, kind, arrival: None })
    }
}
