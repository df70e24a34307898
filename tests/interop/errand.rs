//! One file carried one way, and the proof that it arrived.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::clients::Client;
use crate::servers::Server;
use crate::support::soon;

/// Around the borders of blocks of 512 bytes (RFC 1350 section 6: a full last block is followed by an empty one).
pub(crate) const SIZES: [usize; 8] = [0, 1, 511, 512, 513, 1024, 3000, 100_000];

/// A server may close an uploaded file a little after its last ACK.
const SETTLING: Duration = Duration::from_secs(5);

/// Which way a file goes, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Get,
    Put,
}

/// How a file is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Manner {
    pub(crate) netascii: bool,
    pub(crate) options: Asked,
}

/// The options a client is told to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Asked {
    /// Whatever it does by itself.
    #[default]
    Default,
    /// None: RFC 1350.
    Nothing,
    /// A block size alone.
    Blocks(u16),
    /// tsize, a block size and a window size.
    Everything(u16, u16),
}

/// One file to carry.
#[derive(Debug)]
pub(crate) struct Errand<'a> {
    pub(crate) direction: Direction,
    pub(crate) manner: &'a Manner,
    pub(crate) remote: &'a str,
    pub(crate) local: &'a str,
}

/// Carries a file of `size` bytes between `client` and `server` and holds that it arrives unchanged.
pub(crate) fn carry(client: &Client, server: &Server, direction: Direction, manner: &Manner, size: usize) {
    let content = if manner.netascii { text(size) } else { noise(size) };
    static CARRIED: AtomicUsize = AtomicUsize::new(0);
    let remote = format!("file{}.bin", CARRIED.fetch_add(1, Ordering::Relaxed));
    let desk = tempfile::tempdir().expect("a temporary directory");
    let local = "here.bin";
    match direction {
        Direction::Get => server.store(&remote, &content),
        Direction::Put => fs::write(desk.path().join(local), &content).expect("a file to send"),
    }
    let errand = Errand { direction, manner, remote: &remote, local };
    let outcome = client.carry(&errand, server.address, desk.path());
    let case = format!("{:?}, {:?}: {direction:?}, {manner:?}, {} bytes", client.kind, server.kind, content.len());
    assert!(outcome.status.success(), "{case}: {}: {}", outcome.status, outcome.words);
    let arrived = match direction {
        Direction::Get => fs::read(desk.path().join(local)).is_ok_and(|bytes| bytes == content),
        Direction::Put => soon(SETTLING, || server.stored(&remote).is_ok_and(|bytes| bytes == content)),
    };
    assert!(arrived, "{case}: the file differs; the client said: {}", outcome.words);
}

/// Bytes without a pattern that a misplaced block could hide in; the same for the same length.
pub(crate) fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(size.next_multiple_of(8));
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// Text whose line ends fall on every side of a block's border: LF, CR LF, and CR alone.
fn text(size: usize) -> Vec<u8> {
    noise(size).into_iter().map(|byte| b"\n\r\n abcdefghijklmnopqrstuvwxyz01"[usize::from(byte % 32)]).collect()
}
