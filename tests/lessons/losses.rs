//! Lessons 1 to 6: a transfer, and what is lost of it.

use tftpsh::server::practice_files;

use crate::played::{digest_of, digests, drawn, labels, plain_get, play, waits};

#[test]
fn lesson_1_shows_who_answers_from_where() {
    let played = play(1);
    played.went_well(&[]);
    let explained = played.outputs("get text.txt")[0];
    let heads: Vec<_> = explained.iter().filter(|line| line.starts_with('#') && !line.starts_with("# ")).collect();
    let parts: Vec<Vec<&str>> = heads.iter().map(|line| line.split_whitespace().collect()).collect();
    let packets: Vec<_> = parts.iter().map(|it| (it[4], it[5], it[9])).collect();
    let expected = [
        ("sent", "RRQ", "17"),
        ("received", "DATA", "516"),
        ("sent", "ACK", "4"),
        ("received", "DATA", "68"),
        ("sent", "ACK", "4"),
    ];
    assert_eq!(packets, expected);
    let asked = parts[0][8];
    assert!(parts[1..].iter().all(|it| it[8] == parts[1][8] && it[8] != asked), "a new port answers: {heads:?}");
    assert!(heads[1].ends_with(&format!("[TID {}]", &parts[1][8][1..])), "{}", heads[1]);
    let reasons: Vec<_> = explained.iter().filter(|line| line.trim_start().starts_with("why:")).collect();
    assert!(reasons[3].contains("64 < 512, so it is the last.  [RFC 1350 s6]"), "{}", reasons[3]);
    let again: Vec<_> = played.outputs("trace again ladder")[0].iter().filter_map(|line| drawn(line)).collect();
    assert_eq!(labels(&again), plain_get("text.txt", 576));
}

#[test]
fn lesson_2_shows_line_ends_on_the_wire_and_what_a_deaf_server_does_to_them() {
    let played = play(2);
    played.went_well(&["exit status 1"]);
    let text = practice_files().get(b"text.txt").expect("it is there");
    let count = |byte: u8| text.iter().filter(|it| **it == byte).count();
    let wire = text.len() + count(b'\n') + count(b'\r');
    for (local, bytes) in [("a", wire), ("b", text.len()), ("c", text.len())] {
        let lines = played.outputs(&format!("get text.txt {local}"))[0];
        assert!(lines.iter().any(|line| line.starts_with(&format!("Received {bytes} bytes in "))), "{lines:?}");
    }
    let hex: Vec<_> = played.outputs("trace again hex 2").iter().map(|lines| lines.concat()).collect();
    assert!(hex[0].contains("0d 00 0d  0a") || hex[0].contains("0d 00 0d 0a"), "{}", hex[0]);
    assert!(!hex[1].contains("0d 00") && hex[1].contains("0d 0a"), "{}", hex[1]);
    assert!(played.outputs("!cmp a b")[0].iter().all(|line| line.is_empty()), "the same");
    // The client takes the CR of each CR LF for one that the server put there.
    let shrunk = text.len() - count(b'\r');
    assert!(played.outputs("!wc -c b c")[0].iter().any(|line| line.trim() == format!("{shrunk} c")));
}

#[test]
fn lesson_3_counts_packets_and_proves_it() {
    let played = play(3);
    played.went_well(&[]);
    let planned = |bytes: &str| played.outputs(&format!("plan {bytes}"))[0].concat();
    assert!(planned("2150").contains("5 DATA, the last with 102 bytes") && planned("2150").contains(" 11 packets"));
    assert!(planned("1024").contains("3 DATA, the last empty") && planned("1024").contains(" 7 packets"));
    let transfers = played.transfers();
    assert_eq!(labels(&transfers[0]), plain_get("exact2150.bin", 2150));
    assert_eq!(labels(&transfers[1]), plain_get("even.bin", 1024));
    assert_eq!((transfers[0].len(), transfers[1].len()), (11, 7));
    assert_eq!(transfers[1][5].label, "DATA 3  0 B");
}

#[test]
fn lesson_4_loses_one_ack_and_the_file_is_whole() {
    let played = play(4);
    played.went_well(&[]);
    let transfers = played.transfers();
    let mut expected = plain_get("fw.bin", 3000);
    expected.splice(5..5, ["DATA 2  512 B".to_owned(), "ACK 2".to_owned()]);
    assert_eq!(labels(&transfers[0]), expected);
    let (lost, again) = (&transfers[0][4], &transfers[0][5..7]);
    assert!(lost.lost && lost.sent && lost.label == "ACK 2", "{lost:?}");
    assert_eq!((again[0].notes.as_str(), again[1].notes.as_str()), ("DUP of #4", "REXMT of #5"));
    let both = played.outputs("trace again ladder both")[0].join("\n");
    assert!(both.contains("lost: client rule 1") && both.contains("server's timer"), "{both}");
    let gets = played.outputs("get fw.bin");
    assert_eq!((waits(gets[0]), waits(gets[1])), (1, 0));
    assert_eq!(
        played.outputs("fault")[0][0].split_whitespace().collect::<Vec<_>>().join(" "),
        "1 drop sent ack 2 hit 1 time"
    );
    assert_eq!(labels(&transfers[1]), plain_get("fw.bin", 3000));
    assert_eq!(digests(&played, "fw.bin"), [digest_of("fw.bin"), digest_of("fw.bin")]);
}

#[test]
fn lesson_5_shows_which_side_waits_for_what() {
    let played = play(5);
    played.went_well(&[]);
    let transfers = played.transfers();
    assert_eq!(labels(&transfers[0]), ["RRQ hello.txt octet", "RRQ hello.txt octet", "DATA 1  13 B", "ACK 1"]);
    assert!(transfers[0][0].lost && transfers[0][1].notes.contains("REXMT of #1"), "the client asks again");
    let lost = &transfers[1][5];
    assert!(lost.lost && !lost.sent && lost.label == "DATA 3  512 B", "{lost:?}");
    let mut expected = plain_get("fw.bin", 3000);
    expected.insert(5, "DATA 3  512 B".to_owned());
    assert_eq!(labels(&transfers[1]), expected, "the server sends again, the client sent nothing meanwhile");
    assert!(transfers[1].iter().all(|packet| !packet.notes.contains("REXMT")));
    let both = played.outputs("trace again ladder both")[0].join("\n");
    assert!(both.contains("lost: rule 1") && both.contains("server's timer"), "{both}");
}

#[test]
fn lesson_6_repeats_the_last_ack_or_leaves_the_server_alone() {
    let played = play(6);
    played.went_well(&[]);
    let transfers = played.transfers();
    let whole = plain_get("fw.bin", 3000);
    let echo = ["DATA 6  440 B".to_owned(), "ACK 6".to_owned()];
    assert_eq!(labels(&transfers[0]), [&whole[..], &echo].concat(), "it dallies");
    assert!(transfers[0][12].lost && transfers[0][12].label == "ACK 6");
    assert_eq!(
        (transfers[0][13].notes.as_str(), transfers[0][14].notes.as_str()),
        ("DUP of #12 AFTER-END", "REXMT of #13 AFTER-END")
    );
    assert_eq!(labels(&transfers[1]), whole, "it leaves");
    assert!(transfers[1][12].lost);
    let status = played.outputs("serve status");
    assert!(status[0][0].ends_with(": 0 transfers, 1 finished, 0 failed, 0 refused"), "{:?}", status[0]);
    assert!(status[0][1].contains("get fw.bin: 3000 bytes in "), "{:?}", status[0]);
    assert!(status[1][0].ends_with(": 0 transfers, 1 finished, 1 failed, 0 refused"), "{:?}", status[1]);
    assert!(status[1][1].contains("get fw.bin: failed after "), "{:?}", status[1]);
}
