//! The network's reports about datagrams that did not arrive (ICMP).

use std::io;
use std::net::{SocketAddr, UdpSocket};

use nix::errno::Errno;

/// A report that an earlier datagram to this address did not arrive.
#[derive(Debug)]
pub(super) struct IcmpError {
    pub(super) to: SocketAddr,
    pub(super) errno: Errno,
}

impl IcmpError {
    /// Whether no socket is open there (ICMP port unreachable).
    pub(super) fn is_refused(&self) -> bool {
        self.errno == Errno::ECONNREFUSED
    }
}

/// Asks for ICMP errors on a socket that is not connected, so that a refused port is known in microseconds.
#[cfg(target_os = "linux")]
pub(super) fn enable_reports(udp: &UdpSocket, local: SocketAddr) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};

    match local {
        SocketAddr::V4(_) => setsockopt(udp, sockopt::Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(udp, sockopt::Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// Other systems report nothing to a socket that is not connected.
#[cfg(not(target_os = "linux"))]
pub(super) fn enable_reports(_: &UdpSocket, _: SocketAddr) -> io::Result<()> {
    Ok(())
}

/// Reads the oldest report, if there is one.
#[cfg(target_os = "linux")]
pub(super) fn read_report(udp: &UdpSocket) -> io::Result<Option<IcmpError>> {
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};

    // An error of this host was already returned by the call that caused it.
    const LOCAL_ORIGIN: u8 = 1;
    let mut control = nix::cmsg_space!(nix::libc::sock_extended_err, SockaddrStorage);
    let mut datagram = [0; 64];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    loop {
        let mut buffers = [io::IoSliceMut::new(&mut datagram)];
        let message = match recvmsg::<SockaddrStorage>(udp.as_raw_fd(), &mut buffers, Some(&mut control), flags) {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let cause = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(cause, _) | ControlMessageOwned::Ipv6RecvErr(cause, _) => Some(cause),
            _ => None,
        });
        // One that stays in the queue would make the socket look readable for ever.
        let Some(cause) = cause.filter(|cause| cause.ee_origin != LOCAL_ORIGIN) else { continue };
        let to = message.address.as_ref().and_then(super::offload::plain_address);
        return Ok(to.map(|to| IcmpError { to, errno: Errno::from_raw(cause.ee_errno.cast_signed()) }));
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn read_report(_: &UdpSocket) -> io::Result<Option<IcmpError>> {
    Ok(None)
}

/// Whether an ICMP message can leave this error on a socket: it concerns one datagram and not the socket.
pub(super) fn is_about_the_network(errno: Errno) -> bool {
    use Errno::*;
    matches!(
        errno,
        ECONNREFUSED | EHOSTUNREACH | ENETUNREACH | EHOSTDOWN | ENOPROTOOPT | EACCES | EPROTO | EMSGSIZE | EOPNOTSUPP
    )
}
