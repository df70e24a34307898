//! One UDP socket of one transfer: send, receive until a moment, and what the network says about ports and sizes.
//!
//! Nobody above knows how many datagrams a system call carries. Both directions speak of *datagrams of one stride*: a
//! run of equally long datagrams, one behind the other, of which only the last may be shorter.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
#[cfg(not(target_os = "linux"))]
use nix::poll::poll;
#[cfg(target_os = "linux")]
use nix::poll::ppoll;
use nix::poll::{PollFd, PollFlags};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrStorage, bind, setsockopt, socket, sockopt,
};

use super::batch::{self, Batch};
use super::icmp::{IcmpError, enable_reports, is_about_the_network, read_report};
use super::route::{Route, any_port};
use crate::wire::{BlockSize, DATA_HEADER, WindowSize};

/// Room for the largest datagram UDP can bring, so that an oversize packet is seen whole.
pub const LARGEST_DATAGRAM: usize = 65_535;

/// The longest single wait. A signal may reach another thread, or arrive between a look at the stop flag and the
/// wait: either is noticed after this time.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Below this, SO_RCVTIMEO is too coarse: it is counted in ticks of the system, of 4 ms here and there, and rounded up.
/// Packets delayed on purpose are waited for so; no retransmission timer is as short, or each packet of a window would
/// cost one more system call.
const SHORT_WAIT: Duration = Duration::from_millis(10);

/// An ephemeral UDP port of this host: a fresh transfer id (RFC 1350 section 4).
#[derive(Debug)]
pub struct Socket {
    udp: UdpSocket,
    local: SocketAddr,
    /// SO_RCVTIMEO as it stands, to spare a system call for each packet.
    wait: Option<Duration>,
    /// The system has not refused yet to cut what is sent into datagrams.
    cuts: bool,
    /// Where the system tells what it joined, once it was asked to.
    joined: Option<Vec<u8>>,
    /// What the network reported about earlier datagrams while another was being sent.
    reported: VecDeque<IcmpError>,
    /// The way to the peer, to ask the system once.
    route: Option<Route>,
}

/// What a wait brought.
#[derive(Debug)]
pub enum Received {
    /// Datagrams lie in the buffer, `stride` bytes each, one behind the other; only the last may be shorter.
    Datagrams {
        /// Where they came from.
        from: SocketAddr,
        /// Bytes of all of them; 0 is one empty datagram.
        length: usize,
        /// Length of every datagram but the last, in bytes.
        stride: usize,
    },
    /// An earlier datagram did not arrive.
    Unreachable {
        /// Where it was sent, which tells a stranger's closed port from the peer's.
        to: SocketAddr,
        /// Why; [`io::ErrorKind::ConnectionRefused`] means that nobody listens there (ICMP port unreachable).
        error: io::Error,
    },
    /// A signal came, or a while passed: time to look at the stop flag.
    Interrupted,
    /// The moment came.
    Elapsed,
}

impl Socket {
    /// Binds; port 0 takes a free one.
    pub fn bind(local: SocketAddr) -> io::Result<Self> {
        Self::over(UdpSocket::bind(local)?)
    }

    fn over(udp: UdpSocket) -> io::Result<Self> {
        let local = udp.local_addr()?;
        enable_reports(&udp, local)?;
        // macOS limits a datagram to the send buffer, which is smaller than the largest block.
        #[cfg(not(target_os = "linux"))]
        setsockopt(&udp, sockopt::SndBuf, &LARGEST_DATAGRAM)?;
        Ok(Self { udp, local, wait: None, cuts: true, joined: None, reported: VecDeque::new(), route: None })
    }

    /// A port that another socket of this process has too; of what comes there this one gets what `peer` sends.
    pub(crate) fn sharing(local: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
        let family = if local.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let socket = socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
        bind(socket.as_raw_fd(), &SockaddrStorage::from(local))?;
        let udp = UdpSocket::from(socket);
        udp.connect(peer)?;
        Self::over(udp)
    }

    /// A free port that can reach `peer`, one of `ports` where some are given, for firewalls that know no others.
    pub fn towards(peer: SocketAddr, ports: Option<&RangeInclusive<u16>>) -> io::Result<Self> {
        let Some(ports) = ports else { return Self::bind(any_port(peer)) };
        for port in shuffled(ports) {
            let local = SocketAddr::new(any_port(peer).ip(), port);
            match Self::bind(local) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                bound => return bound,
            }
        }
        let (low, high) = (ports.start(), ports.end());
        Err(io::Error::new(io::ErrorKind::AddrInUse, format!("none of the local ports {low} to {high} is free")))
    }

    /// The address bound; its port is this side's transfer id.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The way to `peer`.
    pub fn route(&mut self, peer: SocketAddr) -> Route {
        let known = self.route.filter(|route| route.leads_to(peer));
        *self.route.insert(known.unwrap_or_else(|| Route::to(peer)))
    }

    /// The address that packets to `peer` carry: a socket open to every answer is bound to none.
    pub(super) fn address_towards(&mut self, peer: SocketAddr) -> SocketAddr {
        let unbound = self.local.ip().is_unspecified();
        let source = unbound.then(|| self.route(peer).source()).flatten();
        source.map_or(self.local, |source| SocketAddr::new(source, self.local.port()))
    }

    /// Sends datagrams of `stride` bytes each, one behind the other; only the last may be shorter.
    ///
    /// A datagram that the system drops for want of memory, or that a firewall of this host forbids, counts as lost
    /// on the way: the transfer's own timers repair that.
    pub fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        let mut rest = datagrams;
        while !rest.is_empty() {
            let most = if self.cuts { batch::most_sent(stride) } else { 1 };
            let (batch, behind) = rest.split_at(rest.len().min(stride.max(1) * most));
            // What could not be cut goes again, each datagram on its own.
            if self.send(to, batch, stride)? {
                rest = behind;
            }
        }
        Ok(())
    }

    /// Tells whether the system could cut the batch; the next one will be a single datagram if not.
    fn send(&mut self, to: SocketAddr, batch: &[u8], stride: usize) -> io::Result<bool> {
        let several = batch.len() > stride;
        loop {
            let sent = if several {
                batch::send(&self.udp, to, batch, stride)
            } else {
                self.udp.send_to(batch, to).map(drop).map_err(|error| Errno::try_from(error).unwrap_or(Errno::EIO))
            };
            match sent {
                Ok(()) => return Ok(true),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EPERM) => return Ok(true),
                Err(errno) => match read_report(&self.udp)? {
                    // The error belongs to an earlier datagram; this one was not sent yet.
                    Some(IcmpError { errno: Errno::EMSGSIZE, .. }) => {}
                    Some(report) => self.reported.push_back(report),
                    None if several && batch::cannot_cut(errno) => {
                        self.cuts = false;
                        return Ok(false);
                    }
                    None if errno == Errno::EMSGSIZE => return Err(too_long(batch)),
                    None => return Err(errno.into()),
                },
            }
        }
    }

    /// Waits for datagrams until a moment; what is there already is taken even if the moment has passed.
    ///
    /// `buffer` should have room for [`LARGEST_DATAGRAM`]; what does not fit is cut off by the system.
    pub fn receive(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<Received> {
        if let Some(IcmpError { to, errno }) = self.reported.pop_front() {
            return Ok(Received::Unreachable { to, error: errno.into() });
        }
        let wanted = until.saturating_duration_since(Instant::now()).min(LONGEST_WAIT);
        let flags = if wanted.is_zero() {
            MsgFlags::MSG_DONTWAIT
        } else if wanted < SHORT_WAIT {
            self.wait_precisely(wanted)?;
            MsgFlags::MSG_DONTWAIT
        } else {
            self.wait_for(wanted)?;
            MsgFlags::empty()
        };
        match batch::read(&self.udp, buffer, self.joined.as_deref_mut(), flags) {
            Ok(Batch { from, length, stride }) => Ok(Received::Datagrams { from, length, stride }),
            Err(Errno::EINTR) => Ok(Received::Interrupted),
            Err(Errno::EAGAIN) if Instant::now() >= until => Ok(Received::Elapsed),
            Err(Errno::EAGAIN) => Ok(Received::Interrupted),
            Err(errno) => match read_report(&self.udp)? {
                // A router wants smaller pieces: the system has learnt that, and cuts when the datagram goes again.
                Some(IcmpError { errno: Errno::EMSGSIZE, .. }) => Ok(Received::Interrupted),
                Some(IcmpError { to, errno }) => Ok(Received::Unreachable { to, error: errno.into() }),
                None if is_about_the_network(errno) => Ok(Received::Interrupted),
                None => Err(errno.into()),
            },
        }
    }

    /// Until something is there, a signal comes, or the time has passed.
    fn wait_precisely(&self, wanted: Duration) -> io::Result<()> {
        let mut watched = [PollFd::new(self.udp.as_fd(), PollFlags::POLLIN)];
        #[cfg(target_os = "linux")]
        let woken = ppoll(&mut watched, Some(wanted.into()), None);
        #[cfg(not(target_os = "linux"))]
        let woken = poll(&mut watched, u16::try_from(wanted.as_millis() + 1).unwrap_or(u16::MAX));
        match woken {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Sets SO_RCVTIMEO only where the wait changed noticeably: lock-step stays at two system calls a block.
    fn wait_for(&mut self, wanted: Duration) -> io::Result<()> {
        if self.wait.is_some_and(|set| will_do(set, wanted)) {
            return Ok(());
        }
        // Zero would mean for ever.
        let wait = wanted.max(Duration::from_millis(1));
        self.udp.set_read_timeout(Some(wait))?;
        self.wait = Some(wait);
        Ok(())
    }

    /// Makes sending drop what the system has no room for at this moment, for a loop that must not wait in it.
    pub fn never_block(&self) -> io::Result<()> {
        self.udp.set_nonblocking(true)
    }

    /// Enlarges the receive buffer for windows of `windowsize` blocks, where the system allows it, and tells how
    /// many blocks of the window it carries: 1 to `windowsize`. Blocks of a window come in together from now on, where
    /// the system can join them.
    pub fn make_room(&mut self, blksize: BlockSize, windowsize: WindowSize) -> WindowSize {
        let block = usize::from(blksize.get()) + 1024;
        let wanted = 2 * usize::from(windowsize.get()) * block;
        // Setting a size below the system's own default would make the buffer smaller.
        if self.granted() < wanted {
            let _ = setsockopt(&self.udp, sockopt::RcvBuf, &wanted);
        }
        // In lock-step no two can be joined, and asking what was would only cost time.
        if windowsize > WindowSize::LEAST {
            self.joined = batch::join(&self.udp);
        }
        // Measured: 425,984 bytes carry 4 blocks of 65464 and 16 of 8192; 212,992 lose some of either.
        let carried = self.granted() / (block * 8 / 5);
        WindowSize::new(carried as u64).unwrap_or(WindowSize::LEAST).min(windowsize).max(WindowSize::LEAST)
    }

    /// Lets each datagram come in by itself again, for a buffer that has no room for many.
    pub fn part(&mut self) {
        if self.joined.take().is_some() {
            batch::part(&self.udp);
        }
    }

    /// Enlarges the send buffer for windows of `windowsize` blocks, where the system allows it: a loop that never
    /// blocks loses what does not fit.
    pub fn make_room_to_send(&self, blksize: BlockSize, windowsize: WindowSize) {
        let wanted = 2 * usize::from(windowsize.get()) * (usize::from(blksize.get()) + 1024);
        if nix::sys::socket::getsockopt(&self.udp, sockopt::SndBuf).is_ok_and(|granted| granted < wanted) {
            // Without it the window is only slower.
            let _ = setsockopt(&self.udp, sockopt::SndBuf, &wanted);
        }
    }

    fn granted(&self) -> usize {
        nix::sys::socket::getsockopt(&self.udp, sockopt::RcvBuf).unwrap_or_default()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.udp.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.udp.as_raw_fd()
    }
}

/// Whether a wait that is set will do where another is wanted: too early only loops, a little late does no harm.
fn will_do(set: Duration, wanted: Duration) -> bool {
    set >= wanted / 2 && set <= wanted + wanted / 16
}

fn too_long(datagram: &[u8]) -> io::Error {
    let block = datagram.len().saturating_sub(DATA_HEADER);
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("blocks of {block} bytes are too long for this network: set a smaller blksize"),
    )
}

/// All of the range, from a random one on: a transfer id should not be the last one's (RFC 1350 section 4).
fn shuffled(ports: &RangeInclusive<u16>) -> impl Iterator<Item = u16> {
    let (low, count) = (*ports.start(), ports.len() as u64);
    // The standard library's one source of randomness.
    let start = RandomState::new().build_hasher().finish();
    (0..count).filter_map(move |at| u16::try_from(start.wrapping_add(at) % count).ok()?.checked_add(low))
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

    /// What a wait brings, looking on after interruptions.
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
    fn a_closed_port_is_named_whether_noticed_while_receiving_or_while_sending() {
        for host in ["127.0.0.1", "[::1]"] {
            let (mut here, mut there) = pair(host);
            let closed = pair(host).0.local();
            here.transmit(closed, b"x", 1).unwrap();
            here.transmit(there.local(), b"not lost", 8).unwrap();
            let mut buffer = [0; 64];
            let received = receive(&mut here, &mut buffer, soon());
            let Received::Unreachable { to, error } = received else { panic!("{received:?}") };
            assert_eq!((to, error.kind()), (closed, io::ErrorKind::ConnectionRefused));
            assert!(matches!(receive(&mut there, &mut buffer, soon()), Received::Datagrams { length: 8, .. }));
        }
    }

    #[test]
    fn what_is_there_is_taken_even_when_the_moment_has_passed() {
        let (mut here, mut there) = pair("127.0.0.1");
        here.transmit(there.local(), b"late", 4).unwrap();
        let passed = Instant::now();
        let mut buffer = [0; 64];
        assert!(matches!(receive(&mut there, &mut buffer, passed), Received::Datagrams { length: 4, .. }));
        assert!(matches!(receive(&mut there, &mut buffer, passed), Received::Elapsed));
    }

    #[test]
    fn a_range_of_local_ports_is_kept_to_until_none_is_free() {
        let held = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        // Below the ports that the system hands out by itself.
        let range = 20_000..=20_999;
        assert!(range.contains(&Socket::towards(held.local(), Some(&range)).unwrap().local().port()));
        let only = held.local().port()..=held.local().port();
        let refused = Socket::towards(held.local(), Some(&only)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn every_port_of_a_range_is_tried() {
        for range in [5..=5, 1..=7, 65_530..=65_535] {
            let mut tried: Vec<u16> = shuffled(&range).collect();
            tried.sort_unstable();
            assert_eq!(tried, range.collect::<Vec<_>>());
        }
    }

    #[test]
    fn waits_are_set_anew_only_where_they_changed_noticeably() {
        let millis = Duration::from_millis;
        assert!(will_do(millis(20), millis(19)) && will_do(millis(20), millis(40)));
        assert!(!will_do(millis(20), millis(10)) && !will_do(millis(20), millis(50)));
    }

    #[test]
    fn a_window_is_never_larger_than_asked_nor_than_the_buffer() {
        let (mut here, _) = pair("127.0.0.1");
        let window = |count| WindowSize::new(count).unwrap();
        assert_eq!(here.make_room(BlockSize::default(), window(4)), window(4));
        let most = here.make_room(BlockSize::MOST, WindowSize::MOST);
        assert!(WindowSize::LEAST < most && most < WindowSize::MOST, "{most}");
        assert_eq!(here.make_room(BlockSize::MOST, WindowSize::LEAST), WindowSize::LEAST);
    }
}
