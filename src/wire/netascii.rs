//! Text as netascii carries it: lines end in CR LF, a bare CR is CR NUL (RFC 1350 section 1, RFC 764).
//!
//! Both converters are streams: input and output may be cut anywhere, between a CR and its second half too.
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

/// Local text to netascii.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Encoder {
    owed: Owed,
}

/// The second half of a pair that no longer fitted into the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Owed {
    #[default]
    Nothing,
    Byte(u8),
}

/// How far a conversion came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Octets taken from the input.
    pub consumed: usize,
    /// Octets written to the output.
    pub produced: usize,
}

impl Encoder {
    /// Converts as much of `input` as fits into `output`; call again with the rest of the input.
    pub fn encode(&mut self, input: &[u8], output: &mut [u8]) -> Progress {
        let mut progress = Progress::default();
        let mut room = output.iter_mut();
        let mut bytes = input.iter();
        loop {
            let byte = match self.owed {
                Owed::Byte(byte) => byte,
                Owed::Nothing => match bytes.as_slice().first() {
                    Some(&byte) => byte,
                    None => return progress,
                },
            };
            let Some(place) = room.next() else { return progress };
            progress.produced += 1;
            if let Owed::Byte(byte) = self.owed {
                *place = byte;
                self.owed = Owed::Nothing;
                continue;
            }
            bytes.next();
            progress.consumed += 1;
            (*place, self.owed) = match byte {
                LF => (CR, Owed::Byte(LF)),
                CR => (CR, Owed::Byte(NUL)),
                other => (other, Owed::Nothing),
            };
        }
    }

    /// Whether the second half of a pair still waits for room.
    pub fn is_pending(&self) -> bool {
        self.owed != Owed::Nothing
    }
}

/// Netascii to local text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decoder {
    seen: Seen,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Seen {
    #[default]
    Text,
    CarriageReturn,
}

impl Decoder {
    /// Converts all of `input`, appending to `output`. A CR followed by neither LF nor NUL breaks the rule and is kept.
    pub fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) {
        for &byte in input {
            match (self.seen, byte) {
                (Seen::Text, CR) => self.seen = Seen::CarriageReturn,
                (Seen::Text, _) => output.push(byte),
                (Seen::CarriageReturn, CR) => output.push(CR),
                (Seen::CarriageReturn, second) => {
                    self.seen = Seen::Text;
                    match second {
                        LF => output.push(LF),
                        NUL => output.push(CR),
                        other => output.extend_from_slice(&[CR, other]),
                    }
                }
            }
        }
    }

    /// The file is over: a CR that waited for its second half is kept.
    pub fn finish(&mut self, output: &mut Vec<u8>) {
        if self.seen == Seen::CarriageReturn {
            output.push(CR);
            self.seen = Seen::Text;
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
                let mut room = vec![0; output_cut];
                let progress = encoder.encode(piece, &mut room);
                piece = &piece[progress.consumed..];
                wire.extend_from_slice(&room[..progress.produced]);
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
    fn every_pair_is_right_wherever_input_and_output_are_cut() {
        for input_cut in 1..=LOCAL.len() {
            for output_cut in 1..=WIRE.len() {
                assert_eq!(encode(LOCAL, input_cut, output_cut), WIRE, "cut at {input_cut} and {output_cut}");
            }
        }
        for cut in 1..=WIRE.len() {
            assert_eq!(decode(WIRE, cut), LOCAL, "cut at {cut}");
        }
    }

    #[test]
    fn a_carriage_return_without_its_half_is_kept() {
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
