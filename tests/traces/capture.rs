//! Capture files, read back: by hand, and by tshark if it is installed.

use std::io::Write;
use std::process::Command;

use tftpsh::analysis::Ring;
use tftpsh::trace::{self, Charset, Content, Json, Ladder, Limit, Pcapng, View, plain};
use tftpsh::wire::{BlockSize, Mode, Offer};

use crate::kept::kept;
use crate::story::{Story, ack, data, oack, rrq, wrq};
use crate::support::{self, Blocks, Captured, Foreign, objects};
use crate::{capture_of, page, stories};

/// The kinds and the bodies of the blocks of a file.
fn blocks(file: &[u8]) -> Vec<(u32, Vec<u8>)> {
    Blocks::of(file).collect()
}

fn packets(file: &[u8]) -> Vec<Captured> {
    support::packets(file).collect()
}

#[test]
fn the_smallest_packet_is_written_byte_for_byte() {
    let story = Story::between("127.0.0.1:50617", "127.0.0.1:6969", "127.0.0.1:40001");
    let file = capture_of(&story.asks(rrq("f", Mode::Octet, Offer::default())));
    let kinds: Vec<_> = blocks(&file).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [0x0a0d_0d0a, 1, 6]);
    let interface = &blocks(&file)[1].1;
    assert_eq!(interface[..12], [101, 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0], "link type, no limit, a name of five bytes");
    let packet = &packets(&file)[0];
    let hex: String = packet.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "4500002600004000\
         40113cc57f0000017f000001c5b91b390012630a000166006f6374657400"
    );
    assert!(packet.outbound && packet.id == 1 && packet.length == 38);
    assert!(packet.comment.starts_with("Ask to read \"f\"."), "{}", packet.comment);
    assert_eq!(packet.nanos, 1_767_225_600_000_000_000);
}

#[test]
fn snap_cuts_blocks_and_keeps_their_length() {
    let file = page(&stories::get(), Box::new(Pcapng::new(Some(64)))).bytes();
    let sizes: Vec<_> = packets(&file).iter().map(|it| (it.bytes.len(), it.length)).collect();
    assert_eq!(sizes, [(48, 48), (64, 544), (32, 32), (64, 96), (32, 32)]);
}

/// Returns the capture of a transfer that was kept.
fn capture_of_kept(story: &Story) -> Vec<u8> {
    let tracer = kept(std::slice::from_ref(story));
    let last = tracer.ring().and_then(Ring::last).expect("kept");
    let mut view = trace::Page::file(Charset::Ascii, Limit::All).again(Content::CAPTURE, last);
    let mut file = Vec::new();
    view.begin(&mut file).expect("a Vec takes all");
    last.again(None).for_each(|seen| view.render(seen, &mut file).expect("a Vec takes all"));
    file
}

#[test]
fn a_capture_of_a_kept_transfer_has_whole_lengths_and_says_what_is_missing() {
    let story = stories::get();
    let file = capture_of_kept(&story);
    let about = |file: &[u8]| String::from_utf8_lossy(&blocks(file)[0].1).into_owned();
    assert!(about(&file).contains("Blocks have their first 64 bytes; their lengths are whole."), "{}", about(&file));
    assert!(!about(&capture_of(&story)).contains("first 64 bytes"));
    let (live, again) = (packets(&capture_of(&story)), packets(&file));
    assert_eq!(again.iter().map(|it| it.bytes.len()).collect::<Vec<_>>(), [48, 96, 32, 96, 32]);
    for (live, again) in live.iter().zip(&again) {
        assert_eq!((live.length, live.nanos, live.id), (again.length, again.nanos, again.id));
        // All but the checksum, which needs all bytes.
        assert_eq!(live.bytes[..26], again.bytes[..26]);
        assert_eq!(live.bytes[28..again.bytes.len()], again.bytes[28..]);
    }
    assert_eq!(again[1].bytes[26..28], [0, 0], "there is no checksum");
    let short = stories::empty_last_block();
    assert!(about(&capture_of_kept(&short)).contains("first 64 bytes"));
    let whole = stories::error_();
    assert_eq!(capture_of_kept(&whole), capture_of(&whole));
}

#[test]
fn tshark_dissects_a_capture_of_kept_packets() {
    let six = Story::between("[::1]:50617", "[::1]:69", "[::1]:40001");
    let six = six.asks(rrq("f", Mode::Octet, Offer::default())).receives(data(1, 512)).sends(ack(1));
    let file = [capture_of_kept(&stories::get()), capture_of_kept(&six.moved(10))].concat();
    let Some(lines) = tshark(&file, &["tftp.opcode", "udp.length", "udp.checksum.status"], &[]) else { return };
    let (opcodes, lengths): (Vec<_>, Vec<_>) = lines.iter().map(|line| (line[0].as_str(), line[1].as_str())).unzip();
    assert_eq!(opcodes, ["1", "3", "4", "3", "4", "1", "3", "4"]);
    assert_eq!(lengths, ["28", "524", "12", "76", "12", "18", "524", "12"]);
    assert!(lines.iter().all(|line| line[2] != "0"), "no checksum is bad: {lines:?}");
}

#[test]
fn what_was_lost_on_the_way_here_is_written_only_if_asked_for() {
    let story = stories::lost_request();
    let lost = |all| {
        let file = page(&story, Box::new(Pcapng::new(None).with_lost(all))).bytes();
        packets(&file).iter().filter(|it| it.comment.starts_with("LOST")).map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(lost(false), [1], "a capture on the sender's side would show it");
    assert_eq!(lost(true), [1, 5]);
}

#[test]
fn a_name_that_the_user_typed_is_in_the_file_and_an_address_is_not() {
    let named = |host: &str| {
        let file = capture_of(&stories::get().called(host));
        blocks(&file).into_iter().filter(|(kind, _)| *kind == 4).map(|(_, body)| body).collect::<Vec<_>>()
    };
    assert_eq!(named("127.0.0.1"), Vec::<Vec<u8>>::new());
    assert_eq!(named("switch1.lab").len(), 1);
    assert!(named("switch1.lab")[0].windows(12).any(|it| it == b"switch1.lab\0"));
}

#[test]
fn the_hint_is_given_where_wireshark_may_need_it() {
    let hint = |server: &str, peer: &str, file: &str| {
        let story = Story::between("127.0.0.1:50617", server, peer);
        let story = story.asks(rrq(file, Mode::Octet, Offer::default())).receives(data(1, 4));
        // The tracer owns its view, so the test uses the view directly.
        let mut view = Pcapng::new(None);
        crate::views::replay(&story, &mut view);
        view.hint().is_some()
    };
    assert!(!hint("127.0.0.1:69", "127.0.0.1:40001", "fw 1.bin"));
    assert!(hint("127.0.0.1:6969", "127.0.0.1:40001", "fw.bin"));
    assert!(hint("127.0.0.1:69", "127.0.0.1:69", "fw.bin"));
    assert!(hint("127.0.0.1:69", "127.0.0.1:40001", "\u{fc}ber.txt"));
}

#[test]
fn json_ladder_and_capture_agree_packet_by_packet() {
    for (name, story) in stories::all().into_iter().filter(|it| it.0 != "wrap") {
        let ladder = page(&story, Box::new(Ladder::new(40, Charset::Ascii, plain))).text();
        // Long lines are folded.
        let ladder = ladder.replace(&format!("\n{:13}", ""), " ");
        let is_packet = |line: &&str| !line.trim_start().starts_with("...");
        let ladder: Vec<_> = ladder.lines().filter(is_packet).collect();
        let json = page(&story, Box::new(Json)).text();
        let file = page(&story, Box::new(Pcapng::new(None).with_lost(true))).bytes();
        let json: Vec<_> = objects(&json).into_iter().filter(|line| line["ev"] == "packet").collect();
        let captured = packets(&file);
        assert_eq!((json.len(), ladder.len()), (captured.len(), captured.len()), "{name}");
        for ((json, line), packet) in json.iter().zip(&ladder).zip(&captured) {
            assert_eq!(json["n"], packet.id, "{name}");
            let sent = json["dir"] == "sent";
            assert_eq!(sent, packet.outbound, "{name} {line}");
            let to_server = sent == (json["side"] == "client");
            assert_eq!(to_server, line.contains("--> ") || line.contains("--X "), "{name} {line}");
            let time: f64 = line.split_whitespace().next().and_then(|it| it.parse().ok()).expect("a time");
            assert!((json["t"].as_f64().expect("a time") - time).abs() < 1e-4, "{name} {line}");
            let headers = if json["peer_addr"].as_str().is_some_and(|address| address.contains(':')) { 48 } else { 28 };
            assert_eq!(json["len"], packet.length - headers, "{name} {line}");
            let payload: String =
                packet.bytes[headers as usize..].iter().take(68).map(|byte| format!("{byte:02x}")).collect();
            assert!(json["raw"].as_str().expect("bytes").starts_with(&payload), "{name} {line}");
            assert!(packet.comment.contains(json["text"].as_str().expect("a sentence")), "{name} {line}");
            let kind = json["pkt"].as_str().expect("a kind");
            assert!(kind == "?" || line.contains(kind), "{name} {line}");
            for flag in json["flags"].as_array().into_iter().flatten().filter_map(|flag| flag.as_str()) {
                let word = flag.to_ascii_uppercase().replace("WRONG-", "WRONG ");
                assert!(flag == "tid" || packet.comment.contains(&word), "{name} {flag} {}", packet.comment);
                assert!(flag == "tid" || flag == "lost" || line.contains(&word), "{name} {flag} {line}");
            }
        }
    }
}

/// Returns the fields that tshark finds in a capture; none if it is not installed.
fn tshark(file: &[u8], fields: &[&str], more: &[&str]) -> Option<Vec<Vec<String>>> {
    const TSHARK: Foreign =
        Foreign { name: "tshark", program: "tshark", asked: "--version", says: "TShark", needs_root: false };
    let program = TSHARK.find()?;
    let mut capture = tempfile::NamedTempFile::new().expect("a temporary file");
    capture.write_all(file).expect("written");
    let mut command = Command::new(program);
    command.arg("-r").arg(capture.path()).args(["-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f"]);
    command.args(["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]).args(more);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

/// Transfers over other addresses and ports, and a largest block.
fn elsewhere() -> Vec<(String, Story)> {
    let mut all = Vec::new();
    for (local, server, peer) in [
        ("127.0.0.1:50617", "127.0.0.1:69", "127.0.0.1:40001"),
        ("127.0.0.1:50617", "127.0.0.1:6969", "127.0.0.1:40001"),
        ("10.0.0.5:50617", "10.0.0.1:1069", "10.0.0.1:49153"),
        ("[::1]:50617", "[::1]:69", "[::1]:40001"),
        ("[fd00::5]:50617", "[fd00::1]:6969", "[fd00::1]:40001"),
        ("[::ffff:127.0.0.1]:50617", "127.0.0.1:6969", "[::ffff:127.0.0.1]:40001"),
    ] {
        let story = || Story::between(local, server, peer);
        let get = story().asks(rrq("fw.bin", Mode::Netascii, Offer::default()));
        let get = get.at(0.001).receives(data(1, 512)).sends(ack(1)).receives(data(2, 511)).sends(ack(2));
        all.push((format!("get {server}"), get));
        let most = Offer { blksize: Some(BlockSize::MOST), ..Offer::default() };
        let put = story().asks(wrq("fw.bin", Mode::Octet, most)).at(0.001).receives(oack(&[("blksize", 65464)]));
        all.push((
            format!("put {server}"),
            put.sends(data(1, 65464)).receives(ack(1)).sends(data(2, 0)).receives(ack(2)),
        ));
    }
    all
}

/// All are in one file, because tshark takes longer to start than to read. Each is a section and a conversation of its own,
/// so none is dissected by what tshark learned from another.
#[test]
fn tshark_dissects_every_frame_of_every_transfer() {
    // A stranger on another host takes part in no conversation that tshark knows.
    let is_whole = |name: &str| !["malformed", "crowded", "served_get"].contains(&name);
    let all = stories::all().into_iter().filter(|it| is_whole(it.0)).map(|it| (it.0.to_owned(), it.1));
    let (mut file, mut captured) = (Vec::new(), Vec::new());
    for (place, (name, story)) in (0..).zip(all.chain(elsewhere())) {
        let section = capture_of(&story.moved(place * 10));
        captured.extend(packets(&section).into_iter().map(|packet| (name.clone(), packet)));
        file.extend(section);
    }
    let fields = [
        "tftp.opcode",
        "udp.checksum.status",
        "frame.comment",
        "frame.packet_flags_direction",
        "frame.packet_id",
        "ip.version",
        "ip.checksum.status",
    ];
    let Some(lines) = tshark(&file, &fields, &[]) else { return };
    assert_eq!(lines.len(), captured.len());
    for (line, (name, packet)) in lines.iter().zip(&captured) {
        assert!(!line[0].is_empty(), "{name}: frame {} is not dissected as TFTP", packet.id);
        assert_eq!(line[1], "1", "{name}: the UDP checksum of frame {} is not good", packet.id);
        assert_eq!(line[2], packet.comment, "{name}");
        let direction = u32::from_str_radix(line[3].trim_start_matches("0x"), 16).ok();
        assert_eq!(direction, Some(if packet.outbound { 2 } else { 1 }), "{name}");
        assert_eq!(line[4], packet.id.to_string(), "{name}");
        assert!(line[6] == "1" || line[5] != "4", "{name}: the IP checksum of frame {} is not good", packet.id);
    }
}

#[test]
fn tshark_finds_duplicates_and_losses_by_their_comment() {
    let file = capture_of(&stories::lost_ack());
    let filter = "frame.comment contains \"DUP\" or frame.comment contains \"LOST\"";
    let Some(lines) = tshark(&file, &["frame.number", "frame.comment"], &["-Y", filter]) else { return };
    let found: Vec<_> = lines.iter().map(|line| (line[0].as_str(), &line[1][..4])).collect();
    assert_eq!(found, [("5", "LOST"), ("6", "DUP ")]);
}

/// Formats the comment of each packet of a capture.
pub(crate) fn comments(story: &Story) -> String {
    let line = |it: &Captured| {
        let way = if it.outbound { "out" } else { "in" };
        format!("#{} {way:<3} {} bytes, {}\n", it.id, it.length, it.comment)
    };
    let file = page(story, Box::new(Pcapng::new(None).with_lost(true))).bytes();
    packets(&file).iter().map(line).collect()
}

/// Packets in a capture file.
pub(crate) fn count(file: &[u8]) -> usize {
    packets(file).len()
}
