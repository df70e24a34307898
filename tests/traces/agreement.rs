//! The machines play every story: they send what it says, and agree with the analysis about what it means.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tftpsh::analysis::{Flag, PacketCounts};
use tftpsh::event::{Direction, Origin, Side};
use tftpsh::internals::{BuggyClient, BuggyServer, ServerBug};
use tftpsh::transfer::{
    Abort, Event, Ignored, Input, Io, ReadFile, Receiver, Request, RetryPolicy, Rexmt, Sender, Task, WriteFile,
};
use tftpsh::wire::{Limits, Mode, Offer, Packet, RequestKind};

use crate::stories;
use crate::story::{Effects, Entry, Story};
use crate::views::analysed;

/// Stories that no machine of ours can play: their packets only show how a view looks.
const DRAWINGS: [&str; 4] = ["crowded", "malformed", "swapped", "delayed"];

#[test]
fn the_machine_and_the_analysis_agree_on_every_story() {
    for (name, story) in stories::all().into_iter().filter(|(name, _)| !DRAWINGS.contains(name)) {
        Player::new(name, &story).play();
    }
}

/// The machine of one side, and what it did.
struct Player<'a> {
    name: &'a str,
    story: &'a Story,
    task: Option<Task<File, File>>,
    wire: Wire,
}

/// The blocks that the story sends, or nothing.
struct File(VecDeque<Vec<u8>>);

struct Wire {
    now: Instant,
    sent: VecDeque<(SocketAddr, Vec<u8>)>,
    ignored: Vec<Ignored>,
}

impl ReadFile for File {
    fn fill(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let block = self.0.pop_front().expect("no block after the last one");
        space[..block.len()].copy_from_slice(&block);
        Ok(block.len())
    }
}

impl WriteFile for File {
    fn deliver(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Io for Wire {
    fn now(&mut self) -> Instant {
        self.now
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        self.sent.extend(datagrams.chunks(stride).map(|datagram| (to, datagram.to_vec())));
        Ok(())
    }

    fn event(&mut self, event: &Event) {
        if let Event::Ignored { reason, .. } = event {
            self.ignored.push(*reason);
        }
    }
}

impl<'a> Player<'a> {
    fn new(name: &'a str, story: &'a Story) -> Self {
        let now = story.entries().next().expect("a beginning").0;
        let wire = Wire { now, sent: VecDeque::new(), ignored: Vec::new() };
        Self { name, story, task: None, wire }
    }

    fn play(mut self) {
        let mut ended = None;
        for (at, entry) in self.story.entries() {
            self.wire.now = at;
            match entry {
                Entry::Packet { effects: Effects { origin: Origin::Copy, .. }, direction: Direction::Sent, .. } => {}
                Entry::Packet { direction: Direction::Sent, peer, datagram, .. } => self.sends(*peer, datagram),
                Entry::Packet { effects: Effects { lost: false, held: None, .. }, peer, datagram, .. } => {
                    self.receives(*peer, datagram);
                }
                Entry::Delivered { peer, datagram, .. } => self.receives(*peer, datagram),
                Entry::Machine(Event::Resending { .. }) => self.input(Input::Tick),
                Entry::End(result) => {
                    let stats = self.task.as_ref().expect("a machine").machine().stats();
                    if let Ok(report) = result {
                        let costs = report.stats;
                        let told = (costs.resent, costs.duplicates, costs.strangers);
                        assert_eq!(told, (stats.resent, stats.duplicates, stats.strangers), "{}", self.name);
                    }
                    ended = Some(stats);
                }
                _ => {}
            }
        }
        let stats = ended.expect("an end");
        let counts = PacketCounts {
            resent: stats.resent,
            duplicates: stats.duplicates,
            strangers: stats.strangers,
            ..PacketCounts::default()
        };
        self.compare(&counts);
    }

    fn input(&mut self, input: Input<'_>) {
        self.task.as_mut().expect("a machine").run(input, &mut self.wire);
    }

    fn sends(&mut self, to: SocketAddr, datagram: &[u8]) {
        if let (None, Ok(Packet::Request(request))) = (&self.task, Packet::parse(datagram)) {
            self.task = Some(self.client(to, &request));
            self.input(Input::Start);
        }
        if let (true, Ok(Packet::Error { .. })) = (self.wire.sent.is_empty(), Packet::parse(datagram)) {
            self.input(Input::Abort(Abort::Interrupted));
        }
        let sent = self.wire.sent.pop_front();
        assert_eq!(sent, Some((to, datagram.to_vec())), "{}", self.name);
    }

    fn receives(&mut self, from: SocketAddr, datagram: &[u8]) {
        if let (None, Side::Server, Ok(Packet::Request(request))) =
            (&self.task, self.story.side(), Packet::parse(datagram))
        {
            self.task = Some(self.server(from, &request));
            return self.input(Input::Start);
        }
        self.input(Input::datagram(from, datagram));
    }

    fn retry_policy(&self) -> RetryPolicy {
        let silences = self.story.entries().filter_map(|(_, entry)| match entry {
            Entry::Machine(Event::Resending { after, .. }) => Some(*after),
            _ => None,
        });
        let rexmt = Rexmt::Fixed(silences.min().unwrap_or(Duration::from_secs(100)));
        RetryPolicy { rexmt, timeout: Duration::from_secs(25), ..RetryPolicy::default() }
    }

    fn client(&self, server: SocketAddr, request: &tftpsh::wire::Request<'_>) -> Task<File, File> {
        let asked = Request {
            filename: request.filename,
            mode: Mode::from_wire(request.mode).expect("a mode"),
            offer: Offer::parse(&request.options),
        };
        let (now, retry) = (self.wire.now, self.retry_policy());
        match (request.kind, self.story.bug()) {
            (RequestKind::Read, bug) => {
                let machine = Receiver::request(now, server, &asked, retry).expect("a request");
                match bug {
                    None => Task::receive(machine, File(VecDeque::new())),
                    Some(bug) => Task::receive(BuggyClient::new(machine, bug), File(VecDeque::new())),
                }
            }
            (RequestKind::Write, bug) => {
                let machine = Sender::request(now, server, &asked, retry).expect("a request");
                match bug {
                    None => Task::send(machine, self.file()),
                    Some(bug) => Task::send(BuggyClient::new(machine, bug), self.file()),
                }
            }
        }
    }

    fn server(&self, client: SocketAddr, request: &tftpsh::wire::Request<'_>) -> Task<File, File> {
        let answer = Offer::parse(&request.options).answer(&Limits::default(), None);
        let (now, retry) = (self.wire.now, self.retry_policy());
        match request.kind {
            RequestKind::Read => {
                let machine = Sender::answer(now, client, answer, retry);
                match self.name {
                    "served_apprentice" => {
                        Task::send(BuggyServer::new(machine, ServerBug::Sorcerer, now, client), self.file())
                    }
                    _ => Task::send(machine, self.file()),
                }
            }
            RequestKind::Write => Task::receive(Receiver::answer(now, client, answer, retry), File(VecDeque::new())),
        }
    }

    /// The blocks in the order in which they are sent first.
    fn file(&self) -> File {
        let mut blocks: Vec<(u16, Vec<u8>)> = Vec::new();
        for (_, entry) in self.story.entries() {
            if let Entry::Packet { direction: Direction::Sent, datagram, .. } = entry
                && let Ok(Packet::Data { block, data }) = Packet::parse(datagram)
                && blocks.iter().all(|(other, _)| *other != block)
            {
                blocks.push((block, data.to_vec()));
            }
        }
        blocks.sort_by_key(|(block, _)| *block);
        File(blocks.into_iter().map(|(_, data)| data).collect())
    }

    fn compare(&self, counts: &PacketCounts) {
        let mut found = PacketCounts::default();
        let mut ignored = Vec::new();
        for annotated in analysed(self.story) {
            let Some(packet) = annotated.judged() else { continue };
            ignored.extend(packet.ignored);
            if packet.flags.contains(Flag::AfterEnd) {
                continue;
            }
            found.resent += u64::from(packet.flags.contains(Flag::Rexmt));
            found.duplicates += u64::from(packet.ignored == Some(Ignored::Duplicate));
            found.strangers += u64::from(packet.ignored == Some(Ignored::Stranger));
        }
        assert_eq!(found, *counts, "{}", self.name);
        assert_eq!(ignored, self.wire.ignored, "{}", self.name);
    }
}
