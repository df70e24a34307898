//! A bound UDP socket: the one of a transfer, or one that receives requests.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, getsockopt, setsockopt, sockopt};

use super::icmp::{IcmpError, is_about_the_network, read_report};
use super::offload::{self, Batch};
use crate::wire::{BlockSize, DATA_HEADER, WindowSize};

/// The most reports of the network that wait until all datagrams are read.
const MOST_REPORTS: usize = 64;

/// Sends and receives datagrams, and keeps the reports of the network about them.
#[derive(Debug)]
pub(super) struct Udp {
    pub(super) socket: UdpSocket,
    /// The control buffer for reads, if the system says more about a datagram than its source.
    control: Option<Vec<u8>>,
    /// Reports about earlier datagrams, until everything that has arrived is read.
    reported: VecDeque<IcmpError>,
}

/// The result of a read.
pub(super) enum Arrival {
    Datagrams(Batch),
    Report(IcmpError),
    /// Nothing more has arrived.
    Nothing,
    /// A signal arrived, or something that does not matter: there may be more to read.
    Interrupted,
}

/// How the datagrams of a transfer leave.
#[derive(Debug, Clone)]
pub(super) struct Departure {
    /// The address of this computer that they leave from, if the socket is bound to none.
    source: Option<SocketAddr>,
    /// Whether the system may segment them: it has not refused yet, as it does on a path with a small MTU.
    segments: bool,
}

impl Departure {
    pub(super) fn from(source: Option<SocketAddr>) -> Self {
        Self { source, segments: true }
    }
}

impl Udp {
    pub(super) fn new(socket: UdpSocket) -> Self {
        Self { socket, control: None, reported: VecDeque::new() }
    }

    /// Makes a socket that reports where datagrams came to.
    pub(super) fn with_destinations(socket: UdpSocket) -> Self {
        Self { control: Some(offload::control_buffer()), ..Self::new(socket) }
    }

    /// Whether a report waits until everything that has arrived is read.
    pub(super) fn has_reports(&self) -> bool {
        !self.reported.is_empty()
    }

    /// Sends datagrams of `stride` bytes each, one after the other; only the last may be shorter.
    ///
    /// A datagram that the system drops for lack of memory, or that a local firewall forbids, counts as lost.
    ///
    /// # Errors
    ///
    /// The system cannot send to this address, or not datagrams of this length.
    pub(super) fn transmit(
        &mut self,
        to: SocketAddr,
        departure: &mut Departure,
        datagrams: &[u8],
        stride: usize,
    ) -> io::Result<()> {
        let mut rest = datagrams;
        loop {
            let most = if departure.segments { offload::most_sent(stride) } else { 1 };
            let (batch, after) = rest.split_at(rest.len().min(stride.max(1) * most));
            // If the system cannot segment, each datagram is sent on its own.
            departure.segments &= self.send(to, departure.source, batch, stride)?;
            if departure.segments || batch.len() <= stride {
                rest = after;
                if rest.is_empty() {
                    return Ok(());
                }
            }
        }
    }

    /// Sends one batch. Returns `false` if the system cannot segment it; then nothing was sent.
    fn send(&mut self, to: SocketAddr, source: Option<SocketAddr>, batch: &[u8], stride: usize) -> io::Result<bool> {
        let several = batch.len() > stride;
        loop {
            let sent = if several || source.is_some() {
                offload::send(&self.socket, to, source, batch, stride)
            } else {
                self.socket.send_to(batch, to).map(drop).map_err(|error| Errno::try_from(error).unwrap_or(Errno::EIO))
            };
            match sent {
                Ok(()) => return Ok(true),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EPERM) => return Ok(true),
                Err(errno) => match read_report(&self.socket)? {
                    // The error is about an earlier datagram; this one was not sent yet.
                    Some(IcmpError { errno: Errno::EMSGSIZE, .. }) => {}
                    // A flood of sends without reads must not fill the memory: the peer is then found to be silent.
                    Some(_) if self.reported.len() >= MOST_REPORTS => {}
                    Some(report) => self.reported.push_back(report),
                    None if several && offload::is_unsupported(errno) => return Ok(false),
                    None if errno == Errno::EMSGSIZE => return Err(too_long(batch)),
                    None => return Err(errno.into()),
                },
            }
        }
    }

    /// Reads what has arrived; `flags` say whether to wait for it.
    ///
    /// Reports of the network come after every datagram that has arrived: a peer that sends its last packet or an ERROR
    /// and closes its port did both in this order.
    ///
    /// # Errors
    ///
    /// The socket itself failed.
    pub(super) fn receive(&mut self, buffer: &mut [u8], mut flags: MsgFlags) -> io::Result<Arrival> {
        loop {
            match offload::read(&self.socket, buffer, self.control.as_deref_mut(), flags) {
                Ok(batch) => return Ok(Arrival::Datagrams(batch)),
                Err(Errno::EINTR) => return Ok(Arrival::Interrupted),
                Err(Errno::EAGAIN) => {
                    return Ok(self.reported.pop_front().map_or(Arrival::Nothing, Arrival::Report));
                }
                Err(errno) => match read_report(&self.socket)? {
                    // A router needs smaller fragments: the system knows that now, and fragments the next time.
                    Some(IcmpError { errno: Errno::EMSGSIZE, .. }) => return Ok(Arrival::Interrupted),
                    // No flood of reports keeps the datagrams waiting, nor the caller.
                    Some(report) if self.reported.len() >= MOST_REPORTS => return Ok(Arrival::Report(report)),
                    Some(report) => self.reported.push_back(report),
                    None if is_about_the_network(errno) => return Ok(Arrival::Interrupted),
                    None => return Err(errno.into()),
                },
            }
            flags.insert(MsgFlags::MSG_DONTWAIT);
        }
    }

    /// Enlarges the receive buffer for a window, as far as the system allows, and returns how many of its blocks fit:
    /// 1 to `windowsize`. From now on the system joins the blocks of a window, if it can.
    pub(super) fn reserve_receive(&mut self, blksize: BlockSize, windowsize: WindowSize) -> WindowSize {
        if windowsize == WindowSize::LEAST {
            // Every buffer holds one block, and no two can be joined.
            return windowsize;
        }
        self.enlarge_receive(buffer_size(blksize, windowsize));
        if offload::join(&self.socket, true) {
            self.control.get_or_insert_with(offload::control_buffer);
        }
        // Measured: 425,984 bytes hold 4 blocks of 65464 and 16 of 8192; 212,992 lose some of either.
        let held = self.receive_buffer() / (buffer_size(blksize, WindowSize::LEAST) * 4 / 5);
        WindowSize::new(held as u64).unwrap_or(WindowSize::LEAST).min(windowsize)
    }

    /// Receives each datagram by itself again, for a buffer that does not hold many.
    pub(super) fn receive_singly(&mut self) {
        if self.control.take().is_some() {
            offload::join(&self.socket, false);
        }
    }

    /// Enlarges the send buffer for a window: a socket that never blocks drops what does not fit.
    pub(super) fn reserve_send(&self, blksize: BlockSize, windowsize: WindowSize) {
        // In lock-step every buffer is large enough.
        if windowsize > WindowSize::LEAST {
            self.enlarge_send(buffer_size(blksize, windowsize));
        }
    }

    /// Enlarges the send buffer as far as the system allows.
    pub(super) fn enlarge_send(&self, wanted: usize) {
        if getsockopt(&self.socket, sockopt::SndBuf).is_ok_and(|granted| granted < wanted) {
            // If this fails, the window is only slower.
            let _ = setsockopt(&self.socket, sockopt::SndBuf, &wanted);
        }
    }

    /// Enlarges the receive buffer as far as the system allows.
    pub(super) fn enlarge_receive(&self, wanted: usize) {
        // A size below the system's own default would shrink the buffer.
        if self.receive_buffer() < wanted {
            let _ = setsockopt(&self.socket, sockopt::RcvBuf, &wanted);
        }
    }

    fn receive_buffer(&self) -> usize {
        getsockopt(&self.socket, sockopt::RcvBuf).unwrap_or_default()
    }
}

/// Returns the size of a buffer that holds two windows, with 1 KiB of overhead for each block, in bytes.
fn buffer_size(blksize: BlockSize, windowsize: WindowSize) -> usize {
    2 * usize::from(windowsize.get()) * (usize::from(blksize.get()) + 1024)
}

fn too_long(datagram: &[u8]) -> io::Error {
    let block = datagram.len().saturating_sub(DATA_HEADER);
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("blocks of {block} bytes are too long for this network: set a smaller blksize"),
    )
}
