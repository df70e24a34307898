//! What a running server says about itself: `serve status`, and the status of the library's server.
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_json::Value;
use support::{Port, Process, ScriptedClient, ack, data, directory_with, eventually, memory, serve};
use tftpsh::files::{Denied, Source, Store, Target, WriteMode};
use tftpsh::server::Policy;
use tftpsh::wire::{Mode, RequestKind};

#[test]
fn the_status_lists_running_transfers_and_counts_the_others() {
    let server = serve(memory("f", vec![7; 2000]), Policy::default());
    let [reader, writer, other] = [(); 3].map(|()| ScriptedClient::of(&server));
    reader.ask(b"\0\x01f\0octet\0");
    let (_, tid) = reader.receive();
    reader.send(tid, &ack(1));
    assert_eq!(reader.receive().0, data(2, &[7; 512]));
    writer.ask(b"\0\x02new\0octet\0");
    let (_, tid) = writer.receive();
    writer.send(tid, &data(1, &[1; 512]));
    assert_eq!(writer.receive().0, ack(1));
    other.ask(b"\0\x01nosuch\0octet\0");
    other.receive();
    other.get(b"\0\x01f\0octet\0", 512);

    eventually("the last transfer is complete", || server.status().finished == 1);
    let status = server.status();
    assert_eq!((status.live, status.finished, status.failed, status.refused), (2, 1, 0, 1));
    let [get, put] = &status.transfers[..] else { panic!("{status:?}") };
    assert_eq!((get.peer, get.kind, &get.filename[..]), (reader.port.address(), RequestKind::Read, &b"f"[..]));
    assert_eq!((get.bytes, get.size, get.resent), (512, Some(2000), 0));
    assert!(get.to_string().starts_with(&format!("{} get f: 25%, ", reader.port.address())), "{get}");
    assert_eq!((put.kind, put.bytes, put.size), (RequestKind::Write, 512, None));
}

#[test]
fn the_status_lists_at_most_64_transfers_and_counts_all() {
    let server = serve(memory("f", vec![7; 2000]), Policy::default());
    let clients: Vec<_> = (0..70).map(|_| ScriptedClient::of(&server)).collect();
    for client in &clients {
        client.ask(b"\0\x01f\0octet\0");
        // It is a client that answers.
        let (_, tid) = client.receive();
        client.send(tid, &ack(1));
        client.receive();
    }
    let status = server.status();
    assert_eq!((status.live, status.transfers.len()), (70, 64));
    let peers = status.transfers.iter().map(|it| it.peer);
    assert!(peers.eq(clients.iter().take(64).map(|it| it.port.address())), "the oldest, in their order");
}

/// A store on a disk that does not answer until it is told to.
struct Stuck {
    asked: Sender<()>,
    told: Mutex<Receiver<()>>,
}

impl Store for Stuck {
    fn read(&self, _: &[u8], _: Mode) -> Result<Source, Denied> {
        self.asked.send(()).unwrap();
        let _ = self.told.lock().unwrap().recv();
        Ok(Source::bytes([].into(), Mode::Octet))
    }

    fn create(&self, _: &[u8], _: Mode, _: WriteMode) -> Result<Target, Denied> {
        unreachable!("no test writes")
    }
}

#[test]
fn a_server_that_waits_for_its_disk_says_so() {
    let ((asked, is_asked), (tell, told)) = (channel(), channel());
    let server = serve(Stuck { asked, told: Mutex::new(told) }, Policy { title: "fw".to_owned(), ..Policy::default() });
    assert!(!server.status().is_stuck);
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x01f\0octet\0");
    is_asked.recv().unwrap();
    let status = server.status();
    assert!(status.is_stuck && status.running, "{status}");
    assert!(status.to_string().ends_with(", waiting for its disk"), "{status}");
    tell.send(()).unwrap();
    client.receive();
    eventually("it answers", || !server.status().is_stuck);
}

#[test]
fn at_the_prompt_serve_status_has_a_line_for_each_running_transfer() {
    let directory = directory_with(&[("f", &[7; 2000])]);
    for json in [false, true] {
        let mut shell = Process::start(directory.path(), if json { &["--json"][..] } else { &[] });
        shell.say("serve .");
        let status = |shell: &mut Process| {
            shell.say("serve status");
            if json {
                // The record of the first command, or the last lines of a status.
                let is_status = |line: &Value| line.get("server").is_some();
                let mut records = std::iter::from_fn(|| serde_json::from_str::<Value>(&shell.line()).ok());
                return records.find(is_status).unwrap().to_string();
            }
            shell.line()
        };
        let first = status(&mut shell);
        let address = first.split([' ', '"']).find_map(|it| it.trim_end_matches(':').parse().ok());
        let client = Port::open();
        client.send(address.unwrap(), b"\0\x01f\0octet\0");
        let (_, tid) = client.receive_patiently();
        client.send(tid, &ack(1));
        client.receive_patiently();
        let second = status(&mut shell);
        if json {
            let record: Value = serde_json::from_str(&second).unwrap();
            assert!(record.get("error").is_some(), "the keys of every record are there");
            let server = &record["server"];
            let transfer = &server["transfers"][0];
            assert_eq!((&server["running"], &server["refused"]), (&1.into(), &0.into()));
            assert_eq!(transfer["peer"], client.address().to_string());
            assert_eq!((&transfer["bytes"], &transfer["size"]), (&512.into(), &2000.into()));
        } else {
            assert!(second.ends_with(": 1 transfer, 0 finished, 0 failed, 0 refused\n"), "{second}");
            let line = shell.line();
            assert!(line.starts_with(&format!("{} get f: 25%, ", client.address())), "{line}");
        }
    }
}
