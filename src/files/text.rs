//! Netascii on its way between local data and the wire: the converters of [`netascii`](crate::wire::netascii) with
//! the buffers they need.

use std::io::{self, Read};
use std::ops::Range;

use crate::wire::netascii::{Decoder, Encoder};

/// Local octets read at once, so that netascii costs no system call a byte; a server holds as much for each transfer.
const READ_SIZE: usize = 8 * 1024;

/// How much of the local data is looked at for a NUL, in bytes.
const NUL_RANGE: usize = 4096;

/// Local text on its way out.
pub(super) struct Encoding {
    encoder: Encoder,
    buffer: Box<[u8]>,
    unread: Range<usize>,
    pub(super) nul: NulWatch,
}

impl Encoding {
    pub(super) fn new() -> Self {
        let buffer = vec![0; READ_SIZE].into();
        Self { encoder: Encoder::default(), buffer, unread: 0..0, nul: NulWatch::default() }
    }

    /// Fills all of `room` unless `reader` ends.
    pub(super) fn fill(&mut self, reader: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        loop {
            let progress = self.encoder.encode(&self.buffer[self.unread.clone()], &mut room[filled..]);
            self.unread.start += progress.consumed;
            filled += progress.produced;
            if filled == room.len() {
                return Ok(filled);
            }
            let read = read_some(reader, &mut self.buffer)?;
            if read == 0 {
                return Ok(filled);
            }
            self.nul.look(&self.buffer[..read]);
            self.unread = 0..read;
        }
    }
}

/// Reads once; 0 means the end. A signal that interrupts is no error.
pub(super) fn read_some(reader: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Text from the wire on its way in.
#[derive(Default)]
pub(super) struct Decoding {
    decoder: Decoder,
    buffer: Vec<u8>,
    pub(super) nul: NulWatch,
}

impl Decoding {
    /// The local form of `wire`, but for a CR at its end that waits for its second half.
    pub(super) fn decode(&mut self, wire: &[u8]) -> &[u8] {
        self.buffer.clear();
        self.decoder.decode(wire, &mut self.buffer);
        self.nul.look(&self.buffer);
        &self.buffer
    }

    /// What was still waiting when the file ended.
    pub(super) fn finish(&mut self) -> &[u8] {
        self.buffer.clear();
        self.decoder.finish(&mut self.buffer);
        &self.buffer
    }
}

/// Looks for a NUL where a text has none: a binary file is about to be spoiled by netascii.
#[derive(Default)]
pub(super) struct NulWatch {
    examined: usize,
    pub(super) seen: bool,
}

impl NulWatch {
    fn look(&mut self, bytes: &[u8]) {
        let range = bytes.len().min(NUL_RANGE - self.examined);
        self.seen |= bytes[..range].contains(&0);
        self.examined += range;
    }
}
