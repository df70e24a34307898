//! Machines with bugs against correct ones, with faults between them: all in virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod class;

use tftpsh::internals::{ClientBug, ServerBug};
use tftpsh::transfer::Failure;
use tftpsh::wire::ErrorCode;

use class::{Class, get, put};

#[test]
fn sorcerers_apprentice_costs_29_packets_instead_of_17() {
    let good = get(4000).fault("dup sent ack 2").run();
    let bad = get(4000).fault("dup sent ack 2").bug(ServerBug::Sorcerer).run();
    assert_eq!((good.packets.len(), bad.packets.len()), (17, 29));
    assert!(good.whole() && bad.whole());
    for (block, copies) in [(1, 1), (2, 1), (3, 2), (5, 2), (8, 2)] {
        assert_eq!(bad.count(&format!("DATA <block={block},")), copies, "{:?}", bad.packets);
        assert_eq!(bad.count(&format!("ACK <block={block}>")), copies);
    }
    assert_eq!(get(512_000 - 1).fault("dup sent ack 2").bug(ServerBug::Sorcerer).run().count("DATA"), 1998);
    assert_eq!(get(4000).bug(ServerBug::Sorcerer).run().packets.len(), 17, "without the duplicate it does not show");
}

#[test]
fn a_lost_ack_shows_block_2_twice_on_the_wire_and_once_in_the_file() {
    let outcome = get(3000).fault("drop sent ack 2").run();
    assert_eq!((outcome.count("DATA <block=2,"), outcome.count("ACK <block=2>")), (2, 2));
    assert!(outcome.whole());
}

#[test]
fn blocks_from_zero_are_refused() {
    let outcome = get(3000).bug(ServerBug::FirstZero).run();
    assert!(outcome.packets[1].starts_with("DATA <block=0,"));
    assert_eq!(outcome.client_failure(), "the peer's first block is number 0, but blocks begin with 1");
}

#[test]
fn blocks_too_large_are_refused() {
    let outcome = get(3000).bug(ServerBug::Oversize).run();
    assert_eq!(outcome.client_failure(), "block 1 has 516 bytes, but 512 were agreed");
    assert_eq!(
        get(100).bug(ServerBug::Oversize).run().packets[1],
        "DATA <block=1, 100 bytes>",
        "only full blocks are wrong"
    );
}

#[test]
fn a_server_that_never_resends_loses_the_file_with_one_packet() {
    let lossy = |class: Class| class.fault("drop received data 3").run();
    assert!(lossy(get(3000)).whole());
    let outcome = lossy(get(3000).bug(ServerBug::NoResend));
    assert_eq!(outcome.client_failure(), "Transfer timed out.");
    assert_eq!(outcome.count("DATA <block=3,"), 1);
    assert!(get(3000).bug(ServerBug::NoResend).run().whole(), "without a loss it does not show");
}

#[test]
fn without_its_empty_block_a_file_never_ends() {
    for class in [get(1024), get(1024).windowsize(8), get(0)] {
        let outcome = class.bug(ServerBug::NoEmpty).run();
        assert_eq!(outcome.client_failure(), "Transfer timed out.");
        assert_eq!(outcome.count("DATA <block=3,"), 0);
        assert!(outcome.server.complete, "the server thinks that all is well");
    }
    assert!(get(1023).bug(ServerBug::NoEmpty).run().whole());
    let lossy = get(1024).windowsize(8).fault("drop received data 1").bug(ServerBug::NoEmpty).run();
    assert_eq!(lossy.client.file().taken, lossy.server.file().given, "what is lost is still repeated");
}

#[test]
fn a_wrap_to_one_is_understood_and_a_stop_at_65535_is_a_stop() {
    let wrap = |class: Class| class.blksize(8).run();
    assert_eq!(wrap(get(524_300)).packets.len(), 131_079);
    let to_one = wrap(get(524_300).bug(ServerBug::WrapToOne));
    assert!(to_one.whole());
    assert_eq!((to_one.packets.len(), to_one.count("DATA <block=0,"), to_one.count("DATA <block=3,")), (131_079, 0, 2));
    let stop = wrap(get(524_300).bug(ServerBug::NoWrap));
    assert_eq!(stop.client_failure(), "Transfer timed out.");
    assert_eq!((stop.client.file().taken.len(), stop.count("DATA <block=0,")), (65_535 * 8, 0));
    assert!(get(524_300).bug(ServerBug::NoWrap).run().whole(), "at 512 there are numbers enough");
}

#[test]
fn an_upload_meets_the_wrap_bugs_too() {
    for bug in [ServerBug::WrapToOne, ServerBug::NoWrap] {
        let outcome = put(524_300).blksize(8).bug(bug).run();
        assert!(!outcome.whole() && outcome.server.file().taken.len() == 65_535 * 8, "{bug}");
        assert!(put(5000).blksize(8).bug(bug).run().whole(), "{bug}");
    }
}

#[test]
fn an_early_ack_leaves_the_client_with_a_file_that_is_not_there() {
    let outcome = put(3000).bug(ServerBug::AckEarly).run();
    assert_eq!(outcome.client.end, Some(Ok(())), "the client got the last ACK");
    assert!(outcome.client.complete && !outcome.server.file().committed && outcome.server.end.is_some());
    assert_eq!(outcome.count("ACK <block=6>"), 1);
    assert_eq!(outcome.packets.last().map(String::as_str), Some("ERROR <code=3, msg=the file could not be stored>"));
}

#[test]
fn options_unasked_or_raised_are_refused_with_error_8() {
    for (bug, oack) in
        [(ServerBug::OackExtra, "OACK <blksize=1024, rollover=0>"), (ServerBug::OackRaise, "OACK <blksize=1536>")]
    {
        for class in [get(3000), put(3000)] {
            let outcome = class.blksize(1024).bug(bug).run();
            assert_eq!(outcome.packets[1], oack);
            assert!(matches!(outcome.client.end, Some(Err(Failure::BadOption(_)))));
            assert_eq!(outcome.count(&format!("ERROR <code={}", ErrorCode::OPTIONS.0)), 1);
        }
        assert!(get(3000).bug(bug).run().whole(), "without options it does not show");
    }
}

#[test]
fn a_stranger_gets_error_5_and_only_a_client_without_tid_is_fooled() {
    let good = get(3000).bug(ServerBug::Stranger).run();
    assert!(good.whole() && good.count("ERROR <code=5") == 1);
    let bad = get(3000).bug(ServerBug::Stranger).client_bug(ClientBug::NoTid).run();
    assert!(bad.client.complete && !bad.whole() && bad.count("ERROR") == 0);
    let wrong: Vec<usize> =
        (0..3000).filter(|&place| bad.client.file().taken[place] != bad.server.file().given[place]).collect();
    assert_eq!(wrong, (512..1024).collect::<Vec<_>>(), "the stranger's block 2 is in the file");
    assert!(get(3000).client_bug(ClientBug::NoTid).run().whole(), "without a stranger it does not show");
}

#[test]
fn a_server_on_one_port_is_accepted() {
    assert!(get(3000).bug(ServerBug::OnePort).run().whole());
}

#[test]
fn without_a_dally_a_lost_last_ack_leaves_the_server_in_doubt() {
    let polite = get(3000).fault("drop sent ack last").run();
    assert!(polite.whole() && polite.server.complete);
    assert_eq!((polite.count("DATA <block=6,"), polite.count("ACK <block=6>")), (2, 2));
    let hasty = get(3000).fault("drop sent ack last").client_bug(ClientBug::NoDally).run();
    assert!(hasty.whole() && !hasty.server.complete, "the file is whole, but the server cannot know");
    assert_eq!(hasty.server.end, Some(Err(Failure::Vanished)));
    assert_eq!((hasty.count("DATA <block=6,"), hasty.count("ACK <block=6>")), (2, 1));
}

#[test]
fn bugs_of_one_direction_leave_the_other_alone() {
    for bug in [ServerBug::Sorcerer, ServerBug::FirstZero, ServerBug::Oversize, ServerBug::NoResend, ServerBug::NoEmpty]
    {
        assert!(put(3000).bug(bug).run().whole(), "{bug}");
    }
    assert!(get(3000).bug(ServerBug::AckEarly).run().whole());
}

#[test]
fn a_lost_request_is_repeated_by_the_client_and_lost_data_by_the_server() {
    let request = get(13).fault("drop sent rrq first").run();
    assert!(request.whole() && request.count("RRQ") == 2 && request.count("DATA") == 1);
    let data = get(3000).fault("drop received data 3").run();
    assert!(data.whole() && data.count("DATA <block=3,") == 2 && data.count("ACK <block=2>") == 1);
}

#[test]
fn the_same_faults_give_the_same_packets() {
    let run = |seed| {
        let mut class = get(20_000).fault("drop both any rate 10%").fault("dup both any rate 10%");
        class.faults.set_seed(seed);
        class.run().packets
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
