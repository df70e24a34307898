use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::cmsg_space;
use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, getsockopt, recvmsg, sendmsg, setsockopt, sockopt,
};

use super::bind;
use super::offload::plain_address;
use super::socket::Socket;

/// A socket that receives requests.
///
/// It knows the local address of a request: a client takes no answer from another address (RFC 1350 section 4).
#[derive(Debug)]
pub(crate) struct Listener {
    socket: UdpSocket,
    /// The address it listens at, with its real port.
    pub(crate) local: SocketAddr,
    control: Vec<u8>,
}

/// The addresses of a received datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// Length of the datagram, in bytes.
    pub(crate) length: usize,
    /// The client.
    pub(crate) from: SocketAddr,
    /// The address to answer from, with port 0; unspecified if the system does not report it.
    pub(crate) to: SocketAddr,
    /// Whether it was sent to a broadcast or multicast address, which is never answered (RFC 1123 section 4.2.3.4).
    pub(crate) to_many: bool,
}

impl Listener {
    /// Listens at `local` and never blocks. An IPv6 listener accepts no IPv4, so that both can share a port.
    pub(crate) fn bind(local: SocketAddr) -> io::Result<Self> {
        Self::over(bind::with_options(local, |socket| {
            if local.is_ipv6() {
                setsockopt(socket, sockopt::Ipv6V6Only, &true)?;
            }
            // Before the first datagram arrives.
            report_addresses(socket, local.is_ipv6())
        })?)
    }

    /// Listens at a bound socket, and never blocks.
    ///
    /// # Errors
    ///
    /// It is not a bound IP socket.
    pub(crate) fn over(socket: UdpSocket) -> io::Result<Self> {
        let local = socket.local_addr()?;
        report_addresses(&socket, local.is_ipv6())?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, local, control: cmsg_space!(libc::in_pktinfo, libc::in6_pktinfo) })
    }

    /// Returns the next datagram, if one has arrived; one that is longer than `buffer` is cut.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<Envelope>> {
        let fd = self.socket.as_raw_fd();
        let mut buffers = [IoSliceMut::new(buffer)];
        let message = match recvmsg::<SockaddrStorage>(fd, &mut buffers, Some(&mut self.control), MsgFlags::empty()) {
            Ok(message) => message,
            Err(nix::Error::EAGAIN) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Some(from) = message.address.as_ref().and_then(plain_address).map(unmapped) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let to = SocketAddr::new(self.local.ip(), 0);
        let mut envelope = Envelope { length: message.bytes, from, to, to_many: false };
        for control in message.cmsgs()? {
            match control {
                ControlMessageOwned::Ipv4PacketInfo(info) => {
                    let [asked, answer] =
                        [info.ipi_addr, info.ipi_spec_dst].map(|it| Ipv4Addr::from(it.s_addr.to_ne_bytes()));
                    // They differ for a broadcast: the answer comes from an address of this computer. The system does
                    // not know it for a datagram that came before the socket was ours.
                    let unknown = answer.is_unspecified();
                    envelope.to_many = asked.is_broadcast() || asked.is_multicast() || asked != answer && !unknown;
                    envelope.to = SocketAddr::new(if unknown { asked } else { answer }.into(), 0);
                }
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    // The other message says more about an IPv4 datagram.
                    if address.to_ipv4_mapped().is_none() {
                        let scope = if address.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
                        envelope.to_many = address.is_multicast();
                        envelope.to = SocketAddrV6::new(address, 0, 0, scope).into();
                    }
                }
                _ => {}
            }
        }
        Ok(Some(envelope))
    }

    /// Binds this same port for one client; what others send still reaches the listener.
    pub(crate) fn share(&self, envelope: &Envelope) -> io::Result<Socket> {
        let local = SocketAddr::new(envelope.to.ip(), self.local.port());
        // Both sockets must allow the port to be shared, and only during the call: no other program may join them.
        setsockopt(&self.socket, sockopt::ReuseAddr, &true)?;
        let shared = Socket::sharing(local, envelope.from);
        setsockopt(&self.socket, sockopt::ReuseAddr, &false)?;
        shared
    }

    /// Answers from the address that the request was sent to.
    pub(crate) fn reply(&self, envelope: &Envelope, datagram: &[u8]) -> io::Result<()> {
        let fd = self.socket.as_raw_fd();
        let [client, to] = [envelope.from, envelope.to].map(|address| self.in_family(address));
        let (bytes, client) = ([IoSlice::new(datagram)], SockaddrStorage::from(client));
        let send = |control: ControlMessage<'_>| sendmsg(fd, &bytes, &[control], MsgFlags::empty(), Some(&client));
        match to {
            SocketAddr::V4(to) => {
                let address = libc::in_addr { s_addr: u32::from_ne_bytes(to.ip().octets()) };
                let any = libc::in_addr { s_addr: 0 };
                let info = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: address, ipi_addr: any };
                send(ControlMessage::Ipv4PacketInfo(&info))?;
            }
            SocketAddr::V6(to) => {
                let address = libc::in6_addr { s6_addr: to.ip().octets() };
                let info = libc::in6_pktinfo { ipi6_addr: address, ipi6_ifindex: to.scope_id() };
                send(ControlMessage::Ipv6PacketInfo(&info))?;
            }
        }
        Ok(())
    }

    /// Returns an address as this socket knows it: one of IPv4 may belong to an IPv6 socket.
    fn in_family(&self, address: SocketAddr) -> SocketAddr {
        match address.ip() {
            IpAddr::V4(ip) if self.local.is_ipv6() => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
            _ => address,
        }
    }
}

/// Makes the system say which address a datagram was sent to.
fn report_addresses(socket: &impl AsFd, is_ipv6: bool) -> nix::Result<()> {
    // An IPv6 socket of others may receive IPv4 too.
    let is_ipv4 = !is_ipv6 || !getsockopt(socket, sockopt::Ipv6V6Only)?;
    if is_ipv4 {
        setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
    }
    if is_ipv6 { setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true) } else { Ok(()) }
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
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn next(listener: &mut Listener) -> Envelope {
        for _ in 0..500 {
            if let Some(envelope) = listener.receive(&mut [0; 64]).unwrap() {
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
