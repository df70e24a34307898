//! Many datagrams for one system call, where the system can: `UDP_SEGMENT` cuts what goes out, `UDP_GRO` joins what
//! comes in (Linux, udp(7)). Elsewhere each datagram has a call of its own.
//!
//! Measured on a loopback, either saves most of what a datagram costs: that is spent in the network stack for each
//! packet, and much less in the call. So sendmmsg(2), which saves the call alone, is not used.

use std::io::IoSliceMut;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, SockaddrStorage, recvmsg};

/// What a read brought.
pub(super) struct Batch {
    pub(super) from: SocketAddr,
    /// Bytes of all datagrams.
    pub(super) length: usize,
    /// Bytes of each but the last.
    pub(super) stride: usize,
}

/// How many datagrams of `stride` bytes one call sends: `UDP_MAX_SEGMENTS`, and together no more than a datagram of
/// IPv4 could hold.
pub(super) fn most_sent(stride: usize) -> usize {
    (65_507 / stride.max(1)).clamp(1, 64)
}

/// Whether an error of [`send`] says that this socket cannot cut: no such option (EINVAL), a stride longer than the path
/// takes, for cut datagrams are never fragmented (EMSGSIZE, once EINVAL), or a device without checksums (EIO).
pub(super) fn cannot_cut(errno: Errno) -> bool {
    matches!(errno, Errno::EINVAL | Errno::EMSGSIZE | Errno::EIO | Errno::EOPNOTSUPP | Errno::ENOPROTOOPT)
}

/// Sends datagrams of `stride` bytes, up to [`most_sent`].
#[cfg(target_os = "linux")]
pub(super) fn send(udp: &UdpSocket, to: SocketAddr, datagrams: &[u8], stride: usize) -> Result<(), Errno> {
    use nix::sys::socket::{ControlMessage, sendmsg};

    let stride = u16::try_from(stride).map_err(|_| Errno::EMSGSIZE)?;
    let (parts, cut) = ([std::io::IoSlice::new(datagrams)], [ControlMessage::UdpGsoSegments(&stride)]);
    sendmsg(udp.as_raw_fd(), &parts, &cut, MsgFlags::empty(), Some(&SockaddrStorage::from(to))).map(drop)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn send(_: &UdpSocket, _: SocketAddr, _: &[u8], _: usize) -> Result<(), Errno> {
    Err(Errno::EOPNOTSUPP)
}

/// Lets the system join what comes in. Returns the room for what it tells about that, to be given to [`read`]; none
/// where it cannot.
#[cfg(target_os = "linux")]
pub(super) fn join(udp: &UdpSocket) -> Option<Vec<u8>> {
    use nix::sys::socket::{setsockopt, sockopt};

    setsockopt(udp, sockopt::UdpGroSegment, &true).ok()?;
    Some(nix::cmsg_space!(i32))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn join(_: &UdpSocket) -> Option<Vec<u8>> {
    None
}

/// Takes [`join`] back. What was joined already comes joined all the same.
#[cfg(target_os = "linux")]
pub(super) fn part(udp: &UdpSocket) {
    use nix::sys::socket::{setsockopt, sockopt};

    // A socket that could be told to join can be told not to.
    let _ = setsockopt(udp, sockopt::UdpGroSegment, &false);
}

#[cfg(not(target_os = "linux"))]
pub(super) fn part(_: &UdpSocket) {}

/// Reads one datagram, or those that the system joined.
pub(super) fn read(
    udp: &UdpSocket,
    buffer: &mut [u8],
    control: Option<&mut [u8]>,
    flags: MsgFlags,
) -> Result<Batch, Errno> {
    let mut room = [IoSliceMut::new(buffer)];
    let joins = control.is_some();
    let message = recvmsg::<SockaddrStorage>(udp.as_raw_fd(), &mut room, control, flags)?;
    let from = message.address.as_ref().and_then(plain_address).ok_or(Errno::EAFNOSUPPORT)?;
    let length = message.bytes;
    let stride = if joins { joined_stride(&message) } else { None };
    Ok(Batch { from, length, stride: stride.unwrap_or(length).max(1) })
}

#[cfg(target_os = "linux")]
fn joined_stride(message: &nix::sys::socket::RecvMsg<'_, '_, SockaddrStorage>) -> Option<usize> {
    use nix::sys::socket::ControlMessageOwned::UdpGroSegments;

    message.cmsgs().ok()?.find_map(|told| match told {
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
