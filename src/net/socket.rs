//! The UDP socket of a transfer: send, receive until a time, and the network's reports about ports and sizes.
//!
//! Datagrams *of one stride* are equally long and one after the other in a buffer; only the last may be shorter.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::MsgFlags;
#[cfg(not(target_os = "linux"))]
use nix::sys::socket::{setsockopt, sockopt};

use super::bind::{self, any_port};
use super::icmp::{IcmpError, enable_reports};
use super::offload::Batch;
use super::route::Route;
use super::udp::{Arrival, Departure, Udp};
use super::wait::Wait;
use crate::wire::{BlockSize, WindowSize};

/// Size of a buffer for the largest UDP datagram, so that an oversize packet is seen whole, in bytes.
pub const LARGEST_DATAGRAM: usize = 65_535;

/// The longest single wait: a signal that reaches another thread is noticed after this time.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// An ephemeral UDP port of this host: a fresh transfer id (RFC 1350 section 4).
#[derive(Debug)]
pub struct Socket {
    udp: Udp,
    local: SocketAddr,
    departure: Departure,
    wait: Wait,
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

impl From<Arrival> for Received {
    fn from(arrival: Arrival) -> Self {
        match arrival {
            Arrival::Datagrams(Batch { from, length, stride, .. }) => Self::Datagrams { from, length, stride },
            Arrival::Report(report) => report.into(),
            Arrival::Nothing => Self::Elapsed,
            Arrival::Interrupted => Self::Interrupted,
        }
    }
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
        let (udp, departure) = (Udp::new(udp), Departure::from(None));
        Ok(Self { udp, local, departure, wait: Wait::default(), route: None })
    }

    /// Binds a free port that can reach `peer`: one of `ports`, if a firewall allows only those.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub fn towards(peer: SocketAddr, ports: Option<&RangeInclusive<u16>>) -> io::Result<Self> {
        Self::from_udp(bind::among(any_port(peer), ports, UdpSocket::bind)?)
    }

    /// Binds a free port at the address of `local`: one of `ports`, if there are any. Sends drop what does not fit into
    /// the send buffer: this is for a loop that must not wait there.
    ///
    /// # Errors
    ///
    /// No port is free, or the address is not one of this computer.
    pub fn bind_among(local: SocketAddr, ports: Option<&RangeInclusive<u16>>) -> io::Result<Self> {
        Self::from_udp(bind::among(local, ports, bind::never_blocking)?)
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
        self.udp.transmit(to, &mut self.departure, datagrams, stride)
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
            self.wait.before_read(&self.udp.socket, wanted)?
        };
        match self.udp.receive(buffer, flags)?.into() {
            Received::Elapsed if Instant::now() < until => Ok(Received::Interrupted),
            received => Ok(received),
        }
    }

    /// Receives what has arrived at a [socket that never blocks](Self::bind_among).
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        Ok(self.udp.receive(buffer, MsgFlags::empty())?.into())
    }

    /// Whether a report waits until everything that has arrived is read.
    pub(super) fn has_reports(&self) -> bool {
        self.udp.has_reports()
    }

    /// Enlarges the receive buffer for a window, as far as the system allows, and returns how many of its blocks fit:
    /// 1 to `windowsize`. From now on the system joins the blocks of a window, if it can.
    pub fn reserve_receive(&mut self, blksize: BlockSize, windowsize: WindowSize) -> WindowSize {
        self.udp.reserve_receive(blksize, windowsize)
    }

    /// Receives each datagram by itself again, for a buffer that does not hold many.
    pub fn receive_singly(&mut self) {
        self.udp.receive_singly();
    }

    /// Enlarges the send buffer for a window: a socket that never blocks drops what does not fit.
    pub fn reserve_send(&self, blksize: BlockSize, windowsize: WindowSize) {
        self.udp.reserve_send(blksize, windowsize);
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.udp.socket.as_fd()
    }
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
