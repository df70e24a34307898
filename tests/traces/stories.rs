//! The transfers that every view shows.

use tftpsh::fault::Action;
use tftpsh::internals::ClientBug;
use tftpsh::transfer::{Abort, Failure, Violation};
use tftpsh::wire::{BadOption, BadOptionKind, BlockSize, ErrorCode, Mode, Offer, WindowSize};

use crate::story::{Story, ack, data, error, oack, rrq, wrq};

const PLAIN: Offer = Offer { tsize: None, timeout: None, blksize: None, windowsize: None };

fn read(file: &str) -> Vec<u8> {
    rrq(file, Mode::Octet, PLAIN)
}

fn write(file: &str) -> Vec<u8> {
    wrq(file, Mode::Octet, PLAIN)
}

fn offer(blksize: u64, windowsize: u64) -> Offer {
    Offer { tsize: Some(0), blksize: BlockSize::new(blksize), windowsize: WindowSize::new(windowsize), ..PLAIN }
}

pub(crate) fn all() -> Vec<(&'static str, Story)> {
    vec![
        ("get", get()),
        ("put", put()),
        ("lost_ack", lost_ack()),
        ("lost_request", lost_request()),
        ("duplicate", duplicate()),
        ("apprentice", apprentice()),
        ("options", options()),
        ("option_refused", option_refused()),
        ("error", error_()),
        ("wrong_tid", wrong_tid()),
        ("fooled", fooled()),
        ("fooled_put", fooled_put()),
        ("lost_last_ack", lost_last_ack()),
        ("wrap", wrap()),
        ("empty_last_block", empty_last_block()),
        ("window_gap", window_gap()),
        ("put_window_gap", put_window_gap()),
        ("cancelled", cancelled()),
        ("timed_out", timed_out()),
        ("malformed", malformed()),
        ("long", long()),
        ("swapped", swapped()),
        ("delayed", delayed()),
        ("copied_data", copied_data()),
        ("lost_data", lost_data()),
        ("first_zero", first_zero()),
        ("rude", rude()),
        ("served_get", served_get()),
        ("served_put", served_put()),
        ("served_apprentice", served_apprentice()),
        ("crowded", crowded("fw.bin")),
    ]
}

pub(crate) fn get() -> Story {
    let story = Story::new().asks(rrq("test.txt", Mode::Netascii, PLAIN));
    let story = story.at(0.0011).receives(data(1, 512)).at(0.0012).sends(ack(1));
    story.at(0.0016).receives(data(2, 64)).at(0.0017).sends(ack(2)).ends(2, 576)
}

fn put() -> Story {
    let story = Story::new().asks(write("cfg.txt")).at(0.0013).receives(ack(0));
    let story = story.at(0.0014).sends(data(1, 512)).at(0.0019).receives(ack(1));
    story.at(0.0020).sends(data(2, 188)).at(0.0024).receives(ack(2)).ends(2, 700)
}

pub(crate) fn lost_ack() -> Story {
    let story = Story::new().asks(read("fw.bin")).at(0.0009).receives(data(1, 512)).at(0.0010).sends(ack(1));
    let story = story.at(0.0014).receives(data(2, 512)).at(0.0015).fault(1, Action::Drop).loses(ack(2));
    let story = story.at(1.0021).receives(data(2, 512)).at(1.0022).sends(ack(2));
    story.at(1.0027).receives(data(3, 4)).at(1.0028).sends(ack(3)).costs(1, 1, 0).ends(3, 1028)
}

/// Our own timer expires too: the request is lost, then a block.
pub(crate) fn lost_request() -> Story {
    let story = Story::new().fault(1, Action::Drop).loses_request(read("fw.bin"));
    let story = story.at(1.0).silence(1, 1.0).asks(read("fw.bin"));
    let story = story.at(1.0009).receives(data(1, 512)).at(1.0010).sends(ack(1));
    let story = story.at(1.0014).fault(2, Action::Drop).misses(data(2, 4));
    let story = story.at(2.0010).silence(1, 1.0).sends(ack(1));
    story.at(2.0014).receives(data(2, 4)).at(2.0015).sends(ack(2)).costs(2, 0, 0).ends(2, 516)
}

fn duplicate() -> Story {
    let story = Story::new().asks(write("cfg.txt")).at(0.0008).receives(ack(0));
    let story = story.at(0.0009).sends(data(1, 512)).at(0.0013).receives(ack(1));
    let story = story.at(0.0014).receives(ack(1)).sends(data(2, 100));
    story.at(0.0019).receives(ack(2)).costs(0, 1, 0).ends(2, 612)
}

/// A fault duplicates an ACK, and the server answers both.
fn apprentice() -> Story {
    let story = Story::new().asks(read("eight.bin")).at(0.0004).receives(data(1, 512)).sends(ack(1));
    let story = story.at(0.0008).receives(data(2, 512)).sends(ack(2)).copy(1).sends(ack(2));
    let story = story.at(0.0012).receives(data(3, 512)).sends(ack(3)).at(0.0013).receives(data(3, 512)).sends(ack(3));
    let story = story.at(0.0016).receives(data(4, 4)).sends(ack(4)).costs(1, 1, 0).ends(4, 1540);
    story.at(0.0017).receives(data(4, 4)).sends(ack(4)).counts_late()
}

fn options() -> Story {
    let story = Story::new().asks(rrq("fw.bin", Mode::Octet, offer(1428, 4)));
    let story = story.at(0.0009).receives(oack(&[("tsize", 3000), ("blksize", 1024)])).at(0.0010).sends(ack(0));
    let story = story.at(0.0015).receives(data(1, 1024)).at(0.0016).sends(ack(1));
    let story = story.at(0.0020).receives(data(2, 1024)).at(0.0021).sends(ack(2));
    story.at(0.0025).receives(data(3, 952)).at(0.0026).sends(ack(3)).ends(3, 3000)
}

fn option_refused() -> Story {
    let story = Story::new().asks(rrq("fw.bin", Mode::Octet, Offer { blksize: BlockSize::new(1024), ..PLAIN }));
    let story = story.at(0.0009).receives(oack(&[("blksize", 1428)]));
    let words = "the server answered blksize=1428, which is not what was asked for";
    story.at(0.0010).sends(error(8, words)).fails(Failure::BadOption(BadOption {
        name: "blksize".to_owned(),
        value: "1428".to_owned(),
        kind: BadOptionKind::Raised,
    }))
}

pub(crate) fn error_() -> Story {
    let story = Story::new().asks(read("nosuch.bin")).at(0.0012).receives(error(1, "File not found"));
    story.fails(Failure::Remote { code: ErrorCode::NOT_FOUND, message: "File not found".to_owned() })
}

pub(crate) fn wrong_tid() -> Story {
    let story = Story::new().asks(read("fw.bin")).at(0.0009).receives(data(1, 512)).at(0.0010).sends(ack(1));
    let story = story.at(0.0012).receives_from(41234, data(2, 512));
    let story = story.at(0.0013).sends_to(41234, error(5, "Unknown transfer ID"));
    story.at(0.0014).receives(data(2, 100)).at(0.0015).sends(ack(2)).costs(0, 0, 1).ends(2, 612)
}

/// A client that ignores ports accepts the stranger's block and considers the server's a duplicate.
fn fooled() -> Story {
    let story = Story::new()
        .with_bug(ClientBug::NoTid)
        .asks(read("fw.bin"))
        .at(0.0009)
        .receives(data(1, 512))
        .at(0.0010)
        .sends(ack(1));
    let story = story.at(0.0012).receives_from(41234, data(2, 512)).at(0.0013).sends_to(41234, ack(2));
    let story = story.at(0.0014).receives(data(2, 512)).sends(ack(2));
    story.at(0.0018).receives(data(3, 4)).at(0.0019).sends(ack(3)).costs(1, 1, 0).ends(3, 1028)
}

/// The same client sends: its next block goes to the stranger and is lost.
fn fooled_put() -> Story {
    let story = Story::new()
        .with_bug(ClientBug::NoTid)
        .asks(write("cfg.txt"))
        .at(0.0008)
        .receives(ack(0))
        .at(0.0009)
        .sends(data(1, 512));
    let story = story.at(0.0012).receives_from(41234, ack(1)).at(0.0013).sends_to(41234, data(2, 100));
    let story = story.at(0.0014).receives(ack(1));
    let story = story.at(1.0013).silence(1, 1.0).sends(data(2, 100));
    story.at(1.0018).receives(ack(2)).costs(1, 1, 0).ends(2, 612)
}

/// The file is complete and the prompt is back when the server resends its last block.
fn lost_last_ack() -> Story {
    let story = Story::new().asks(read("test.txt")).at(0.0011).receives(data(1, 512)).at(0.0012).sends(ack(1));
    let story = story.at(0.0016).receives(data(2, 64)).at(0.0017).sends(ack(2)).digest("00ff").ends(2, 576);
    story.at(1.0020).receives(data(2, 64)).at(1.0021).sends(ack(2))
}

/// From the first block to one after the wrap, with blocks of 8 to be fast.
pub(crate) fn wrap() -> Story {
    let offer = Offer { blksize: BlockSize::new(8), ..PLAIN };
    let mut story = Story::new().asks(rrq("wrap.bin", Mode::Octet, offer));
    story = story.at(0.0005).receives(oack(&[("blksize", 8)])).sends(ack(0));
    for block in 1..=65_538_u32 {
        let t = 0.0005 + f64::from(block) * 0.0004;
        let wire = u16::try_from(block % 65536).expect("a remainder");
        story = story.at(t).receives(data(wire, if block == 65_538 { 4 } else { 8 }));
        story = story.at(t + 0.0001).sends(ack(wire));
    }
    story.ends(65_538, 524_300)
}

pub(crate) fn empty_last_block() -> Story {
    let story = Story::new().asks(read("even.bin")).at(0.0010).receives(data(1, 512)).at(0.0011).sends(ack(1));
    let story = story.at(0.0013).receives(data(2, 512)).at(0.0014).sends(ack(2));
    story.at(0.0016).receives(data(3, 0)).at(0.0017).sends(ack(3)).ends(3, 1024)
}

/// Block 6 of a window of 4 is lost.
pub(crate) fn window_gap() -> Story {
    let windowed = Offer { windowsize: WindowSize::new(4), ..PLAIN };
    let mut story = Story::new().asks(rrq("fw.bin", Mode::Octet, windowed));
    story = story.at(0.0005).receives(oack(&[("windowsize", 4)])).at(0.0006).sends(ack(0));
    let blocks = |story: Story, t: f64, blocks: &[u16]| {
        blocks.iter().fold(story.at(t), |story, block| story.receives(data(*block, if *block == 9 { 4 } else { 512 })))
    };
    story = blocks(story, 0.0010, &[1, 2, 3, 4]).at(0.0011).sends(ack(4));
    story = blocks(story, 0.0015, &[5, 7]).at(0.0016).sends(ack(5));
    story = blocks(story, 0.0017, &[8]);
    story = blocks(story, 0.0020, &[6, 7, 8, 9]).at(0.0021).sends(ack(9));
    story.ends(9, 4100)
}

pub(crate) fn put_window_gap() -> Story {
    let windowed = Offer { windowsize: WindowSize::new(4), ..PLAIN };
    let mut story = Story::new().asks(wrq("fw.bin", Mode::Octet, windowed));
    story = story.at(0.0005).receives(oack(&[("windowsize", 4)])).at(0.0006);
    for block in 1..=4 {
        story = story.sends(data(block, 512));
    }
    story = story.at(0.0010).receives(ack(2)).at(0.0011).sends(data(3, 512)).sends(data(4, 512)).sends(data(5, 4));
    story.at(0.0016).receives(ack(5)).costs(2, 0, 0).ends(5, 2052)
}

fn cancelled() -> Story {
    let story = Story::new().asks(read("big.bin")).at(0.0009).receives(data(1, 512)).at(0.0010).sends(ack(1));
    let words = "transfer interrupted by the user";
    story.at(0.3210).sends(error(0, words)).fails(Failure::Aborted(Abort::Interrupted))
}

fn timed_out() -> Story {
    let mut story = Story::new().asks(read("fw.bin"));
    for (attempt, t) in [(1, 5.0), (2, 10.0), (3, 15.0), (4, 20.0)] {
        story = story.at(t).silence(attempt, 5.0).asks(read("fw.bin"));
    }
    story.at(25.0).fails(Failure::TimedOut { answered: false })
}

/// Packets that no server should send.
fn malformed() -> Story {
    let story = Story::new().asks(read("fw.bin")).at(0.0009).receives(data(1, 512)).at(0.0010).sends(ack(1));
    let story = story.at(0.0012).receives(vec![]).receives(vec![0]).receives(vec![0, 9, 1, 2]).receives(vec![0, 3, 0]);
    let story = story.receives(data(2, 516)).receives(b"\0\x06blksize".to_vec()).receives(b"\0\x06a\0b\0\0x".to_vec());
    let story = story.receives([data(9, 512)].concat()).receives([ack(1), vec![1, 2, 3]].concat());
    let story = story.at(0.0020).receives(b"\0\x05\0\x02\x1b[2Jgo away\0\0\0".to_vec());
    story.receives(data(2, 512)).fails(Failure::Remote { code: ErrorCode::ACCESS, message: "go away".to_owned() })
}

/// Enough blocks to hide some, with a loss between.
pub(crate) fn long() -> Story {
    let mut story = Story::new().asks(read("big.bin"));
    let mut t = 0.0;
    for block in 1..=40 {
        t += 0.0004;
        story = story.at(t).receives(data(block, if block == 40 { 100 } else { 512 })).at(t + 0.0001);
        if block == 20 {
            story = story.fault(1, Action::Drop).loses(ack(block));
            t += 1.0;
            story = story.at(t).receives(data(block, 512)).at(t + 0.0001);
        }
        story = story.sends(ack(block));
    }
    story.costs(1, 1, 0).ends(40, 39 * 512 + 100)
}

/// Much to say about each packet: a lost OACK and its repetitions, delays, and strangers on other hosts.
pub(crate) fn crowded(file: &str) -> Story {
    let answer = || oack(&[("tsize", 3000), ("blksize", 1428), ("windowsize", 4)]);
    let story = Story::between("[2001:db8::53]:50617", "[2001:db8::7]:69", "[2001:db8::7]:40001");
    let story = story.asks(rrq(file, Mode::Octet, offer(1428, 4)));
    let story = story.at(0.0009).fault(1, Action::Drop).misses(answer());
    let story = story.at(1.0009).receives(answer()).at(1.0010).fault(2, Action::Delay(200)).sends(ack(0));
    let story = story.at(1.0011).receives(answer()).at(1.0020).receives(data(1, 1428));
    let story = story.receives_from_host("[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:40001", data(2, 1428));
    let story = story.receives_from_host("[2001:db8::9]:65535", error(4, "a message of a few words, but rather long"));
    let story = story.at(1.0030).receives(data(2, 1428)).at(1.0031).fault(3, Action::Corrupt(Some(2))).sends(ack(2));
    let story = story.at(1234.567).silence(1, 1233.5639).fault(4, Action::Drop).loses(ack(2));
    let story = story.at(1235.567).receives(data(3, 144)).sends(ack(3));
    story.ends(3, 3000)
}

/// A rule lets the next packet overtake ACK 2. In lock-step that is the one that the server's timer asks for.
fn swapped() -> Story {
    let story = Story::new().asks(read("fw.bin")).at(0.0009).receives(data(1, 512)).at(0.0010).sends(ack(1));
    let story = story.at(0.0014).receives(data(2, 512)).at(1.0021).receives(data(2, 512)).at(1.0022).sends(ack(2));
    let story = story.held(1, Action::Swap, 1001).sends(ack(2));
    story.at(1.0027).receives(data(3, 4)).at(1.0028).sends(ack(3)).costs(1, 1, 0).ends(3, 1028)
}

/// A rule holds block 2 for 300 ms, another one ACK 2.
fn delayed() -> Story {
    let story = Story::new().asks(read("fw.bin")).at(0.0009).receives(data(1, 512)).at(0.0010).sends(ack(1));
    let story = story.at(0.0014).holds(1, Action::Delay(300), 1).receives(data(2, 512));
    let story = story.at(0.3014).delivers(1, 300, data(2, 512));
    let story = story.at(0.6015).held(2, Action::Delay(300), 300).sends(ack(2));
    story.at(0.6027).receives(data(3, 4)).at(0.6028).sends(ack(3)).ends(3, 1028)
}

/// A rule duplicates block 2 when it arrives.
fn copied_data() -> Story {
    let story = Story::new().asks(read("fw.bin")).at(0.0009).receives(data(1, 512)).at(0.0010).sends(ack(1));
    let story = story.at(0.0014).receives(data(2, 512)).sends(ack(2));
    let story = story.at(0.0014).copy(1).receives(data(2, 512)).at(0.0015).sends(ack(2));
    story.at(0.0018).receives(data(3, 4)).at(0.0019).sends(ack(3)).costs(1, 1, 0).ends(3, 1028)
}

/// Block 2 is lost, and the timer of the server sends it again: not a round trip.
fn lost_data() -> Story {
    let story = Story::new().asks(read("fw.bin")).at(0.0009).receives(data(1, 512)).at(0.0010).sends(ack(1));
    let story = story.at(0.0014).fault(1, Action::Drop).misses(data(2, 512));
    let story = story.at(1.0014).receives(data(2, 512)).at(1.0015).sends(ack(2));
    story.at(1.4020).receives(data(3, 4)).at(1.4021).sends(ack(3)).ends(3, 1028)
}

/// The server counts from 0, and knows options.
fn first_zero() -> Story {
    let story = Story::new().asks(rrq("fw.bin", Mode::Octet, Offer { blksize: BlockSize::new(1024), ..PLAIN }));
    let story = story.at(0.0009).receives(oack(&[("blksize", 1024)])).at(0.0010).sends(ack(0));
    let story = story.at(0.0014).receives(data(0, 1024)).at(0.0015).sends(error(4, BLOCK_ZERO));
    story.fails(Violation::BlockZero.into())
}

const BLOCK_ZERO: &str = "the peer's first block is number 0, but blocks begin with 1";

/// A client in a hurry: it leaves with its last ACK.
fn rude() -> Story {
    let story = Story::new().with_bug(ClientBug::NoDally).asks(read("test.txt"));
    story.at(0.0011).receives(data(1, 64)).at(0.0012).sends(ack(1)).ends(1, 64)
}

/// A get as the server sees it: its first DATA 2 is lost, then ACK 3 comes twice.
fn served_get() -> Story {
    let request = rrq("fw.bin", Mode::Octet, Offer { blksize: BlockSize::new(1024), ..PLAIN });
    let story = Story::of_server().receives(request).at(0.0002).sends(oack(&[("blksize", 1024)]));
    let story = story.at(0.0006).receives(ack(0)).sends(data(1, 1024)).at(0.0010).receives(ack(1));
    let story = story.at(0.0011).fault(1, Action::Drop).loses(data(2, 1024));
    let story = story.at(1.0011).silence(1, 1.0).sends(data(2, 1024)).at(1.0015).receives(ack(2));
    let story = story.sends(data(3, 1024)).at(1.0020).receives(ack(3)).sends(data(4, 100));
    let story = story.at(1.0022).receives(ack(3)).receives_from(41234, ack(4));
    let story = story.sends_to(41234, error(5, "Unknown transfer ID"));
    story.at(1.0026).receives(ack(4)).costs(1, 1, 1).ends(4, 3172)
}

/// A put as the server sees it: its last ACK is lost.
fn served_put() -> Story {
    let story = Story::of_server().receives(write("cfg.txt")).at(0.0002).sends(ack(0));
    let story = story.at(0.0006).receives(data(1, 512)).at(0.0007).sends(ack(1)).at(0.0010).receives(data(2, 100));
    let story = story.at(0.0011).fault(1, Action::Drop).loses(ack(2)).ends(2, 612);
    story.at(1.0010).receives(data(2, 100)).at(1.0011).sends(ack(2)).counts_late()
}

/// The Sorcerer's Apprentice at work.
fn served_apprentice() -> Story {
    let story = Story::of_server().receives(read("fw.bin")).at(0.0002).sends(data(1, 512));
    let story = story.at(0.0006).receives(ack(1)).sends(data(2, 512)).at(0.0010).receives(ack(2)).sends(data(3, 4));
    let story = story.at(0.0011).receives(ack(2)).sends(data(3, 4)).at(0.0014).receives(ack(3));
    story.costs(1, 1, 0).ends(3, 1028).at(0.0015).receives(ack(3)).counts_late()
}
