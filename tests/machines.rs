//! The rules of the protocol, each as a short conversation with one machine in virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod talk;

use std::time::Duration;

use talk::{CLIENT, SERVER, STRANGER, TID, Talk, data, oack, window};
use tftpsh::transfer::{Abort, RetryPolicy};
use tftpsh::wire::{BlockSize, ErrorCode, Offer, emit_ack, emit_error};

const NOTHING: [&str; 0] = [];

#[test]
fn a_get_acknowledges_what_is_delivered_and_the_last_block_after_the_commit() {
    let mut talk = Talk::get(Offer::default());
    assert_eq!(talk.start(), ["RRQ <file=f, mode=octet>"]);
    assert_eq!(talk.hear(TID, &data(1, 512)), ["deliver 512", "ACK <block=1>"]);
    assert_eq!(talk.hear(TID, &data(2, 0)), ["deliver 0", "commit", "ACK <block=2>", "complete 512"]);
}

#[test]
fn the_last_ack_is_repeated_while_dallying() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    talk.hear(TID, &data(1, 3));
    assert_eq!(talk.hear(TID, &data(1, 3)), ["ACK <block=1>"]);
    assert_eq!(talk.until_the_end(), ["6.0 done"]);
}

#[test]
fn a_put_sends_each_block_once_it_is_wanted() {
    let mut talk = Talk::put(Offer::default(), 512);
    assert_eq!(talk.start(), ["WRQ <file=f, mode=octet>"]);
    assert_eq!(talk.hear(TID, &emit_ack(0)), ["DATA <block=1, 512 bytes>"]);
    assert_eq!(talk.hear(TID, &emit_ack(1)), ["DATA <block=2, 0 bytes>"]);
    assert_eq!(talk.hear(TID, &emit_ack(2)), ["complete 512", "done"]);
}

/// RFC 1123 section 4.2.3.1.
#[test]
fn a_duplicated_ack_never_duplicates_data() {
    let mut talk = Talk::serve_read(Offer::default(), 2000);
    assert_eq!(talk.start(), ["DATA <block=1, 512 bytes>"]);
    assert_eq!(talk.hear(CLIENT, &emit_ack(1)), ["DATA <block=2, 512 bytes>"]);
    assert_eq!(talk.hear(CLIENT, &emit_ack(1)), NOTHING);
    assert_eq!(talk.hear(CLIENT, &emit_ack(0)), NOTHING);
    assert_eq!(talk.silence(5000), ["DATA <block=2, 512 bytes>"]);
}

/// RFC 1350 section 4.
#[test]
fn a_stranger_gets_error_5_and_costs_nothing() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    talk.hear(TID, &data(1, 512));
    let reply = ["ERROR <code=5, msg=Unknown transfer ID> to stranger"];
    assert_eq!(talk.hear(STRANGER, &data(2, 512)), reply);
    assert_eq!(talk.hear(STRANGER, b"garbage"), reply);
    assert_eq!(talk.hear(STRANGER, &emit_error(ErrorCode::NOT_FOUND, b"no")), NOTHING, "an ERROR is never answered");
    assert_eq!(talk.hear(TID, &data(2, 1)), ["deliver 1", "commit", "ACK <block=2>", "complete 513"]);
}

#[test]
fn a_first_answer_counts_only_from_the_address_asked() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    let elsewhere = "198.51.100.1:69";
    assert_eq!(talk.hear(elsewhere, &data(1, 3)), ["ERROR <code=5, msg=Unknown transfer ID>"]);
    assert_eq!(talk.hear(elsewhere, &emit_error(ErrorCode::NOT_FOUND, b"no")), NOTHING);
    assert_eq!(talk.hear(TID, &data(1, 3)), ["deliver 3", "commit", "ACK <block=1>", "complete 3"]);
}

#[test]
fn an_error_ends_the_transfer_and_is_never_answered() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    assert_eq!(
        talk.hear(TID, &emit_error(ErrorCode::NOT_FOUND, b"no \x1b[2Jsuch")),
        ["failed: no \\x1b[2Jsuch (code 1)"]
    );
    let mut talk = Talk::put(Offer::default(), 3);
    talk.start();
    talk.hear(TID, &emit_ack(0));
    assert_eq!(talk.hear(TID, b"\0\x05\0\x03"), ["failed: Disk full or allocation exceeded (code 3)"]);
}

/// RFC 2347: what the OACK leaves out counts as never asked for.
#[test]
fn an_oack_without_blksize_means_512() {
    let mut talk = Talk::get(Offer { tsize: Some(0), ..window(4) });
    assert_eq!(talk.start(), ["RRQ <file=f, mode=octet, tsize=0, blksize=8, windowsize=4>"]);
    assert_eq!(talk.hear(TID, &oack("tsize=513")), ["ACK <block=0>"]);
    assert_eq!(talk.hear(TID, &oack("tsize=513")), ["ACK <block=0>"], "a doubled OACK shows that ACK 0 was lost");
    assert_eq!(talk.hear(TID, &data(1, 512)), ["deliver 512", "ACK <block=1>"]);
    assert_eq!(talk.hear(TID, &oack("tsize=513")), NOTHING);
}

#[test]
fn an_oack_that_asks_for_more_is_refused_with_error_8() {
    let mut talk = Talk::put(window(4), 3);
    talk.start();
    let words = "the server answered windowsize=5, which is not what was asked for";
    assert_eq!(
        talk.hear(TID, &oack("blksize=8,windowsize=5")),
        [format!("ERROR <code=8, msg={words}>"), format!("failed: {words}")]
    );
}

#[test]
fn a_server_without_options_is_asked_again_without_them() {
    for code in [0, 4, 8] {
        let mut talk = Talk::put(window(4), 3);
        talk.start();
        let end = talk.hear(TID, &emit_error(ErrorCode(code), b"what?"));
        assert_eq!(end, [format!("failed: the server answered a request with options with error {code}: what?")]);
    }
    let mut talk = Talk::get(window(4));
    talk.start();
    let ends = talk.until_the_end();
    assert_eq!(
        ends,
        ["5.0 RRQ <file=f, mode=octet, blksize=8, windowsize=4>", "10.0 failed: no answer to a request with options"]
    );
}

/// The first WRQ may have created the file.
#[test]
fn a_put_never_falls_back_on_silence() {
    let mut talk = Talk::put(window(4), 3);
    talk.start();
    assert_eq!(talk.until_the_end().last().unwrap(), "25.0 failed: Transfer timed out.");
}

/// A device that erases its flash memory first would get two requests.
#[test]
fn a_write_request_is_repeated_after_two_seconds() {
    let mut talk = Talk::put_with(Offer::default(), 3, RetryPolicy::default());
    talk.start();
    let again = |time| format!("{time} WRQ <file=f, mode=octet>");
    let end = "25.0 failed: Transfer timed out.".to_owned();
    let ends: Vec<_> = ["2.0", "4.0", "8.0", "13.0", "18.0", "23.0"].map(again).into_iter().chain([end]).collect();
    assert_eq!(talk.until_the_end(), ends);
}

/// Many servers begin their second of waiting anew at each ACK. tftp-hpa, which repeats none, waits 1.0 s.
#[test]
fn repeated_acks_hold_no_timer_of_a_server_off() {
    let wait = |blocks: &[(u16, usize)]| {
        let mut talk = Talk::get_with(Offer::default(), RetryPolicy::default());
        talk.start();
        talk.hear(TID, &data(1, 512));
        for &(block, lines) in blocks {
            assert_eq!(talk.hear(TID, &data(block, 512)).len(), lines, "{block}");
        }
        let (mut time, mut due) = (0, 1000);
        while time < due {
            time += 1;
            if !talk.silence(1).is_empty() {
                due = time + 1000;
            }
        }
        time
    };
    assert_eq!(wait(&[(3, 0), (2, 2)]), 1000, "swapped");
    assert_eq!(wait(&[(2, 2), (2, 1)]), 1100, "the next one is lost");
    assert_eq!(
        wait(&[(3, 0), (2, 2), (3, 2)]),
        1100,
        "after the swapped ones, a lost ACK is repeated as soon as before"
    );
}

#[test]
fn a_data_block_larger_than_agreed_ends_the_transfer() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    let words = "block 1 has 513 bytes, but 512 were agreed";
    assert_eq!(talk.hear(TID, &data(1, 513)), [format!("ERROR <code=4, msg={words}>"), format!("failed: {words}")]);
}

/// RFC 1350 section 5. A server that counts from 0 would have its second block taken for the first.
#[test]
fn a_first_block_with_number_0_is_refused_before_and_after_an_oack() {
    let words = "the peer's first block is number 0, but blocks begin with 1";
    let end = [format!("ERROR <code=4, msg={words}>"), format!("failed: {words}")];
    let mut talk = Talk::get(Offer::default());
    talk.start();
    assert_eq!(talk.hear(TID, &data(0, 512)), end);
    let mut talk = Talk::get(window(1));
    talk.start();
    talk.hear(TID, &oack("blksize=8"));
    assert_eq!(talk.hear(TID, &data(0, 8)), end);
}

/// Whoever announced the size: its peer would take a part of the file for the whole.
#[test]
fn a_sender_whose_file_changes_sends_an_error_instead_of_the_last_block() {
    let end = |read| {
        let words = format!("the file changed while it was sent: {read} bytes read, 1024 announced");
        [format!("ERROR <code=0, msg={words}>"), format!("failed: {words}")]
    };
    // Longer files are not read to their end.
    for (left, blocks, read) in
        [(0, 0, 0), (100, 0, 100), (512, 1, 512), (1023, 1, 1023), (1025, 2, 1025), (9999, 2, 1536)]
    {
        let mut put = Talk::put(Offer { tsize: Some(1024), ..Offer::default() }, left);
        put.start();
        let mut lines = put.hear(TID, &oack("tsize=1024"));
        let mut serve = Talk::serve_read(Offer { tsize: Some(0), ..Offer::default() }, 1024);
        assert_eq!(serve.start(), ["OACK <tsize=1024>"]);
        serve.file().left = left;
        let mut served = serve.hear(CLIENT, &emit_ack(0));
        for block in 1..=blocks {
            let data = [format!("DATA <block={block}, 512 bytes>")];
            assert_eq!((&lines[..], &served[..]), (&data[..], &data[..]), "{left}");
            (lines, served) = (put.hear(TID, &emit_ack(block)), serve.hear(CLIENT, &emit_ack(block)));
        }
        assert_eq!((&lines[..], &served[..]), (&end(read)[..], &end(read)[..]), "{left}");
    }
}

#[test]
fn a_sender_keeps_to_no_size_that_was_not_agreed() {
    for answer in [emit_ack(0).to_vec(), oack("tsize=0"), oack("blksize=512")] {
        let mut talk = Talk::put(Offer { tsize: Some(1024), blksize: BlockSize::new(512), ..Offer::default() }, 100);
        talk.start();
        assert_eq!(talk.hear(TID, &answer), ["DATA <block=1, 100 bytes>"]);
    }
    let mut talk = Talk::put(Offer { tsize: Some(0), ..Offer::default() }, 100);
    talk.start();
    assert_eq!(talk.hear(TID, &oack("tsize=5")), ["DATA <block=1, 100 bytes>"], "a file of /proc has size 0");
    let mut talk = Talk::put(Offer { tsize: Some(100), ..Offer::default() }, 100);
    talk.start();
    assert_eq!(talk.hear(TID, &oack("tsize=5")), ["DATA <block=1, 100 bytes>"], "this side announced the size");
}

/// RFC 7440 section 4.
#[test]
fn a_gap_is_acknowledged_at_once_and_only_once() {
    let mut talk = Talk::serve_write(window(4));
    assert_eq!(talk.start(), ["OACK <blksize=8, windowsize=4>"]);
    assert_eq!(talk.hear(CLIENT, &data(1, 8)), ["deliver 8"]);
    assert_eq!(talk.hear(CLIENT, &data(3, 8)), ["ACK <block=1>"]);
    assert_eq!(talk.hear(CLIENT, &data(4, 8)), NOTHING);
    for block in 2..5 {
        assert_eq!(talk.hear(CLIENT, &data(block, 8)), ["deliver 8"]);
    }
    assert_eq!(talk.hear(CLIENT, &data(5, 8)), ["deliver 8", "ACK <block=5>"], "a new window began after block 1");
}

/// RFC 7440 section 4.
#[test]
fn a_sender_goes_on_behind_the_acknowledged_block() {
    let mut talk = Talk::serve_read(window(4), 48);
    talk.start();
    assert_eq!(talk.hear(CLIENT, &emit_ack(0)), (1..5).map(block).collect::<Vec<_>>());
    assert_eq!(talk.hear(CLIENT, &emit_ack(2)), (3..7).map(block).collect::<Vec<_>>());
    assert_eq!(talk.hear(CLIENT, &emit_ack(9)), NOTHING, "never sent");
    assert_eq!(talk.hear(CLIENT, &emit_ack(6)), ["DATA <block=7, 0 bytes>"]);
    assert_eq!(talk.hear(CLIENT, &emit_ack(7)), ["complete 48", "done"]);

    fn block(number: u64) -> String {
        format!("DATA <block={number}, 8 bytes>")
    }
}

/// The time of the second ACK tells nothing: it may have waited on its way, or here.
#[test]
fn a_second_ack_in_a_window_is_believed_once_whenever_it_comes() {
    let mut talk = Talk::serve_read(window(2), 80);
    talk.start();
    let blocks = |first: u64| [first, first + 1].map(|block| format!("DATA <block={block}, 8 bytes>"));
    talk.hear(CLIENT, &emit_ack(0));
    assert_eq!(talk.hear(CLIENT, &emit_ack(2)), blocks(3));
    assert_eq!(talk.hear_now(CLIENT, &emit_ack(2)), blocks(3));
    assert_eq!(talk.hear(CLIENT, &emit_ack(2)), NOTHING);
    assert_eq!(talk.silence(5000), blocks(3));
    assert_eq!(talk.hear(CLIENT, &emit_ack(2)), blocks(3), "once more after a timeout");
    assert_eq!(talk.hear(CLIENT, &emit_ack(2)), NOTHING);
}

/// The Sorcerer's Apprentice with windows: blocks 3 and 4 arrived twice, and so does the ACK of block 4.
#[test]
fn a_window_sent_twice_does_not_double_the_next_one() {
    let blocks = |first: u64| [first, first + 1].map(|block| format!("DATA <block={block}, 8 bytes>"));
    let mut talk = Talk::serve_read(window(2), 80);
    talk.start();
    talk.hear(CLIENT, &emit_ack(0));
    talk.hear(CLIENT, &emit_ack(2));
    assert_eq!(talk.hear(CLIENT, &emit_ack(2)), blocks(3));
    assert_eq!(talk.hear(CLIENT, &emit_ack(4)), blocks(5));
    assert_eq!(talk.hear(CLIENT, &emit_ack(4)), NOTHING);
    assert_eq!(talk.hear(CLIENT, &emit_ack(6)), blocks(7));
    assert_eq!(talk.hear(CLIENT, &emit_ack(6)), blocks(7), "block 6 was sent once");
    let mut talk = Talk::serve_read(window(2), 80);
    talk.start();
    assert_eq!(talk.silence(5000), ["OACK <blksize=8, windowsize=2>"]);
    assert_eq!(talk.hear(CLIENT, &emit_ack(0)), blocks(1));
    assert_eq!(talk.hear(CLIENT, &emit_ack(0)), NOTHING, "the ACK of the second OACK");
}

/// RFC 7440 section 4. Some receivers answer each block after a gap.
#[test]
fn a_receiver_that_answers_each_block_after_a_gap_costs_one_more_window() {
    let mut talk = Talk::serve_read(window(4), 800);
    talk.start();
    let blocks = |blocks: std::ops::RangeInclusive<u64>| -> Vec<_> {
        blocks.map(|block| format!("DATA <block={block}, 8 bytes>")).collect()
    };
    assert_eq!(talk.hear(CLIENT, &emit_ack(0)), blocks(1..=4));
    assert_eq!(talk.hear(CLIENT, &emit_ack(1)), blocks(2..=5));
    assert_eq!(talk.hear(CLIENT, &emit_ack(1)), blocks(2..=5));
    assert_eq!(talk.hear(CLIENT, &emit_ack(5)), blocks(6..=9));
    for _ in 2..=5 {
        assert_eq!(talk.hear(CLIENT, &emit_ack(5)), NOTHING, "each block that came again is answered");
    }
    assert_eq!(talk.hear(CLIENT, &emit_ack(9)), blocks(10..=13));
}

/// RFC 7440 section 4.
#[test]
fn a_block_that_overtook_another_is_answered_once() {
    let mut talk = Talk::serve_write(window(4));
    talk.start();
    assert_eq!(talk.hear(CLIENT, &data(1, 8)), ["deliver 8"]);
    assert_eq!(talk.hear(CLIENT, &data(3, 8)), ["ACK <block=1>"]);
    assert_eq!(talk.hear(CLIENT, &data(2, 8)), ["deliver 8"]);
    assert_eq!(talk.hear(CLIENT, &data(4, 8)), NOTHING, "the sender heard of it already");
    assert_eq!(talk.hear(CLIENT, &data(2, 8)), NOTHING);
    for block in 3..5 {
        assert_eq!(talk.hear(CLIENT, &data(block, 8)), ["deliver 8"]);
    }
    assert_eq!(talk.hear(CLIENT, &data(5, 8)), ["deliver 8", "ACK <block=5>"]);
}

#[test]
fn numbers_go_on_with_one_where_a_lock_step_sender_does() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    for block in 1..=65535 {
        talk.hear(TID, &data(block, 512));
    }
    assert_eq!(talk.hear(TID, &data(1, 512)), ["deliver 512", "ACK <block=1>"]);
    assert_eq!(talk.hear(TID, &data(1, 512)), ["ACK <block=1>"]);
    assert_eq!(talk.hear(TID, &data(2, 0)), ["deliver 0", "commit", "ACK <block=2>", "complete 33554432"]);
}

/// In a window, block 1 after 65535 may follow a lost 0: believing it would corrupt the file.
#[test]
fn a_window_never_wraps_to_one() {
    let mut talk = Talk::get(window(4));
    talk.start();
    talk.hear(TID, &oack("blksize=8,windowsize=4"));
    for block in 1..=65535 {
        talk.hear(TID, &data(block, 8));
    }
    assert_eq!(talk.hear(TID, &data(1, 8)), ["ACK <block=65535>"]);
    assert_eq!(talk.hear(TID, &data(0, 8)), ["deliver 8"]);
    assert_eq!(talk.hear(TID, &data(1, 8)), ["deliver 8"]);
}

#[test]
fn junk_holds_no_timer_off() {
    let mut talk = Talk::serve_read(Offer::default(), 2000);
    talk.start();
    talk.hear(CLIENT, &emit_ack(1));
    let start = talk.world.now;
    let mut resent = 0;
    for _ in 0..40_000 {
        for junk in [&emit_ack(0)[..], &emit_ack(1), &emit_ack(77), b"", b"\0\x09", &data(1, 1)] {
            talk.hear_now(CLIENT, junk);
        }
        let lines = talk.silence(1);
        resent += lines.iter().filter(|line| line.starts_with("DATA")).count();
        if lines.last().is_some_and(|line| line.starts_with("failed")) {
            assert_eq!(talk.world.now - start, Duration::from_secs(25));
            assert_eq!(resent, 4);
            return;
        }
    }
    panic!("junk kept the transfer alive");
}

#[test]
fn an_address_that_acknowledged_nothing_gets_three_packets() {
    let mut talk = Talk::serve_read(Offer::default(), 2000);
    assert_eq!(talk.start(), ["DATA <block=1, 512 bytes>"]);
    let again = talk.until_the_end();
    let block = "DATA <block=1, 512 bytes>";
    assert_eq!(again, [format!("5.0 {block}"), format!("10.0 {block}"), "15.0 failed: Transfer timed out.".to_owned()]);
}

#[test]
fn nothing_is_acknowledged_that_could_not_be_written() {
    let mut talk = Talk::serve_write(Offer::default());
    talk.start();
    talk.file().disk_full = true;
    let words = "Disk full or allocation exceeded";
    let lines = talk.hear(CLIENT, &data(1, 512));
    assert_eq!(lines, [format!("ERROR <code=3, msg={words}>"), format!("failed: {words}")]);
}

#[test]
fn an_aborted_transfer_tells_its_peer_if_it_has_one() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    assert_eq!(talk.abort(Abort::Stopping), ["failed: the server is stopping"]);
    let mut talk = Talk::get(Offer::default());
    talk.start();
    talk.hear(TID, &data(1, 512));
    let words = "transfer interrupted by the user";
    let lines = talk.abort(Abort::Interrupted);
    assert_eq!(lines, [format!("ERROR <code=0, msg={words}>"), format!("failed: {words}")]);
}

/// A producer that is interrupted together with the put ends early.
#[test]
fn after_a_stop_the_end_of_the_file_is_not_believed() {
    let words = "transfer interrupted by the user";
    // The end may come in the first block, with a window, or after a full block.
    for (offer, oack_or_ack, sent) in
        [(Offer::default(), emit_ack(0).to_vec(), 1), (window(4), oack("blksize=8,windowsize=4"), 4)]
    {
        for left in [0, 3, 8, 20] {
            let mut talk = Talk::put(offer, 512 * sent);
            talk.start();
            assert_eq!(talk.hear(TID, &oack_or_ack).len(), sent);
            talk.file().left = left;
            talk.world.stop = Some(Abort::Interrupted);
            let lines = talk.hear(TID, &emit_ack(sent as u16));
            assert_eq!(lines, [format!("ERROR <code=0, msg={words}>"), format!("failed: {words}")]);
        }
    }
}

#[test]
fn a_closed_port_is_told_at_once_but_a_strangers_is_not_ours() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    assert_eq!(talk.unreachable(STRANGER), NOTHING);
    assert_eq!(talk.unreachable(SERVER), ["failed: connection refused (no TFTP server there)"]);
    let mut talk = Talk::get(Offer::default());
    talk.start();
    talk.hear(TID, &data(1, 3));
    assert_eq!(talk.unreachable(TID), ["done"], "the peer heard the last ACK and left");
}

#[test]
fn a_doubled_answer_from_a_second_port_is_a_stranger() {
    let mut talk = Talk::put(Offer::default(), 3);
    talk.start();
    assert_eq!(talk.hear(TID, &emit_ack(0)), ["DATA <block=1, 3 bytes>"]);
    assert_eq!(talk.hear(STRANGER, &emit_ack(0)), ["ERROR <code=5, msg=Unknown transfer ID> to stranger"]);
    assert_eq!(talk.hear(TID, &emit_ack(1)), ["complete 3", "done"]);
}
