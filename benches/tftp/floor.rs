//! What the machine can do: bare DATA and ACK between two threads, from file to file, with no option, no timer and no
//! second try. It is a floor to measure against, not a way to transfer files.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
};

const HEADER: usize = 4;

/// Blocks and windows of one exchange.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) blksize: usize,
    pub(crate) windowsize: usize,
    /// Windows leave and arrive with few system calls: `UDP_SEGMENT` and `UDP_GRO`.
    pub(crate) batched: bool,
}

/// Copies a file over the loopback; a lost datagram is an error.
pub(crate) fn copy(from: &Path, to: &Path, shape: Shape) -> io::Result<Duration> {
    let (sender, receiver) = (open()?, open()?);
    let (here, there) = (sender.local_addr()?, receiver.local_addr()?);
    let (source, target) = (File::open(from)?, File::create(to)?);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| send(&sender, there, source, shape));
        receive(&receiver, here, target, shape)?;
        sending.join().map_err(|_| io::ErrorKind::Other)?
    })?;
    Ok(begun.elapsed())
}

fn open() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    // Room for the largest window measured.
    setsockopt(&socket, sockopt::RcvBuf, &(4 << 20))?;
    setsockopt(&socket, sockopt::SndBuf, &(4 << 20))?;
    Ok(socket)
}

fn send(socket: &UdpSocket, to: SocketAddr, mut source: File, shape: Shape) -> io::Result<()> {
    let stride = HEADER + shape.blksize;
    let mut window = vec![0; stride * shape.windowsize];
    let mut block = 0u16;
    loop {
        let mut rooms: Vec<_> = window.chunks_mut(stride).map(|slot| IoSliceMut::new(&mut slot[HEADER..])).collect();
        // A regular file gives all it has room for.
        let read = source.read_vectored(&mut rooms)?;
        let over = read < shape.blksize * shape.windowsize;
        let blocks = if over { read / shape.blksize + 1 } else { shape.windowsize };
        for slot in window.chunks_mut(stride).take(blocks) {
            block = block.wrapping_add(1);
            slot[..HEADER].copy_from_slice(&[0, 3, (block >> 8) as u8, block as u8]);
        }
        let length = read + blocks * HEADER;
        let together = if shape.batched { (65_507 / stride).clamp(1, 64) } else { 1 };
        for datagrams in window[..length].chunks(stride * together) {
            transmit(socket, to, datagrams, stride)?;
        }
        let mut ack = [0; 8];
        let length = socket.recv(&mut ack)?;
        if ack[..length] != [0, 4, (block >> 8) as u8, block as u8] {
            return Err(io::Error::other("another ACK"));
        }
        if over {
            return Ok(());
        }
    }
}

fn transmit(socket: &UdpSocket, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
    if datagrams.len() <= stride {
        return socket.send_to(datagrams, to).map(drop);
    }
    let cut = stride as u16;
    let (parts, control) = ([IoSlice::new(datagrams)], [ControlMessage::UdpGsoSegments(&cut)]);
    sendmsg(socket.as_raw_fd(), &parts, &control, MsgFlags::empty(), Some(&SockaddrStorage::from(to)))?;
    Ok(())
}

fn receive(socket: &UdpSocket, from: SocketAddr, mut target: File, shape: Shape) -> io::Result<()> {
    let mut buffer = vec![0; 65_535];
    let mut control = nix::cmsg_space!(i32);
    if shape.batched {
        setsockopt(socket, sockopt::UdpGroSegment, &true)?;
    }
    let (mut block, mut unacknowledged) = (0u16, 0);
    loop {
        let (length, stride) =
            if shape.batched { joined(socket, &mut buffer, &mut control)? } else { single(socket, &mut buffer)? };
        let mut pieces = Vec::new();
        let mut over = false;
        for datagram in buffer[..length].chunks(stride) {
            block = block.wrapping_add(1);
            if datagram[..HEADER] != [0, 3, (block >> 8) as u8, block as u8] {
                return Err(io::Error::other("another block"));
            }
            over = datagram.len() < HEADER + shape.blksize;
            pieces.push(IoSlice::new(&datagram[HEADER..]));
        }
        unacknowledged += pieces.len();
        let _ = target.write_vectored(&pieces)?;
        if unacknowledged >= shape.windowsize || over {
            socket.send_to(&[0, 4, (block >> 8) as u8, block as u8], from)?;
            unacknowledged = 0;
        }
        if over {
            return Ok(());
        }
    }
}

fn single(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
    let length = socket.recv(buffer)?;
    Ok((length, length))
}

fn joined(socket: &UdpSocket, buffer: &mut [u8], control: &mut [u8]) -> io::Result<(usize, usize)> {
    let mut room = [IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut room, Some(control), MsgFlags::empty())?;
    let stride = message.cmsgs()?.find_map(|told| match told {
        ControlMessageOwned::UdpGroSegments(stride) => usize::try_from(stride).ok(),
        _ => None,
    });
    Ok((message.bytes, stride.unwrap_or(message.bytes)))
}
