//! Netascii for files: the converters of [`netascii`](crate::wire::netascii) with their buffers.

use std::io::{self, Read};
use std::ops::Range;

use crate::wire::netascii::{Decoder, Encoder};

/// Size of the read buffer in bytes; a server has one for each transfer.
const READ_SIZE: usize = 8 * 1024;

/// How much of the local data is checked for a NUL, in bytes.
const NUL_RANGE: usize = 4096;

/// Local text that is sent.
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

    /// Fills all of `space` unless `reader` ends.
    pub(super) fn fill(&mut self, reader: &mut dyn Read, space: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        loop {
            let progress = self.encoder.encode(&self.buffer[self.unread.clone()], &mut space[filled..]);
            self.unread.start += progress.consumed;
            filled += progress.produced;
            if filled == space.len() {
                return Ok(filled);
            }
            let read = read_some(reader, &mut self.buffer)?;
            if read == 0 {
                return Ok(filled);
            }
            self.nul.check(&self.buffer[..read]);
            self.unread = 0..read;
        }
    }
}

/// Reads once, again after a signal; 0 is the end.
pub(super) fn read_some(reader: &mut dyn Read, space: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(space) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Received text.
#[derive(Default)]
pub(super) struct Decoding {
    decoder: Decoder,
    buffer: Vec<u8>,
    pub(super) nul: NulWatch,
}

impl Decoding {
    /// Returns the local form of `wire`, without a CR at its end that waits for its second byte.
    pub(super) fn decode(&mut self, wire: &[u8]) -> &[u8] {
        self.buffer.clear();
        self.decoder.decode(wire, &mut self.buffer);
        self.nul.check(&self.buffer);
        &self.buffer
    }

    /// Returns the CR that still waited when the file ended, if any.
    pub(super) fn finish(&mut self) -> &[u8] {
        self.buffer.clear();
        self.decoder.finish(&mut self.buffer);
        &self.buffer
    }
}

/// A check for a NUL in text: netascii damages a binary file.
#[derive(Default)]
pub(super) struct NulWatch {
    examined: usize,
    pub(super) seen: bool,
}

impl NulWatch {
    fn check(&mut self, bytes: &[u8]) {
        let range = bytes.len().min(NUL_RANGE - self.examined);
        self.seen |= bytes[..range].contains(&0);
        self.examined += range;
    }
}
