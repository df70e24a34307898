//! Netascii: lines end in CR LF, and a bare CR is CR NUL (RFC 1350 section 1, RFC 764).
//!
//! Both converters are streams: input and output may be split anywhere, even between a CR and its second byte.
//!
//! ```
//! use tftpsh::wire::netascii::Encoder;
//!
//! let mut wire = [0; 8];
//! let progress = Encoder::default().encode(b"a\nb\rc", &mut wire);
//! assert_eq!(&wire[..progress.produced], b"a\r\nb\r\0c");
//! ```

const CR: u8 = b'\r';
const LF: u8 = b'\n';
const NUL: u8 = 0;

/// A converter from local text to netascii.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Encoder {
    /// The second byte of a pair, which did not fit into the output.
    pending: Option<u8>,
}

/// The progress of a conversion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read from the input.
    pub consumed: usize,
    /// Bytes written to the output.
    pub produced: usize,
}

impl Encoder {
    /// Converts as much of `input` as fits into `output`; call again with the rest of the input.
    pub fn encode(&mut self, input: &[u8], output: &mut [u8]) -> Progress {
        let mut progress = Progress::default();
        let mut bytes = input.iter();
        for place in output {
            *place = match self.pending.take() {
                Some(byte) => byte,
                None => {
                    let Some(&byte) = bytes.next() else { return progress };
                    progress.consumed += 1;
                    self.pending = match byte {
                        LF => Some(LF),
                        CR => Some(NUL),
                        _ => None,
                    };
                    if self.pending.is_some() { CR } else { byte }
                }
            };
            progress.produced += 1;
        }
        progress
    }

    /// Whether the second byte of a pair still waits for space.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }
}

/// A converter from netascii to local text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decoder {
    /// The last byte was a CR, which waits for its second byte.
    after_cr: bool,
}

impl Decoder {
    /// Converts all of `input`, appending to `output`. A CR that neither LF nor NUL follows is invalid, and is kept.
    pub fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) {
        for &byte in input {
            match (std::mem::replace(&mut self.after_cr, byte == CR), byte) {
                (true, NUL | CR) => output.push(CR),
                (true, LF) => output.push(LF),
                (true, other) => output.extend_from_slice(&[CR, other]),
                (false, CR) => {}
                (false, other) => output.push(other),
            }
        }
    }

    /// Ends the file: appends a CR that still waits for its second byte.
    pub fn finish(&mut self, output: &mut Vec<u8>) {
        if std::mem::take(&mut self.after_cr) {
            output.push(CR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOCAL: &[u8] = b"one\ntwo\r\nthree\rfour\r\0\n\n\r";
    const WIRE: &[u8] = b"one\r\ntwo\r\0\r\nthree\r\0four\r\0\0\r\n\r\n\r\0";

    fn encode(input: &[u8], input_cut: usize, output_cut: usize) -> Vec<u8> {
        let (mut encoder, mut wire) = (Encoder::default(), Vec::new());
        for piece in input.chunks(input_cut) {
            let mut piece = piece;
            loop {
                let mut space = vec![0; output_cut];
                let progress = encoder.encode(piece, &mut space);
                piece = &piece[progress.consumed..];
                wire.extend_from_slice(&space[..progress.produced]);
                if piece.is_empty() && !encoder.is_pending() {
                    break;
                }
            }
        }
        wire
    }

    fn decode(input: &[u8], cut: usize) -> Vec<u8> {
        let (mut decoder, mut local) = (Decoder::default(), Vec::new());
        input.chunks(cut).for_each(|piece| decoder.decode(piece, &mut local));
        decoder.finish(&mut local);
        local
    }

    #[test]
    fn every_pair_is_right_wherever_input_and_output_are_split() {
        for input_cut in 1..=LOCAL.len() {
            for output_cut in 1..=WIRE.len() {
                assert_eq!(encode(LOCAL, input_cut, output_cut), WIRE, "split at {input_cut} and {output_cut}");
            }
        }
        for cut in 1..=WIRE.len() {
            assert_eq!(decode(WIRE, cut), LOCAL, "split at {cut}");
        }
    }

    #[test]
    fn a_carriage_return_without_its_second_byte_is_kept() {
        assert_eq!(decode(b"a\rb", 1), b"a\rb");
        assert_eq!(decode(b"a\r\r\n", 1), b"a\r\n");
        assert_eq!(decode(b"a\r", 2), b"a\r");
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes: Vec<u8>, input_cut in 1usize..20, output_cut in 1usize..20, cut in 1usize..20) {
            prop_assert_eq!(decode(&encode(&bytes, input_cut, output_cut), cut), bytes);
        }
    }
}
