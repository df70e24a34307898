use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::{MsgFlags, setsockopt, sockopt};

use super::icmp::enable_reports;
use super::offload::Batch;
use super::udp::{Arrival, Departure, Udp};
use super::{bind, pktinfo};
use crate::wire::{BlockSize, WindowSize};

/// Wanted size of the buffers of a port that many transfers share, in bytes; the system may allow less.
const SHARED_BUFFER: usize = 4 << 20;

/// A socket that receives requests. Transfers may share its port.
///
/// It knows the local address of a request: a client takes no answer from another address (RFC 1350 section 4).
#[derive(Debug)]
pub(crate) struct Listener {
    udp: Udp,
    /// The address it listens at, with its real port.
    pub(crate) local: SocketAddr,
    /// Whether transfers have shared its port.
    shared: bool,
}

/// The addresses of a received datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The client.
    pub(crate) from: SocketAddr,
    /// The address to answer from, with port 0; unspecified if the system does not report it.
    pub(crate) to: SocketAddr,
    /// Whether it was sent to a broadcast or multicast address, which is never answered (RFC 1123 section 4.2.3.4).
    pub(crate) to_many: bool,
}

/// The result of a read.
#[derive(Debug)]
pub(super) enum Arrived {
    /// The buffer holds datagrams of `stride` bytes each, one after the other; only the last may be shorter.
    Datagrams {
        envelope: Envelope,
        /// Length of all of them, in bytes.
        length: usize,
        /// Length of every datagram but the last, in bytes.
        stride: usize,
    },
    /// No socket is open where an earlier datagram was sent (ICMP port unreachable).
    Refused(SocketAddr),
    /// Something that does not matter; there may be more.
    Noise,
    /// Nothing more has arrived.
    Nothing,
}

impl Listener {
    /// Listens at `local` and never blocks. An IPv6 listener accepts no IPv4, so that both can share a port.
    pub(crate) fn bind(local: SocketAddr) -> io::Result<Self> {
        Self::over(bind::with_options(local, |socket| {
            if local.is_ipv6() {
                setsockopt(socket, sockopt::Ipv6V6Only, &true)?;
            }
            // Before the first datagram arrives.
            pktinfo::enable(socket, local.is_ipv6())
        })?)
    }

    /// Listens at a bound socket, and never blocks.
    ///
    /// # Errors
    ///
    /// It is not a bound IP socket.
    pub(crate) fn over(socket: UdpSocket) -> io::Result<Self> {
        let local = socket.local_addr()?;
        pktinfo::enable(&socket, local.is_ipv6())?;
        socket.set_nonblocking(true)?;
        Ok(Self { udp: Udp::with_destinations(socket), local, shared: false })
    }

    /// Reads what has arrived; never waits. What is longer than `buffer` is cut.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Arrived> {
        Ok(match self.udp.receive(buffer, MsgFlags::MSG_DONTWAIT)? {
            Arrival::Datagrams(Batch { from, to, length, stride }) => {
                let (to, to_many) =
                    to.map_or((SocketAddr::new(self.local.ip(), 0), false), |to| (to.address, to.to_many));
                Arrived::Datagrams { envelope: Envelope { from: unmapped(from), to, to_many }, length, stride }
            }
            Arrival::Report(report) if report.is_refused() => Arrived::Refused(unmapped(report.to)),
            // A route that fails for some time is like losses.
            Arrival::Report(_) | Arrival::Interrupted => Arrived::Noise,
            Arrival::Nothing => Arrived::Nothing,
        })
    }

    /// Prepares the socket for transfers, and returns how the packets of one leave that answers this request.
    pub(super) fn share(&mut self, envelope: &Envelope) -> io::Result<Departure> {
        if !self.shared {
            // Otherwise nobody would want to know that a client is gone.
            enable_reports(&self.udp.socket, self.local)?;
            if self.local.is_ipv6() {
                // It may send IPv4 too; if not, this fails.
                let _ = enable_reports(&self.udp.socket, (Ipv4Addr::UNSPECIFIED, 0).into());
            }
            self.udp.enlarge_receive(SHARED_BUFFER);
            self.udp.enlarge_send(SHARED_BUFFER);
            self.shared = true;
        }
        Ok(self.departure(envelope))
    }

    fn departure(&self, envelope: &Envelope) -> Departure {
        // A socket that is bound to an address has no other.
        Departure::from(self.local.ip().is_unspecified().then(|| self.in_family(envelope.to)))
    }

    /// Sends packets of a transfer that shares the port.
    pub(super) fn transmit(
        &mut self,
        to: SocketAddr,
        departure: &mut Departure,
        datagrams: &[u8],
        stride: usize,
    ) -> io::Result<()> {
        self.udp.transmit(self.in_family(to), departure, datagrams, stride)
    }

    /// Answers from the address that the request was sent to.
    pub(crate) fn reply(&mut self, envelope: &Envelope, datagram: &[u8]) -> io::Result<()> {
        let mut departure = self.departure(envelope);
        self.transmit(envelope.from, &mut departure, datagram, datagram.len())
    }

    /// Does what [`Socket::reserve_receive`](super::Socket::reserve_receive) does, for all transfers.
    pub(super) fn reserve_receive(&mut self, blksize: BlockSize, windowsize: WindowSize) -> WindowSize {
        self.udp.reserve_receive(blksize, windowsize)
    }

    /// Returns an address as this socket knows it: one of IPv4 may belong to an IPv6 socket.
    fn in_family(&self, address: SocketAddr) -> SocketAddr {
        match address.ip() {
            IpAddr::V4(ip) if self.local.is_ipv6() => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
            _ => address,
        }
    }
}

/// Returns the IPv4 address that an IPv6 one stands for, if it does.
fn unmapped(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        IpAddr::V6(_) => address,
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.udp.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn next(listener: &mut Listener) -> Envelope {
        for _ in 0..500 {
            if let Arrived::Datagrams { envelope, .. } = listener.receive(&mut [0; 64]).unwrap() {
                return envelope;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("nothing arrived");
    }

    fn send_hello(to: SocketAddr) -> UdpSocket {
        let client = UdpSocket::bind(if to.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }).unwrap();
        client.set_broadcast(true).unwrap();
        client.send_to(b"hello", to).unwrap();
        client
    }

    #[test]
    fn an_answer_comes_from_the_address_that_was_asked() {
        let mut listener = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let asked = SocketAddr::new("127.0.0.7".parse().unwrap(), listener.local.port());
        let client = send_hello(asked);
        let envelope = next(&mut listener);
        assert_eq!((envelope.to, envelope.to_many), ("127.0.0.7:0".parse().unwrap(), false));
        listener.reply(&envelope, b"no").unwrap();
        let (length, from) = client.recv_from(&mut [0; 9]).unwrap();
        assert_eq!((length, from), (2, asked));
    }

    #[test]
    fn an_ipv6_answer_comes_from_the_address_that_was_asked() {
        let mut listener = Listener::bind("[::]:0".parse().unwrap()).unwrap();
        let asked = SocketAddr::new("::1".parse().unwrap(), listener.local.port());
        let client = send_hello(asked);
        let envelope = next(&mut listener);
        assert_eq!((envelope.to, envelope.to_many), ("[::1]:0".parse().unwrap(), false));
        listener.reply(&envelope, b"no").unwrap();
        assert_eq!(client.recv_from(&mut [0; 9]).unwrap(), (2, asked));
    }

    #[test]
    fn a_broadcast_is_recognised() {
        let mut listener = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        send_hello(SocketAddr::new("127.255.255.255".parse().unwrap(), listener.local.port()));
        assert!(next(&mut listener).to_many);
    }

    #[test]
    fn a_datagram_that_came_before_the_listener_is_answered_too() {
        for (address, asked) in [("127.0.0.1:0", "127.0.0.1"), ("0.0.0.0:0", "127.0.0.7"), ("[::]:0", "127.0.0.7")] {
            let socket = bind::with_options(address.parse().unwrap(), |socket| match address {
                // As a service manager binds it: for both.
                "[::]:0" => setsockopt(socket, sockopt::Ipv6V6Only, &false),
                _ => Ok(()),
            });
            let socket = socket.unwrap();
            let asked = SocketAddr::new(asked.parse().unwrap(), socket.local_addr().unwrap().port());
            let (early, mut listener) = (send_hello(asked), Listener::over(socket).unwrap());
            for client in [early, send_hello(asked)] {
                let envelope = next(&mut listener);
                assert_eq!(envelope.from, client.local_addr().unwrap());
                assert_eq!((envelope.to, envelope.to_many), (SocketAddr::new(asked.ip(), 0), false), "{address}");
                listener.reply(&envelope, b"no").unwrap();
                assert_eq!(client.recv_from(&mut [0; 9]).unwrap(), (2, asked));
            }
            if listener.local.ip().is_unspecified() {
                send_hello(SocketAddr::new("127.255.255.255".parse().unwrap(), asked.port()));
                assert!(next(&mut listener).to_many, "{address}");
            }
        }
    }

    #[test]
    fn ipv4_and_ipv6_share_a_port() {
        let four = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        assert!(Listener::bind(SocketAddr::new("::".parse().unwrap(), four.local.port())).is_ok());
    }
}
