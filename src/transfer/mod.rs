//! A transfer as a pure state machine: datagrams and time go in; datagrams, file bytes and events come out.
//!
//! ```text
//!   Input: Start, Datagrams, Unreachable, Tick, Abort
//!                        |
//!                        v                               Io: now, transmit, stop, received, event
//!   Task::send      Sender     client put, server read     ReadFile: fill
//!   Task::receive   Receiver   client get, server write    WriteFile: deliver, commit
//!                        |
//!                        v
//!   Step: Wait until, Complete, Over, Failed
//! ```
//!
//! A machine reads no clock and opens no file and no socket, so that a test runs hours of loss and delay in a moment.
//! [`Task::run`] runs a machine. It is the only implementation of the contract:
//!
//! - Nothing is acknowledged unwritten. Delivered blocks may wait in a [`WriteBatch`], but are written before the
//!   next packet is sent and before the file is committed.
//! - The last ACK waits until the file is committed.
//! - After a stop, nothing of the file is sent, so that no block passes for its last.
//! - An error of the file or of the network aborts the machine, which sends an ERROR to its peer.
//!
//! The type of a machine gives its direction: a [`Receiver`] cannot be filled, a [`Sender`] cannot commit.
//!
//! Two machines exchange a file in memory:
//!
//! ```
//! use std::net::SocketAddr;
//! use std::{io, time::Instant};
//! use tftpsh::files::{Source, Target};
//! use tftpsh::transfer::{Input, Io, Receiver, Request, RetryPolicy, Sender, Task};
//! use tftpsh::wire::{Limits, Mode, Offer};
//!
//! /// The datagrams on their way to the other side.
//! struct Network(Vec<Vec<u8>>);
//!
//! impl Io for Network {
//!     fn now(&mut self) -> Instant {
//!         Instant::now()
//!     }
//!
//!     fn transmit(&mut self, _: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
//!         self.0.extend(datagrams.chunks(stride).map(<[u8]>::to_vec));
//!         Ok(())
//!     }
//! }
//!
//! let (client, server) = ("192.0.2.1:40000".parse()?, "192.0.2.2:50000".parse()?);
//! let (now, retry, offer) = (Instant::now(), RetryPolicy::default(), Offer::default());
//! let request = Request { filename: b"fw.bin", mode: Mode::Octet, offer };
//! let receiver = Receiver::request(now, server, &request, retry)?;
//! let sender = Sender::answer(now, client, offer.answer(&Limits::default(), None), retry);
//! let mut bytes = Vec::new();
//! let mut get = Task::<Source, _>::receive(receiver, Target::writer(&mut bytes, Mode::Octet));
//! let mut serve = Task::<_, Target>::send(sender, Source::reader(&[7; 2000][..], Mode::Octet));
//!
//! let (mut upstream, mut downstream) = (Network(Vec::new()), Network(Vec::new()));
//! serve.run(Input::Start, &mut downstream);
//! while let Some(data) = downstream.0.pop() {
//!     get.run(Input::datagram(server, &data), &mut upstream);
//!     let ack = upstream.0.pop().expect("each block is acknowledged");
//!     serve.run(Input::datagram(client, &ack), &mut downstream);
//! }
//! drop(get);
//! assert_eq!(bytes, [7; 2000]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attempt;
mod batch;
mod event;
mod failure;
mod file;
mod io;
mod link;
mod machine;
mod peer;
mod receiver;
mod replay;
mod retry;
mod rtt_stats;
mod sender;
mod stats;
mod task;
mod window;

pub use attempt::{Attempt, FailedAttempt};
pub use batch::WriteBatch;
pub use event::{Event, Ignored};
pub use failure::{Abort, Failure, MeaninglessAnswer, Violation};
pub use file::{ReadFile, WriteFile};
pub(crate) use io::datagrams;
pub use io::{Cause, Input, Io, Step, Stopped};
pub use machine::{Delivery, Machine, Output, Receiving, Sending};
pub use receiver::Receiver;
pub use replay::{Replay, Unacknowledged};
pub use retry::{RetryPolicy, Rexmt};
pub(crate) use rtt_stats::RttStats;
pub use sender::Sender;
pub use stats::{Report, Rtt, Stats, Waits};
pub use task::Task;

use crate::wire::{Mode, Offer};

/// The request of a client's machine.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The remote name.
    pub filename: &'a [u8],
    /// The mode named in the request; the file itself does the conversion.
    pub mode: Mode,
    /// The options; an empty offer makes a plain RFC 1350 request, and a window of more than 64 MiB is reduced.
    pub offer: Offer,
}

impl Request<'_> {
    /// Returns the request as it is sent: with a window of at most 64 MiB.
    fn bounded(&self) -> Self {
        Self { offer: self.offer.bounded(), ..*self }
    }
}
