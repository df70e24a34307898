//! Uploads to a served directory while they run: what can be seen of them, and what becomes of several with one name.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::fs;
use std::net::SocketAddr;

use support::{Process, ScriptedClient, ack, data, error_of, limited, names, serve_directory};
use tempfile::tempdir;
use tftpsh::ErrorCode;
use tftpsh::server::Policy;

/// An upload of one full block and one more, which has begun.
struct Upload {
    client: ScriptedClient,
    peer: SocketAddr,
    content: u8,
}

impl Upload {
    /// Sends the request and the first block.
    fn begin(server: SocketAddr, name: &str, content: u8) -> Self {
        let client = ScriptedClient::to(server);
        client.ask(format!("\0\x02{name}\0octet\0").as_bytes());
        let (answer, peer) = client.receive();
        assert_eq!(answer, ack(0));
        client.send(peer, &data(1, &[content; 512]));
        assert_eq!(client.receive().0, ack(1));
        Self { client, peer, content }
    }

    /// Sends the last block; returns the answer.
    fn end(&self) -> Vec<u8> {
        self.client.send(self.peer, &data(2, &[self.content; 9]));
        self.client.receive().0
    }

    fn whole(&self) -> Vec<u8> {
        vec![self.content; 512 + 9]
    }
}

#[test]
fn an_upload_has_no_name_until_it_is_whole_whatever_the_umask() {
    for umask in ["0", "022", "077"] {
        let directory = tempdir().unwrap();
        let sub = directory.path().join("sub");
        fs::create_dir(&sub).unwrap();
        fs::write(sub.join("old"), "old").unwrap();
        let mut server = limited(&format!("umask {umask}"), directory.path(), "serve . --port 0 --overwrite");
        let (_server, address) = Process::serving(Process::spawn(&mut server));
        let uploads = ["sub/new", "sub/old"].map(|name| Upload::begin(address, name, 1));
        assert_eq!(names(&sub), ["old"], "umask {umask}");
        assert!(uploads.iter().all(|upload| upload.end() == ack(2)));
        assert_eq!(names(&sub), ["new", "old"]);
    }
}

#[test]
fn of_uploads_with_one_name_the_last_to_end_stays_whole() {
    for old in [false, true] {
        let directory = tempdir().unwrap();
        let file = directory.path().join("f");
        if old {
            fs::write(&file, "old").unwrap();
        }
        let server = serve_directory(directory.path(), Policy { overwrite: true, ..Policy::default() });
        let uploads = [1, 2, 3].map(|content| Upload::begin(server.address(), "f", content));
        for place in [1, 0, 2] {
            assert_eq!(uploads[place].end(), ack(2));
            assert_eq!(fs::read(&file).unwrap(), uploads[place].whole());
        }
        assert_eq!(names(directory.path()), ["f"]);
    }
}

#[test]
fn of_uploads_with_one_new_name_the_first_to_end_stays_and_the_others_are_refused() {
    let directory = tempdir().unwrap();
    let server = serve_directory(directory.path(), Policy::default());
    let uploads = [1, 2, 3].map(|content| Upload::begin(server.address(), "f", content));
    assert_eq!(uploads[1].end(), ack(2));
    for late in [&uploads[0], &uploads[2]] {
        assert_eq!(error_of(&late.end()).0, ErrorCode::EXISTS);
    }
    assert_eq!(fs::read(directory.path().join("f")).unwrap(), uploads[1].whole());
    assert_eq!(names(directory.path()), ["f"]);
}
