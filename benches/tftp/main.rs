//! How fast the program is, as ratios against what the machine can do at best and against every other client that is
//! installed: `cargo bench`, or `cargo bench -- --quick --only window --rounds 3`.
//!
//! Nothing has to be prepared. All traffic stays on the loopback and all files in one temporary folder, in memory where
//! the system has such a place. Every file is compared byte for byte; what fails is shown as FAIL and has no time.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on says where it stands")]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod clients;
mod contest;
mod floor;
mod relay;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tftpsh::client::{self, Negotiation};
use tftpsh::files::DirStore;
use tftpsh::server::{RunningServer, Server};
use tftpsh::trace::Notes;
use tftpsh::wire::{BlockSize, WindowSize};

use clients::{Client, PEERS, Task};
use contest::Contest;
use floor::Shape;
use relay::{Relay, Weather};

const MIB: usize = 1 << 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| arguments.iter().skip_while(|it| *it != flag).nth(1).cloned();
    let quick = arguments.iter().any(|it| it == "--quick");
    let bench = Bench {
        rounds: after("--rounds").map_or(if quick { 1 } else { 5 }, |it| it.parse().expect("--rounds NUMBER")),
        shrink: if quick { 16 } else { 1 },
        only: after("--only"),
        ..Bench::new()
    };
    println!("Median wall time of {} interleaved rounds, and ours / theirs: below 1 is faster.\n", bench.rounds);
    println!("| workload | ours ms | MiB/s | ours / theirs |\n|---|---|---|---|");
    bench.lossless();
    bench.tracing();
    bench.start_up();
    bench.small_files();
    bench.lossy();
}

/// A server of this package in this process, its folder, and who takes part.
struct Bench {
    folder: PathBuf,
    scratch: tempfile::TempDir,
    server: RunningServer,
    peers: Vec<Client>,
    rounds: usize,
    /// What sizes are divided by.
    shrink: usize,
    only: Option<String>,
}

impl Bench {
    fn new() -> Self {
        let place = Some(Path::new("/dev/shm")).filter(|it| it.is_dir()).map_or_else(std::env::temp_dir, PathBuf::from);
        let scratch = tempfile::tempdir_in(place).unwrap();
        let folder = scratch.path().join("served");
        fs::create_dir(&folder).unwrap();
        let root = DirStore::open(&folder).unwrap();
        let server = Server::builder(root).overwrite(true).bind("127.0.0.1:0").unwrap().spawn().unwrap();
        let peers = PEERS.into_iter().filter(|it| it.is_installed()).collect();
        Self { folder, scratch, server, peers, rounds: 1, shrink: 1, only: None }
    }

    fn hold(&self, contest: Contest<'_>, name: &str) {
        if self.only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
            println!("{}", contest.hold(self.rounds));
        }
    }

    /// A served file of this size that looks different everywhere.
    fn file(&self, name: &str, size: usize) -> PathBuf {
        let path = self.folder.join(name);
        if fs::metadata(&path).map(|it| it.len()).ok() != Some(size as u64) {
            let mut state = 0x9e37_79b9_7f4a_7c15 ^ size as u64;
            let mut word = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as u8
            };
            fs::write(&path, (0..size).map(|_| word()).collect::<Vec<_>>()).unwrap();
        }
        path
    }

    /// One transfer of one client, checked.
    fn transfer(
        &self,
        client: Client,
        put: bool,
        at: SocketAddr,
        file: &Path,
        shape: Option<(usize, usize)>,
    ) -> io::Result<Duration> {
        let scratch = tempfile::tempdir_in(self.scratch.path())?;
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let fresh = scratch.path().join("got");
        let uploaded = format!("up-{}", scratch.path().file_name().unwrap().to_string_lossy());
        let (remote, local, result) = match put {
            false => (name.as_str(), fresh.as_path(), fresh.clone()),
            true => (uploaded.as_str(), file, self.folder.join(&uploaded)),
        };
        let time = client.run(&Task { put, server: at, remote, local, shape }, scratch.path());
        let checked = time.and_then(|time| same(&result, file).map(|()| time));
        let _ = fs::remove_file(result);
        checked
    }

    fn lossless(&self) {
        let at = self.server.address();
        for (blksize, windowsize, mib) in
            [(512, 1, 16), (1428, 1, 32), (65464, 1, 256), (1428, 4, 64), (1428, 16, 128), (1428, 64, 128)]
        {
            let size = mib * MIB / self.shrink;
            let file = self.file(&format!("f{size}"), size);
            for put in [false, true] {
                let word = if put { "put" } else { "get" };
                let name = if windowsize == 1 {
                    format!("lock-step {blksize} {word}")
                } else {
                    format!("window {windowsize} of {blksize} {word}")
                };
                let mut contest = Contest::new(&name, size);
                let shape = Some((blksize, windowsize));
                contest.add("ours", || self.transfer(Client::Ours, put, at, &file, shape));
                contest.add("floor", || self.floor(&file, Shape { blksize, windowsize, batched: false }));
                if windowsize > 1 && cfg!(target_os = "linux") {
                    contest.add("batched floor", || self.floor(&file, Shape { blksize, windowsize, batched: true }));
                }
                for &peer in self.peers.iter().filter(|it| it.can(shape)) {
                    let file = &file;
                    contest.add(peer.name(), move || self.transfer(peer, put, at, file, shape));
                }
                self.hold(contest, &name);
            }
        }
        let size = 64 * MIB / self.shrink;
        let file = self.file(&format!("f{size}"), size);
        let mut contest = Contest::new("as typed get", size);
        contest.add("ours", || self.transfer(Client::Ours, false, at, &file, None));
        for &peer in &self.peers {
            let file = &file;
            contest.add(peer.name(), move || self.transfer(peer, false, at, file, None));
        }
        self.hold(contest, "as typed get");
    }

    fn floor(&self, file: &Path, shape: Shape) -> io::Result<Duration> {
        let target = self.scratch.path().join("floor");
        let time = floor::copy(file, &target, shape)?;
        same(&target, file)?;
        fs::remove_file(target)?;
        Ok(time)
    }

    fn tracing(&self) {
        let at = self.server.address();
        let size = |mib: usize| mib * MIB / self.shrink;
        for (mib, blksize, name) in [(8, 512, "traced get 512"), (64, 1428, "traced get 1428")] {
            let file = self.file(&format!("f{}", size(mib)), size(mib));
            let mut contest = Contest::new(name, size(mib));
            contest.add("ours", || self.transfer(Client::Traced, false, at, &file, Some((blksize, 1))));
            contest.add("untraced", || self.transfer(Client::Ours, false, at, &file, Some((blksize, 1))));
            self.hold(contest, name);
        }
        let size = size(64);
        let mut contest = Contest::new("watched get 1428x16, tracing off", size);
        contest.add("ours", || self.watched(at, size, true));
        contest.add("unwatched", || self.watched(at, size, false));
        self.hold(contest, "watched get");
    }

    /// A windowed get in this process, watched as the shell watches where nothing is traced, or by nobody.
    fn watched(&self, at: SocketAddr, size: usize, is_observed: bool) -> io::Result<Duration> {
        let remote = format!("f{size}");
        let mut notes = Notes::new(io::sink(), "");
        let mut client = client::Client::to(at)
            .blksize(BlockSize::new(1428).unwrap())
            .windowsize(WindowSize::new(16).unwrap())
            .options(Negotiation::On);
        if is_observed {
            client = client.observer(&mut notes);
        }
        let begun = Instant::now();
        let report = client.get(&remote, io::sink()).map_err(io::Error::other)?;
        if report.stats.bytes != size as u64 {
            return Err(io::Error::other("a part of the file"));
        }
        Ok(begun.elapsed())
    }

    fn start_up(&self) {
        const TIMES: u32 = 20;
        let (at, file) = (self.server.address(), self.file("one", 1));
        let often = |client: Client| {
            let times: io::Result<Vec<_>> =
                (0..TIMES).map(|_| self.transfer(client, false, at, &file, Some((512, 1)))).collect();
            times.map(middle)
        };
        let mut contest = Contest::new("start-up, 1-byte get", 0);
        contest.add("ours", move || often(Client::Ours));
        for &peer in &self.peers {
            contest.add(peer.name(), move || often(peer));
        }
        contest.add("true", || {
            let times: io::Result<Vec<_>> =
                (0..TIMES).map(|_| clients::time(&mut Command::new("true"), "", self.scratch.path())).collect();
            times.map(middle)
        });
        self.hold(contest, "start-up");
    }

    fn small_files(&self) {
        let count = 1000 / self.shrink;
        let names: Vec<String> = (0..count).map(|index| format!("small{index}")).collect();
        for (index, name) in names.iter().enumerate() {
            self.file(name, 1024 + index * 7919 % 3073);
        }
        let at = self.server.address();
        let fetch = |client: Client| {
            let folder = tempfile::tempdir_in(self.scratch.path())?;
            let time = client.fetch_all(at, &names, folder.path(), self.scratch.path()).unwrap()?;
            names.iter().try_for_each(|name| same(&folder.path().join(name), &self.folder.join(name)))?;
            Ok(time)
        };
        let name = format!("{count} small files, one script");
        let mut contest = Contest::new(&name, 0);
        contest.add("ours", || fetch(Client::Ours));
        if self.peers.contains(&Client::TftpHpa) {
            contest.add("tftp-hpa", || fetch(Client::TftpHpa));
        }
        self.hold(contest, &name);
    }

    /// Against what a path without losses would take: a round trip for each window.
    fn lossy(&self) {
        let server = self.server.address();
        let delay = Duration::from_millis(10);
        for loss in [0, 10, 50] {
            for (blksize, windowsize, kib) in [(512, 1, 96), (1428, 16, 2048)] {
                let size = kib * 1024 / self.shrink.min(8);
                let file = self.file(&format!("f{size}"), size);
                for put in [false, true] {
                    let word = if put { "put" } else { "get" };
                    let name = format!("lossy {} % {blksize}/{windowsize} {word}", loss / 10);
                    let mut contest = Contest::new(&name, size);
                    let mut add = |client: Client| {
                        let mut seed = 0;
                        let (file, shape) = (&file, Some((blksize, windowsize)));
                        contest.add(client.name(), move || {
                            seed += 1;
                            let relay = Relay::start(server, Weather { delay, loss, seed })?;
                            self.transfer(client, put, relay.address(), file, shape)
                        });
                    };
                    add(Client::Ours);
                    [Client::Atftp].into_iter().filter(|it| self.peers.contains(it)).for_each(add);
                    let windows = size / (blksize * windowsize) + 1;
                    contest.add("round trips", move || Ok(2 * delay * windows as u32));
                    self.hold(contest, &name);
                }
            }
        }
    }
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn same(one: &Path, other: &Path) -> io::Result<()> {
    if fs::read(one)? == fs::read(other)? { Ok(()) } else { Err(io::Error::other("wrong bytes")) }
}
