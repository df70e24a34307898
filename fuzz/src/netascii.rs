//! Netascii, cut anywhere.

use tftpsh::wire::netascii::{Decoder, Encoder};

/// Text comes back whole however it is cut, and the decoder takes any bytes without losing one it understands.
pub fn run(input: &[u8]) {
    let Some((&[cut, room, wire_cut], text)) = input.split_first_chunk::<3>() else { return };
    let [cut, room, wire_cut] = [cut, room, wire_cut].map(|size| usize::from(size).max(1));
    let wire = encode(text, cut, room);
    assert!(wire.len() <= 2 * text.len());
    assert_eq!(decode(&wire, wire_cut), text);
    assert_eq!(decode(text, cut), decode(text, text.len().max(1)), "a cut changes nothing");
}

fn encode(text: &[u8], cut: usize, room: usize) -> Vec<u8> {
    let (mut encoder, mut wire) = (Encoder::default(), Vec::new());
    let mut room = vec![0; room];
    for mut piece in text.chunks(cut) {
        loop {
            let progress = encoder.encode(piece, &mut room);
            piece = &piece[progress.consumed..];
            wire.extend_from_slice(&room[..progress.produced]);
            if piece.is_empty() && !encoder.is_pending() {
                break;
            }
            assert!(progress.produced > 0, "it gets on");
        }
    }
    wire
}

fn decode(wire: &[u8], cut: usize) -> Vec<u8> {
    let (mut decoder, mut text) = (Decoder::default(), Vec::new());
    wire.chunks(cut).for_each(|piece| decoder.decode(piece, &mut text));
    decoder.finish(&mut text);
    text
}
