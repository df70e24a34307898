use crate::files::MemoryStore;

/// The names of the [`practice_files`].
#[rustfmt::skip]
pub const PRACTICE_NAMES: [&str; 10] = [
    "hello.txt", "text.txt", "fw.bin", "big.bin", "test.txt",
    "even.bin", "exact2150.bin", "eight.bin", "slow.bin", "wrap.bin",
];

/// Makes the sample files of the practice server, in memory.
///
/// Their contents are the same on every machine and in every run, so that lessons can name checksums.
///
/// | file | bytes | what it shows |
/// | --- | --- | --- |
/// | `hello.txt` | 13 | one block |
/// | `test.txt` | 576 | 512 and 64 bytes, in octet and in netascii: it has no line end |
/// | `text.txt` | 576 | lines that end in CR LF and in a bare LF, so octet and netascii differ |
/// | `even.bin` | 1,024 | two full blocks, then an empty one |
/// | `exact2150.bin` | 2,150 | four full blocks and 102 bytes |
/// | `fw.bin` | 3,000 | six blocks |
/// | `eight.bin` | 4,000 | eight blocks |
/// | `wrap.bin` | 524,300 | 65,538 blocks of 8 bytes: block numbers start again |
/// | `slow.bin` | 131,072 | the effect of round trips |
/// | `big.bin` | 5,000,000 | a long transfer |
pub fn practice_files() -> MemoryStore {
    let store = MemoryStore::new();
    store.insert(b"hello.txt", b"Hello, TFTP!\n".to_vec());
    store.insert(b"test.txt", TEST_TEXT.as_bytes().to_vec());
    store.insert(b"text.txt", mixed_lines());
    for (name, size) in [
        (&b"even.bin"[..], 1_024),
        (b"exact2150.bin", 2_150),
        (b"fw.bin", 3_000),
        (b"eight.bin", 4_000),
        (b"wrap.bin", 524_300),
        (b"slow.bin", 131_072),
        (b"big.bin", 5_000_000),
    ] {
        store.insert(name, noise(size));
    }
    store
}

const TEST_TEXT: &str = "This file has 576 bytes, so it crosses the wire in two blocks: a full one of 512 bytes and a \
    short one of 64. A block shorter than the agreed size is how TFTP says that the file ends; there is no other sign, \
    and a file whose size is a multiple of 512 needs an empty block at its end. Each block carries a number and waits \
    for its acknowledgement before the next one leaves, which makes the protocol slow, small enough for the boot ROM \
    of any computer without a disk, and easy to read in a trace. There is no line end in this text, so that netascii has \
    nothing to change in it.";

/// Makes two short lines, so that the first bytes show both line ends, and eight lines of 70 bytes.
fn mixed_lines() -> Vec<u8> {
    let line = |number: usize| {
        if number % 2 == 1 {
            format!("{:.<68}\r\n", format!("Line {number} of 10 ends in CR LF, as netascii and Windows have it "))
        } else {
            format!("{:.<69}\n", format!("Line {number} of 10 ends in a bare LF, as Unix has it "))
        }
    };
    let short = "CR LF.\r\nbare LF\n".to_owned();
    std::iter::once(short).chain((3..=10).map(line)).collect::<String>().into_bytes()
}

/// Makes pseudo-random bytes, the same in every run, so that a misplaced block is noticed.
fn noise(size: usize) -> Vec<u8> {
    // A prime, so that no two blocks of a common size are equal.
    const PERIOD: usize = 65_521;
    let mut state: u64 = 0x7466_7470;
    let mut bytes = Vec::with_capacity(size + PERIOD);
    while bytes.len() < size.min(PERIOD) {
        bytes.extend_from_slice(&split_mix(&mut state).to_le_bytes());
    }
    bytes.truncate(PERIOD);
    while bytes.len() < size {
        bytes.extend_from_within(..PERIOD.min(size - bytes.len()));
    }
    bytes.truncate(size);
    bytes
}

/// Returns the next number of SplitMix64.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_the_size_that_its_lesson_states() {
        let store = practice_files();
        for (name, size) in [
            ("hello.txt", 13),
            ("test.txt", 576),
            ("text.txt", 576),
            ("even.bin", 1_024),
            ("exact2150.bin", 2_150),
            ("fw.bin", 3_000),
            ("eight.bin", 4_000),
            ("wrap.bin", 524_300),
            ("slow.bin", 131_072),
            ("big.bin", 5_000_000),
        ] {
            assert!(PRACTICE_NAMES.contains(&name), "{name}: among the names");
            assert_eq!(store.get(name.as_bytes()).map(|bytes| bytes.len()), Some(size), "{name}");
        }
    }

    #[test]
    fn no_two_blocks_of_a_file_are_equal() {
        let bytes = noise(200_000);
        let blocks: std::collections::HashSet<&[u8]> = bytes.chunks(512).collect();
        assert_eq!(blocks.len(), bytes.len().div_ceil(512));
    }

    #[test]
    fn test_txt_is_the_same_in_both_modes() {
        assert!(!TEST_TEXT.contains(['\r', '\n']));
    }

    #[test]
    fn text_txt_holds_both_kinds_of_line_ends() {
        let text = mixed_lines();
        assert_eq!(text.iter().filter(|&&byte| byte == b'\n').count(), 10);
        assert_eq!(text.windows(2).filter(|&pair| pair == b"\r\n").count(), 5);
    }
}
