//! UDP segmentation offload (Linux, udp(7)): `UDP_SEGMENT` sends many datagrams with one system call, and `UDP_GRO`
//! receives many. Other systems need a call for each datagram.
//!
//! Measured on a loopback, the network stack is most of the cost of a datagram, so sendmmsg(2) would save little.

use std::io::IoSliceMut;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, SockaddrStorage, recvmsg};

/// The datagrams of one read.
pub(super) struct Batch {
    pub(super) from: SocketAddr,
    /// Length of all datagrams, in bytes.
    pub(super) length: usize,
    /// Length of every datagram but the last, in bytes.
    pub(super) stride: usize,
}

/// Returns how many datagrams one call sends: `UDP_MAX_SEGMENTS`, and not more bytes than an IPv4 datagram.
pub(super) fn most_sent(stride: usize) -> usize {
    (65_507 / stride.max(1)).clamp(1, 64)
}

/// Whether an error of [`send`] means that this socket cannot segment: no such option (EINVAL), a stride longer than
/// the path MTU (EMSGSIZE, once EINVAL), or a device without checksums (EIO).
pub(super) fn is_unsupported(errno: Errno) -> bool {
    matches!(errno, Errno::EINVAL | Errno::EMSGSIZE | Errno::EIO | Errno::EOPNOTSUPP | Errno::ENOPROTOOPT)
}

/// Sends datagrams of `stride` bytes, up to [`most_sent`].
#[cfg(target_os = "linux")]
pub(super) fn send(udp: &UdpSocket, to: SocketAddr, datagrams: &[u8], stride: usize) -> Result<(), Errno> {
    use nix::sys::socket::{ControlMessage, sendmsg};

    let stride = u16::try_from(stride).map_err(|_| Errno::EMSGSIZE)?;
    let (bytes, control) = ([std::io::IoSlice::new(datagrams)], [ControlMessage::UdpGsoSegments(&stride)]);
    sendmsg(udp.as_raw_fd(), &bytes, &control, MsgFlags::empty(), Some(&SockaddrStorage::from(to))).map(drop)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn send(_: &UdpSocket, _: SocketAddr, _: &[u8], _: usize) -> Result<(), Errno> {
    Err(Errno::EOPNOTSUPP)
}

/// Sets whether the system joins datagrams; returns a control buffer for [`read`] if it does.
#[cfg(target_os = "linux")]
pub(super) fn join(udp: &UdpSocket, wanted: bool) -> Option<Vec<u8>> {
    use nix::sys::socket::{setsockopt, sockopt};

    setsockopt(udp, sockopt::UdpGroSegment, &wanted).ok()?;
    wanted.then(|| nix::cmsg_space!(i32))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn join(_: &UdpSocket, _: bool) -> Option<Vec<u8>> {
    None
}

/// Reads one datagram, or those that the system joined.
pub(super) fn read(
    udp: &UdpSocket,
    buffer: &mut [u8],
    control: Option<&mut [u8]>,
    flags: MsgFlags,
) -> Result<Batch, Errno> {
    let joins = control.is_some();
    let mut buffers = [IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrStorage>(udp.as_raw_fd(), &mut buffers, control, flags)?;
    let from = message.address.as_ref().and_then(plain_address).ok_or(Errno::EAFNOSUPPORT)?;
    let length = message.bytes;
    let stride = if joins { joined_stride(&message) } else { None };
    Ok(Batch { from, length, stride: stride.unwrap_or(length).max(1) })
}

#[cfg(target_os = "linux")]
fn joined_stride(message: &nix::sys::socket::RecvMsg<'_, '_, SockaddrStorage>) -> Option<usize> {
    use nix::sys::socket::ControlMessageOwned::UdpGroSegments;

    message.cmsgs().ok()?.find_map(|control| match control {
        UdpGroSegments(stride) => stride.try_into().ok(),
        _ => None,
    })
}

#[cfg(not(target_os = "linux"))]
fn joined_stride(_: &nix::sys::socket::RecvMsg<'_, '_, SockaddrStorage>) -> Option<usize> {
    None
}

pub(super) fn plain_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|address| SocketAddr::V4((*address).into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| SocketAddr::V6((*address).into())))
}
