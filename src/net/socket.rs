//! The UDP socket of a transfer: send, receive until a time, and the network's reports about ports and sizes.
//!
//! Datagrams *of one stride* are equally long and one after the other in a buffer; only the last may be shorter.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, getsockopt, setsockopt, sockopt};

use super::bind;
use super::icmp::{IcmpError, enable_reports, is_about_the_network, read_report};
use super::offload::{self, Batch};
use super::route::Route;
use super::wait::Wait;
use crate::wire::{BlockSize, DATA_HEADER, WindowSize};

/// Size of a buffer for the largest UDP datagram, so that an oversize packet is seen whole, in bytes.
pub const LARGEST_DATAGRAM: usize = 65_535;

/// The longest single wait: a signal that reaches another thread is noticed after this time.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// The most reports of the network that wait until all datagrams are read.
const MOST_REPORTS: usize = 64;

/// An ephemeral UDP port of this host: a fresh transfer id (RFC 1350 section 4).
#[derive(Debug)]
pub struct Socket {
    udp: UdpSocket,
    local: SocketAddr,
    wait: Wait,
    /// Whether the system may segment what is sent: it has not refused yet.
    segments: bool,
    /// The control buffer for reads, if the system joins what it receives.
    joined: Option<Vec<u8>>,
    /// Reports about earlier datagrams, until everything that has arrived is read.
    reported: VecDeque<IcmpError>,
    /// The route to the peer, once the system was asked for it.
    route: Option<Route>,
}

/// The result of a wait.
#[derive(Debug)]
pub enum Received {
    /// The buffer holds datagrams of `stride` bytes each, one after the other; only the last may be shorter.
    Datagrams {
        /// Where they came from.
        from: SocketAddr,
        /// Length of all of them, in bytes; 0 is one empty datagram.
        length: usize,
        /// Length of every datagram but the last, in bytes.
        stride: usize,
    },
    /// No socket is open where an earlier datagram was sent, to the peer or to a stranger (ICMP port unreachable).
    Refused(SocketAddr),
    /// An earlier datagram did not arrive for another reason.
    Unreachable {
        /// Where it was sent: to the peer or to a stranger.
        to: SocketAddr,
        /// The reason.
        error: io::Error,
    },
    /// A signal arrived, or some time passed: check the stop flag.
    Interrupted,
    /// The time has come.
    Elapsed,
}

impl From<IcmpError> for Received {
    fn from(IcmpError { to, errno }: IcmpError) -> Self {
        match errno {
            Errno::ECONNREFUSED => Self::Refused(to),
            errno => Self::Unreachable { to, error: errno.into() },
        }
    }
}

impl Socket {
    /// Binds a socket; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// The address is not one of this computer, or is taken.
    pub fn bind(local: SocketAddr) -> io::Result<Self> {
        Self::from_udp(UdpSocket::bind(local)?)
    }

    fn from_udp(udp: UdpSocket) -> io::Result<Self> {
        let local = udp.local_addr()?;
        enable_reports(&udp, local)?;
        // macOS limits a datagram to the send buffer, which is smaller than the largest block.
        #[cfg(not(target_os = "linux"))]
        setsockopt(&udp, sockopt::SndBuf, &LARGEST_DATAGRAM)?;
        Ok(Self {
            udp,
            local,
            wait: Wait::default(),
            segments: true,
            joined: None,
            reported: VecDeque::new(),
            route: None,
        })
    }

    /// Binds a port that another socket of this process has too; this one gets only what `peer` sends there.
    pub(crate) fn sharing(local: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
        let udp = bind::with_options(local, |socket| setsockopt(socket, sockopt::ReuseAddr, &true))?;
        udp.connect(peer)?;
        Self::from_udp(udp)
    }

    /// Binds a free port that can reach `peer`: one of `ports`, if a firewall allows only those.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub fn towards(peer: SocketAddr, ports: Option<&RangeInclusive<u16>>) -> io::Result<Self> {
        Self::from_udp(bind::towards(peer, ports)?)
    }

    /// Returns the bound address; its port is this side's transfer id.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Returns the route to `peer`.
    pub fn route(&mut self, peer: SocketAddr) -> Route {
        let known = self.route.filter(|route| route.leads_to(peer));
        *self.route.insert(known.unwrap_or_else(|| Route::to(peer)))
    }

    /// Returns the source address of packets to `peer`: the socket itself is bound to no address.
    pub(super) fn address_towards(&mut self, peer: SocketAddr) -> SocketAddr {
        let unbound = self.local.ip().is_unspecified();
        let source = unbound.then(|| self.route(peer).source()).flatten();
        source.map_or(self.local, |source| SocketAddr::new(source, self.local.port()))
    }

    /// Sends datagrams of `stride` bytes each, one after the other; only the last may be shorter.
    ///
    /// A datagram that the system drops for lack of memory, or that a local firewall forbids, counts as lost.
    ///
    /// # Errors
    ///
    /// The system cannot send to this address, or not datagrams of this length.
    pub fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        let mut rest = datagrams;
        loop {
            let most = if self.segments { offload::most_sent(stride) } else { 1 };
            let (batch, after) = rest.split_at(rest.len().min(stride.max(1) * most));
            // If the system cannot segment, each datagram is sent on its own.
            if self.send(to, batch, stride)? {
                rest = after;
                if rest.is_empty() {
                    return Ok(());
                }
            }
        }
    }

    /// Sends one batch. Returns `false` if the system cannot segment it; the next batch is then a single datagram.
    fn send(&mut self, to: SocketAddr, batch: &[u8], stride: usize) -> io::Result<bool> {
        let several = batch.len() > stride;
        loop {
            let sent = if several {
                offload::send(&self.udp, to, batch, stride)
            } else {
                self.udp.send_to(batch, to).map(drop).map_err(|error| Errno::try_from(error).unwrap_or(Errno::EIO))
            };
            match sent {
                Ok(()) => return Ok(true),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EPERM) => return Ok(true),
                Err(errno) => match read_report(&self.udp)? {
                    // The error is about an earlier datagram; this one was not sent yet.
                    Some(IcmpError { errno: Errno::EMSGSIZE, .. }) => {}
                    Some(report) => self.reported.push_back(report),
                    None if several && offload::is_unsupported(errno) => {
                        self.segments = false;
                        return Ok(false);
                    }
                    None if errno == Errno::EMSGSIZE => return Err(too_long(batch)),
                    None => return Err(errno.into()),
                },
            }
        }
    }

    /// Waits for datagrams until a time; takes what has already arrived even if the time has passed.
    ///
    /// Reports of the network come after every datagram that has arrived: a peer that sends its last packet or an ERROR
    /// and closes its port did both in this order. `buffer` should hold [`LARGEST_DATAGRAM`] bytes; the system cuts off
    /// what does not fit.
    ///
    /// # Errors
    ///
    /// The socket itself failed.
    pub fn receive(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<Received> {
        let wanted = until.saturating_duration_since(Instant::now()).min(LONGEST_WAIT);
        let flags = if wanted.is_zero() || self.has_reports() {
            MsgFlags::MSG_DONTWAIT
        } else {
            self.wait.before_read(&self.udp, wanted)?
        };
        match self.read(buffer, flags)? {
            Received::Elapsed if Instant::now() < until => Ok(Received::Interrupted),
            received => Ok(received),
        }
    }

    /// Receives what has arrived, and never waits.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        self.read(buffer, MsgFlags::MSG_DONTWAIT)
    }

    /// Whether a report waits until everything that has arrived is read.
    pub(super) fn has_reports(&self) -> bool {
        !self.reported.is_empty()
    }

    fn read(&mut self, buffer: &mut [u8], mut flags: MsgFlags) -> io::Result<Received> {
        loop {
            match offload::read(&self.udp, buffer, self.joined.as_deref_mut(), flags) {
                Ok(Batch { from, length, stride }) => return Ok(Received::Datagrams { from, length, stride }),
                Err(Errno::EINTR) => return Ok(Received::Interrupted),
                Err(Errno::EAGAIN) => return Ok(self.reported.pop_front().map_or(Received::Elapsed, Received::from)),
                Err(errno) => match read_report(&self.udp)? {
                    // A router needs smaller fragments: the system knows that now, and fragments the next time.
                    Some(IcmpError { errno: Errno::EMSGSIZE, .. }) => return Ok(Received::Interrupted),
                    // No flood of reports keeps the datagrams waiting, nor the caller.
                    Some(report) if self.reported.len() >= MOST_REPORTS => return Ok(report.into()),
                    Some(report) => self.reported.push_back(report),
                    None if is_about_the_network(errno) => return Ok(Received::Interrupted),
                    None => return Err(errno.into()),
                },
            }
            flags.insert(MsgFlags::MSG_DONTWAIT);
        }
    }

    /// Makes sends drop what does not fit into the send buffer, for a loop that must not wait there.
    ///
    /// # Errors
    ///
    /// Those of fcntl(2).
    pub fn never_block(&self) -> io::Result<()> {
        self.udp.set_nonblocking(true)
    }

    /// Enlarges the receive buffer for a window, as far as the system allows, and returns how many of its blocks fit:
    /// 1 to `windowsize`. From now on the system joins the blocks of a window, if it can.
    pub fn reserve_receive(&mut self, blksize: BlockSize, windowsize: WindowSize) -> WindowSize {
        if windowsize == WindowSize::LEAST {
            // Every buffer holds one block, and no two can be joined.
            return windowsize;
        }
        let wanted = buffer_size(blksize, windowsize);
        // A size below the system's own default would shrink the buffer.
        if self.receive_buffer() < wanted {
            let _ = setsockopt(&self.udp, sockopt::RcvBuf, &wanted);
        }
        self.joined = offload::join(&self.udp, true);
        // Measured: 425,984 bytes hold 4 blocks of 65464 and 16 of 8192; 212,992 lose some of either.
        let held = self.receive_buffer() / (buffer_size(blksize, WindowSize::LEAST) * 4 / 5);
        WindowSize::new(held as u64).unwrap_or(WindowSize::LEAST).min(windowsize)
    }

    /// Receives each datagram by itself again, for a buffer that does not hold many.
    pub fn receive_singly(&mut self) {
        if self.joined.take().is_some() {
            offload::join(&self.udp, false);
        }
    }

    /// Enlarges the send buffer for a window: a socket that never blocks drops what does not fit.
    pub fn reserve_send(&self, blksize: BlockSize, windowsize: WindowSize) {
        let wanted = buffer_size(blksize, windowsize);
        // In lock-step every buffer is large enough.
        if windowsize > WindowSize::LEAST
            && getsockopt(&self.udp, sockopt::SndBuf).is_ok_and(|granted| granted < wanted)
        {
            // If this fails, the window is only slower.
            let _ = setsockopt(&self.udp, sockopt::SndBuf, &wanted);
        }
    }

    fn receive_buffer(&self) -> usize {
        getsockopt(&self.udp, sockopt::RcvBuf).unwrap_or_default()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.udp.as_fd()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn pair(host: &str) -> (Socket, Socket) {
        let bind = || Socket::bind(format!("{host}:0").parse().unwrap()).unwrap();
        (bind(), bind())
    }

    /// Receives, and continues after interruptions.
    fn receive(socket: &mut Socket, buffer: &mut [u8], until: Instant) -> Received {
        loop {
            match socket.receive(buffer, until).unwrap() {
                Received::Interrupted => {}
                received => return received,
            }
        }
    }

    #[test]
    fn a_burst_arrives_as_datagrams_of_its_stride() {
        for host in ["127.0.0.1", "[::1]"] {
            let (mut here, mut there) = pair(host);
            here.transmit(there.local(), b"aaabbbc", 3).unwrap();
            let mut buffer = [0; LARGEST_DATAGRAM];
            for expected in [&b"aaa"[..], b"bbb", b"c"] {
                let Received::Datagrams { from, length, .. } = receive(&mut there, &mut buffer, soon()) else {
                    panic!("a datagram")
                };
                assert_eq!((from, &buffer[..length]), (here.local(), expected));
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_closed_port_is_reported_while_receiving_and_while_sending() {
        for host in ["127.0.0.1", "[::1]"] {
            let (mut here, mut there) = pair(host);
            let closed = pair(host).0.local();
            here.transmit(closed, b"x", 1).unwrap();
            here.transmit(there.local(), b"not lost", 8).unwrap();
            let mut buffer = [0; 64];
            let received = receive(&mut here, &mut buffer, soon());
            assert!(matches!(received, Received::Refused(to) if to == closed), "{received:?}");
            assert!(matches!(receive(&mut there, &mut buffer, soon()), Received::Datagrams { length: 8, .. }));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_has_arrived_comes_before_a_report_that_a_port_is_closed() {
        let (mut here, mut there) = pair("127.0.0.1");
        let closed = pair("127.0.0.1").0.local();
        for datagram in [&b"one"[..], b"two"] {
            there.transmit(here.local(), datagram, 3).unwrap();
        }
        here.transmit(closed, b"x", 1).unwrap();
        let mut buffer = [0; 64];
        for _ in 0..2 {
            assert!(matches!(receive(&mut here, &mut buffer, soon()), Received::Datagrams { length: 3, .. }));
        }
        assert!(matches!(receive(&mut here, &mut buffer, soon()), Received::Refused(to) if to == closed));
    }

    #[test]
    fn a_datagram_that_arrived_is_taken_even_after_the_time_has_passed() {
        let (mut here, mut there) = pair("127.0.0.1");
        here.transmit(there.local(), b"late", 4).unwrap();
        let passed = Instant::now();
        let mut buffer = [0; 64];
        assert!(matches!(receive(&mut there, &mut buffer, passed), Received::Datagrams { length: 4, .. }));
        assert!(matches!(receive(&mut there, &mut buffer, passed), Received::Elapsed));
    }

    #[test]
    fn a_window_is_never_larger_than_asked_nor_than_the_buffer() {
        let (mut here, _) = pair("127.0.0.1");
        let window = |count| WindowSize::new(count).unwrap();
        assert_eq!(here.reserve_receive(BlockSize::default(), window(4)), window(4));
        let most = here.reserve_receive(BlockSize::MOST, WindowSize::MOST);
        assert!(WindowSize::LEAST < most && most < WindowSize::MOST, "{most}");
        assert_eq!(here.reserve_receive(BlockSize::MOST, WindowSize::LEAST), WindowSize::LEAST);
    }
}
