//! A transfer as a pure state machine: datagrams and time go in; datagrams, file bytes and events come out.
//!
//! ```text
//!   Input: Start, Datagrams, Unreachable, Tick, Abort
//!                        |
//!                        v                              Io: now, transmit, received, event
//!   run_sender    Sender     client put, server read     ReadFile: fill
//!   run_receiver  Receiver   client get, server write    WriteFile: deliver, commit
//!                        |
//!                        v
//!   Step: Wait until, Complete, Over, Failed
//! ```
//!
//! A machine reads no clock and opens no file and no socket, so that a test runs hours of loss and delay in a moment.
//! [`run_sender`] and [`run_receiver`] hand it one input and then do what it asks of [`Io`] and of its file,
//! until it waits or ends. They are the only implementation of the contract:
//!
//! - Nothing is acknowledged unwritten. Delivered blocks may be held in a [`WriteBatch`], but are written before the
//!   next packet is sent and before the file is committed.
//! - The last ACK waits until the file is committed.
//! - An error of the file or of the network aborts the machine, which sends an ERROR to its peer.
//!
//! A machine knows its direction by its type: a [`Receiver`] cannot be filled, a [`Sender`] cannot commit.
//!
//! Two machines exchange a file in memory:
//!
//! ```
//! use std::net::SocketAddr;
//! use std::{io, time::Instant};
//! use tftpsh::files::{Source, Target};
//! use tftpsh::transfer::{Input, Io, Receiver, Request, RetryPolicy, Sender, WriteBatch, run_receiver, run_sender};
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
//! let mut receiver = Receiver::request(now, server, &request, retry)?;
//! let mut sender = Sender::answer(now, client, offer.answer(&Limits::default(), None), retry);
//! let (mut source, mut bytes) = (Source::reader(&[7; 2000][..], Mode::Octet), Vec::new());
//! let (mut target, mut batch) = (Target::writer(&mut bytes, Mode::Octet), WriteBatch::default());
//!
//! let (mut upstream, mut downstream) = (Network(Vec::new()), Network(Vec::new()));
//! run_sender(&mut sender, Input::Start, &mut downstream, &mut source);
//! while let Some(data) = downstream.0.pop() {
//!     run_receiver(&mut receiver, &mut batch, Input::datagram(server, &data), &mut upstream, &mut target);
//!     let ack = upstream.0.pop().expect("each block is acknowledged");
//!     run_sender(&mut sender, Input::datagram(client, &ack), &mut downstream, &mut source);
//! }
//! assert_eq!(bytes, [7; 2000]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod event;
mod failure;
mod file;
mod link;
mod machine;
mod peer;
mod receiver;
mod retry;
mod rtt_stats;
mod run;
mod sender;
mod stats;

pub use batch::WriteBatch;
pub use event::{Event, Ignored};
pub use failure::{Abort, Failure, OptionsRejected, Violation};
pub use file::{ReadFile, WriteFile};
pub use machine::{Delivery, Machine, Output, Receiving, Sending};
pub use receiver::Receiver;
pub use retry::{RetryPolicy, Rexmt};
pub(crate) use rtt_stats::RttStats;
pub(crate) use run::datagrams;
pub use run::{AnyMachine, Cause, Input, Io, Step, Stopped, run_receiver, run_sender};
pub use sender::Sender;
pub use stats::{Report, Rtt, Stats, Waits};

use crate::wire::{Mode, Offer};

/// What a client's machine requests.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The remote name.
    pub filename: &'a [u8],
    /// The mode named in the request; the file itself is converted by whoever reads or writes it.
    pub mode: Mode,
    /// Options; an empty offer makes a plain RFC 1350 request.
    pub offer: Offer,
}
