use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrStorage, bind, recvmsg,
    sendmsg, setsockopt, socket, sockopt,
};

use super::batch::plain_address;
use super::socket::Socket;

/// The socket requests come to.
///
/// It knows to which of this machine's addresses a request was sent, so that the answer can come from there: a client
/// of a host with several addresses takes no answer from another one (RFC 1350 section 4).
#[derive(Debug)]
pub(crate) struct Listener {
    socket: UdpSocket,
    local: SocketAddr,
    control: Vec<u8>,
}

/// Where a datagram came from, and whom it was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// Octets of the datagram.
    pub(crate) length: usize,
    /// The client.
    pub(crate) from: SocketAddr,
    /// The address to answer from, with port 0; the unspecified one where the system does not tell.
    pub(crate) to: SocketAddr,
    /// Sent to a broadcast or multicast address, so never to be answered (RFC 1123 section 4.2.3.4).
    pub(crate) to_many: bool,
}

impl Listener {
    /// Listens at `local` without ever blocking. An IPv6 listener takes no IPv4, so that both can share a port.
    pub(crate) fn bind(local: SocketAddr) -> io::Result<Self> {
        let family = if local.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket: OwnedFd = socket(family, SockType::Datagram, flags, None)?;
        if local.is_ipv4() {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
        bind(socket.as_raw_fd(), &SockaddrStorage::from(local))?;
        let socket = UdpSocket::from(socket);
        let local = socket.local_addr()?;
        Ok(Self { socket, local, control: cmsg_space!(libc::in_pktinfo, libc::in6_pktinfo) })
    }

    /// The address it listens at, with its real port.
    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// The next datagram, if one is there; what is longer than `buffer` is cut.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<Envelope>> {
        let fd = self.socket.as_raw_fd();
        let mut parts = [IoSliceMut::new(buffer)];
        let message = match recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut self.control), MsgFlags::empty()) {
            Ok(message) => message,
            Err(nix::Error::EAGAIN) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Some(from) = message.address.as_ref().and_then(plain_address) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let mut envelope = Envelope { length: message.bytes, from, to: at_any_port(self.local), to_many: false };
        for control in message.cmsgs()? {
            match control {
                ControlMessageOwned::Ipv4PacketInfo(info) => {
                    let [asked, answer] =
                        [info.ipi_addr, info.ipi_spec_dst].map(|it| IpAddr::from(it.s_addr.to_ne_bytes()));
                    // For what is not unicast the system names the address it would answer from, which is another.
                    envelope.to_many = asked != answer;
                    envelope.to = SocketAddr::new(answer, 0);
                }
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    let scope = if address.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
                    envelope.to_many = address.is_multicast();
                    envelope.to = SocketAddrV6::new(address, 0, 0, scope).into();
                }
                _ => {}
            }
        }
        Ok(Some(envelope))
    }

    /// A socket at this very port for one client alone: what others send still comes to the listener.
    pub(crate) fn share(&self, envelope: &Envelope) -> io::Result<Socket> {
        let local = SocketAddr::new(envelope.to.ip(), self.local.port());
        // Both must agree to share, and only for as long as it takes: nobody else is to join them.
        setsockopt(&self.socket, sockopt::ReuseAddr, &true)?;
        let shared = Socket::sharing(local, envelope.from);
        setsockopt(&self.socket, sockopt::ReuseAddr, &false)?;
        shared
    }

    /// Answers from the address that was asked.
    pub(crate) fn reply(&self, envelope: &Envelope, datagram: &[u8]) -> io::Result<()> {
        let fd = self.socket.as_raw_fd();
        let (parts, client) = ([IoSlice::new(datagram)], SockaddrStorage::from(envelope.from));
        let send = |control: ControlMessage<'_>| sendmsg(fd, &parts, &[control], MsgFlags::empty(), Some(&client));
        match envelope.to {
            SocketAddr::V4(to) => {
                let address = libc::in_addr { s_addr: u32::from_ne_bytes(to.ip().octets()) };
                let anything = libc::in_addr { s_addr: 0 };
                let info = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: address, ipi_addr: anything };
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
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn at_any_port(mut address: SocketAddr) -> SocketAddr {
    address.set_port(0);
    address
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
        panic!("nothing came");
    }

    fn tell(to: SocketAddr) -> UdpSocket {
        let client = UdpSocket::bind(if to.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }).unwrap();
        client.set_broadcast(true).unwrap();
        client.send_to(b"hello", to).unwrap();
        client
    }

    #[test]
    fn an_answer_comes_from_the_address_that_was_asked() {
        let mut listener = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        let asked = SocketAddr::new("127.0.0.7".parse().unwrap(), listener.local().port());
        let client = tell(asked);
        let envelope = next(&mut listener);
        assert_eq!((envelope.to, envelope.to_many), ("127.0.0.7:0".parse().unwrap(), false));
        listener.reply(&envelope, b"no").unwrap();
        let (length, from) = client.recv_from(&mut [0; 9]).unwrap();
        assert_eq!((length, from), (2, asked));
    }

    #[test]
    fn an_ipv6_answer_comes_from_the_address_that_was_asked() {
        let mut listener = Listener::bind("[::]:0".parse().unwrap()).unwrap();
        let asked = SocketAddr::new("::1".parse().unwrap(), listener.local().port());
        let client = tell(asked);
        let envelope = next(&mut listener);
        assert_eq!((envelope.to, envelope.to_many), ("[::1]:0".parse().unwrap(), false));
        listener.reply(&envelope, b"no").unwrap();
        assert_eq!(client.recv_from(&mut [0; 9]).unwrap(), (2, asked));
    }

    #[test]
    fn a_broadcast_is_told_from_a_question_to_this_machine() {
        let mut listener = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        tell(SocketAddr::new("127.255.255.255".parse().unwrap(), listener.local().port()));
        assert!(next(&mut listener).to_many);
    }

    #[test]
    fn ipv4_and_ipv6_share_a_port() {
        let four = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        assert!(Listener::bind(SocketAddr::new("::".parse().unwrap(), four.local().port())).is_ok());
    }
}
