//! Traces of one command: where they go, beside files and outcomes on standard output, and what becomes of a transfer
//! whose trace cannot be written. And random faults, which are the same each time.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::{NOWHERE, Process, data, feed, objects, program, script};
use tftpsh::server::practice_files;

/// Runs the program with its own practice server, ASCII only.
fn practice(directory: &Path, args: &[&str], stdin: &str) -> Output {
    let mut command = program(NOWHERE);
    command.env("LC_ALL", "C").args(["--practice", "--no-options", "--rexmt", "5"]).args(args);
    feed(&mut command, directory, stdin.as_bytes())
}

fn once(args: &[&str]) -> (tempfile::TempDir, Output) {
    let directory = tempfile::tempdir().expect("a directory");
    let output = practice(directory.path(), args, "");
    (directory, output)
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("text")
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

fn arrows(text: &str) -> usize {
    text.lines().filter(|line| line.contains(" |-- ") || line.contains(" |<-")).count()
}

fn file(name: &str) -> Vec<u8> {
    practice_files().get(name.as_bytes()).expect(name).to_vec()
}

#[test]
fn a_view_stands_where_bsds_trace_stands() {
    let (directory, output) = once(&["--trace=ladder", "get", "fw.bin"]);
    assert_eq!((status(&output), arrows(text(&output.stdout))), (Some(0), 13));
    assert!(text(&output.stdout).ends_with("Received 3000 bytes in 0.0 seconds\n"));
    assert_eq!(fs::read(directory.path().join("fw.bin")).expect("the file"), file("fw.bin"));
    let (_directory, output) = once(&["--trace", "get", "hello.txt"]);
    let lines = ["sent RRQ <file=hello.txt, mode=octet>", "received DATA <block=1, 13 bytes>", "sent ACK <block=1>"];
    assert!(text(&output.stdout).starts_with(&(lines.join("\n") + "\n")), "{}", text(&output.stdout));
}

/// Lines are gathered, but what the transfer waits behind is there, whoever kills it.
#[test]
fn a_pipe_has_each_line_while_the_transfer_waits() {
    for view in ["--trace", "--trace=hex", "--trace=json"] {
        let (server, answered) = script(|mut server| {
            server.receive();
            for block in 1..=3 {
                server.send(&data(block, &[b'x'; 512]));
                server.receive();
            }
            // Its port stays open, and nothing comes from it any more.
            server
        });
        let directory = tempfile::tempdir().expect("a directory");
        let port = server.port().to_string();
        let args = ["--no-options", "--rexmt", "60", "--timeout", "60", view, "127.0.0.1", &port, "get", "f"];
        let mut client = Process::start(directory.path(), &args);
        let _server = answered.join().expect("three blocks");
        let is_last = |line: &str| {
            ["sent ACK <block=3>", "\"pkt\":\"ACK\""].iter().any(|it| line.contains(it))
                && (line.contains("<block=3>") || line.contains("\"block\":3,"))
        };
        // It would come at the end only, which is a minute away.
        let mut lines = std::iter::from_fn(|| Some(client.line()).filter(|line| !line.is_empty()));
        assert!(lines.any(|line| is_last(&line)), "{view}");
    }
}

#[test]
fn a_trace_stays_out_of_a_file_on_standard_output() {
    for view in ["--trace", "--trace=ladder", "--trace=explain", "--trace=hex", "--trace=json"] {
        let (_directory, output) = once(&[view, "get", "fw.bin", "-"]);
        assert_eq!(status(&output), Some(0), "{view}");
        assert!(output.stdout == file("fw.bin"), "{view}: the file and nothing else");
        assert!(output.stderr.len() > 400, "{view}: the trace is on the other side");
    }
    let (_directory, output) = once(&["--trace=json=-", "get", "fw.bin", "-"]);
    assert!(text(&output.stderr).contains("-: something else goes to standard output"));
    assert!(output.stdout == file("fw.bin"), "the file comes without its trace");
    assert_eq!(status(&output), Some(1));
}

#[test]
fn outcomes_and_traces_do_not_mix() {
    for view in ["--trace=ladder", "--trace=json"] {
        let (_directory, output) = once(&["--json", view, "get", "fw.bin"]);
        let outcomes = objects(text(&output.stdout));
        assert_eq!((outcomes.len(), &outcomes[0]["command"]), (1, &Value::from("get")), "{view}");
        assert!(text(&output.stderr).contains("DATA"), "{view}");
    }
}

#[test]
fn a_json_trace_has_standard_output_for_itself() {
    let (_directory, output) = once(&["--trace=json", "get", "fw.bin"]);
    let records = objects(text(&output.stdout));
    let packets = records.iter().filter(|record| record["ev"] == "packet").count();
    assert_eq!((status(&output), packets), (Some(0), 13));
    let end = records.last().expect("an end");
    let digest = tftpsh::files::Digest::of(&file("fw.bin")[..]).expect("memory").to_string();
    assert_eq!((&end["ev"], &end["bytes"], &end["sha256"]), (&"end".into(), &3000.into(), &digest.into()));
    assert!(text(&output.stderr).contains("Received 3000 bytes in "), "words for people go elsewhere");
}

#[test]
fn files_take_what_the_screen_does_not() {
    let (directory, output) = once(&["--trace=explain short,pcap=x.pcapng,json=x.json,ladder=x.txt", "get", "fw.bin"]);
    assert_eq!(status(&output), Some(0), "{}", text(&output.stderr));
    let read = |name: &str| fs::read(directory.path().join(name)).expect(name);
    assert_eq!(text(&output.stdout).lines().filter(|line| line.starts_with('#')).count(), 13);
    assert_eq!(objects(text(&read("x.json"))).iter().filter(|record| record["ev"] == "packet").count(), 13);
    assert_eq!(arrows(text(&read("x.txt"))), 13);
    assert_eq!(read("x.pcapng")[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    let (_directory, output) = once(&["--trace=explain,hex", "get", "fw.bin"]);
    assert_eq!(status(&output), Some(2));
    assert!(text(&output.stderr).contains("one view goes to the screen, others go to files (hex=FILE)"));
}

#[test]
fn a_trace_that_cannot_be_written_ends_no_transfer() {
    let mut cases = vec![("missing/x", "missing/x: No such file or directory"), (".", ".: Is a directory")];
    if cfg!(target_os = "linux") {
        cases.push(("/dev/full", "/dev/full: No space left on device"));
    }
    for (path, complaint) in cases {
        for view in ["json", "ladder", "explain", "hex", "classic", "pcap"] {
            let (directory, output) = once(&[&format!("--trace={view}={path}"), "get", "fw.bin"]);
            let stderr = text(&output.stderr);
            assert_eq!(stderr.matches(complaint).count(), 1, "{view}: {stderr}");
            assert_eq!(fs::read(directory.path().join("fw.bin")).ok(), Some(file("fw.bin")), "{view} to {path}");
            assert_eq!(status(&output), Some(1), "{view}: what was asked for is not all there");
        }
    }
}

/// The packets of a script's JSON trace, without what differs from run to run: times, ports, and round trips.
fn packets(script: &str) -> Vec<Value> {
    let directory = tempfile::tempdir().expect("a directory");
    let output = practice(directory.path(), &["--quiet"], &format!("trace json to packets.json\n{script}"));
    assert_eq!(status(&output), Some(0), "{}", text(&output.stderr));
    let records = objects(&fs::read_to_string(directory.path().join("packets.json")).expect("the trace"));
    let mut packets: Vec<_> = records.into_iter().filter(|record| record["ev"] == "packet").collect();
    for packet in &mut packets {
        let packet = packet.as_object_mut().expect("an object");
        for key in ["t", "wall", "rtt", "silence", "owner", "local", "peer", "text"] {
            packet.remove(key);
        }
    }
    packets
}

#[test]
fn the_same_seed_gives_the_same_packets_and_another_one_others() {
    // Only the server's timer runs out here, or only the client's, so that none can come first by chance.
    let script = |seed: u64| {
        format!(
            "serve rexmt 0.5\nfault seed {seed}\nfault drop received data rate 15%\nfault drop sent ack rate 10%\n\
             fault dup sent ack rate 20%\nfault delay 20 received data rate 30%\nfault corrupt received data rate 10%\n\
             get eight.bin\nget exact2150.bin\nserve rexmt 5\nrexmt 0.5\nfault off\nfault seed {seed}\n\
             fault drop sent data rate 20%\nfault dup received ack rate 20%\nput eight.bin up\n"
        )
    };
    let [first, second, other] = std::thread::scope(|scope| {
        [1996, 1996, 7].map(|seed| scope.spawn(move || packets(&script(seed)))).map(|run| run.join().expect("a run"))
    });
    let faulty = first.iter().filter(|packet| packet.get("rules").is_some()).count();
    assert!(faulty >= 6, "only {faulty} faults of {}", first.len());
    for (place, (first, second)) in first.iter().zip(&second).enumerate() {
        assert_eq!(first, second, "packet {place}");
    }
    assert_eq!(first.len(), second.len());
    let hits = |packets: &[Value]| packets.iter().map(|packet| packet["rules"].clone()).collect::<Vec<_>>();
    assert_ne!(hits(&first), hits(&other));
}

/// A receiver that asks for a gap, and a sender that goes back for each ACK that comes again, could double every window
/// until the end (RFC 1123 section 4.2.3.1 describes it without windows).
#[test]
fn a_swapped_block_costs_the_same_every_time() {
    const RUNS: usize = 50;
    let settings = "options on\nblksize 512\nwindowsize 4\nrexmt 2\nserve rexmt 5\nfault swap received data 6\n";
    let packets = packets(&(settings.to_owned() + &"get slow.bin\n".repeat(RUNS)));
    let mut counts = BTreeMap::new();
    for packet in &packets {
        *counts.entry(packet["xfer"].as_u64()).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), RUNS);
    let counts: BTreeSet<_> = counts.into_values().collect();
    // Without the fault, 325.
    assert!(counts.len() == 1 && counts.iter().all(|count| *count <= 335), "{counts:?} packets");
}
