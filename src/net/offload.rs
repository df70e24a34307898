//! The system calls of datagrams. With UDP segmentation offload (Linux, udp(7)), `UDP_SEGMENT` sends many with one call,
//! and `UDP_GRO` receives many. Other systems need a call for each datagram.
//!
//! Measured on a loopback, the network stack is most of the cost of a datagram, so sendmmsg(2) would save little.

use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg};

use super::pktinfo::{Destination, Source};

/// The datagrams of one read.
pub(super) struct Batch {
    pub(super) from: SocketAddr,
    /// Where they came to, if the socket was asked to report that.
    pub(super) to: Option<Destination>,
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

/// Sends datagrams of `stride` bytes, up to [`most_sent`], from an address of this computer.
pub(super) fn send(
    udp: &UdpSocket,
    to: SocketAddr,
    source: Option<SocketAddr>,
    datagrams: &[u8],
    stride: usize,
) -> Result<(), Errno> {
    let (source, size) = (source.map(Source::new), u16::try_from(stride).map_err(|_| Errno::EMSGSIZE)?);
    let segments = if datagrams.len() > stride { Some(segments(&size)?) } else { None };
    let (bytes, to) = ([IoSlice::new(datagrams)], SockaddrStorage::from(to));
    let send = |control: &[ControlMessage<'_>]| {
        sendmsg(udp.as_raw_fd(), &bytes, control, MsgFlags::empty(), Some(&to)).map(drop)
    };
    match (source.as_ref().map(Source::control), segments) {
        (None, None) => send(&[]),
        (None, Some(only)) | (Some(only), None) => send(&[only]),
        (Some(source), Some(segments)) => send(&[source, segments]),
    }
}

#[cfg(target_os = "linux")]
fn segments(stride: &u16) -> Result<ControlMessage<'_>, Errno> {
    Ok(ControlMessage::UdpGsoSegments(stride))
}

#[cfg(not(target_os = "linux"))]
fn segments(_: &u16) -> Result<ControlMessage<'_>, Errno> {
    Err(Errno::EOPNOTSUPP)
}

/// Sets whether the system joins datagrams; returns whether it does now.
#[cfg(target_os = "linux")]
pub(super) fn join(udp: &UdpSocket, wanted: bool) -> bool {
    use nix::sys::socket::{setsockopt, sockopt};

    setsockopt(udp, sockopt::UdpGroSegment, &wanted).is_ok() && wanted
}

#[cfg(not(target_os = "linux"))]
pub(super) fn join(_: &UdpSocket, _: bool) -> bool {
    false
}

/// Returns a buffer for all control messages that [`read`] understands.
pub(super) fn control_buffer() -> Vec<u8> {
    nix::cmsg_space!(libc::in_pktinfo, libc::in6_pktinfo, i32)
}

/// Reads one datagram, or those that the system joined. Without `control`, only their source is known.
pub(super) fn read(
    udp: &UdpSocket,
    buffer: &mut [u8],
    control: Option<&mut [u8]>,
    flags: MsgFlags,
) -> Result<Batch, Errno> {
    if control.is_none() && flags.is_empty() {
        // The call that costs least.
        let (length, from) = udp.recv_from(buffer).map_err(|error| Errno::try_from(error).unwrap_or(Errno::EIO))?;
        return Ok(Batch { from, to: None, length, stride: length.max(1) });
    }
    let has_control = control.is_some();
    let mut buffers = [IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrStorage>(udp.as_raw_fd(), &mut buffers, control, flags)?;
    let from = message.address.as_ref().and_then(plain_address).ok_or(Errno::EAFNOSUPPORT)?;
    let length = message.bytes;
    let (mut to, mut stride) = (None, None);
    if has_control {
        for control in message.cmsgs()? {
            to = to.or(Destination::of(&control));
            stride = stride.or(joined_stride(&control));
        }
    }
    Ok(Batch { from, to, length, stride: stride.unwrap_or(length).max(1) })
}

#[cfg(target_os = "linux")]
fn joined_stride(control: &ControlMessageOwned) -> Option<usize> {
    match control {
        ControlMessageOwned::UdpGroSegments(stride) => (*stride).try_into().ok(),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn joined_stride(_: &ControlMessageOwned) -> Option<usize> {
    None
}

pub(super) fn plain_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|address| SocketAddr::V4((*address).into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| SocketAddr::V6((*address).into())))
}
