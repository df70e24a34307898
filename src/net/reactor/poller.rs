use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use self::system::Queue;
use super::notice::Key;

/// The number of the waker; sockets are numbered from 0.
const WAKE: usize = usize::MAX >> 1;

/// The most sockets that one wait reports; the others are next.
const MOST: usize = 256;

/// Waits for many sockets at once.
///
/// A socket that is readable is reported by every wait until it is read empty (level-triggered). So its reader may stop
/// after the datagram that it expects, and need not try to read one more that is not there: in lock-step, that would
/// be one system call in four. Therefore this is not mio, whose sockets are reported only once for all that arrived.
pub(super) struct Poller {
    queue: Queue,
    ready: Vec<usize>,
    /// What [`Wake`] writes to the other end ends a wait.
    woken: UnixStream,
    waker: Arc<UnixStream>,
}

/// Ends a wait of the reactor early, from any thread.
#[derive(Debug, Clone)]
pub(crate) struct Wake(Arc<UnixStream>);

impl Wake {
    pub(crate) fn wake(&self) {
        // It fails only if a wake-up is on its way already, or the reactor is gone; then nothing sleeps.
        let _ = (&*self.0).write(&[0]);
    }
}

impl Poller {
    pub(super) fn new() -> io::Result<Self> {
        let (woken, waker) = UnixStream::pair()?;
        for end in [&woken, &waker] {
            end.set_nonblocking(true)?;
        }
        let queue = Queue::new()?;
        queue.watch(&woken, WAKE)?;
        Ok(Self { queue, ready: Vec::with_capacity(MOST), woken, waker: Arc::new(waker) })
    }

    pub(super) fn wake(&self) -> Wake {
        Wake(Arc::clone(&self.waker))
    }

    /// Watches a socket until it is closed.
    pub(super) fn watch(&self, socket: &impl AsFd, key: Key) -> io::Result<()> {
        Ok(self.queue.watch(socket, key.0)?)
    }

    /// Waits until a socket is readable, but no longer than `nap`; then [`ready`](Self::ready) returns it.
    ///
    /// # Errors
    ///
    /// The system cannot wait, or a signal arrived.
    pub(super) fn wait(&mut self, nap: Duration) -> io::Result<()> {
        self.ready.clear();
        self.queue.wait(nap, &mut self.ready)?;
        if let Some(place) = self.ready.iter().position(|number| *number == WAKE) {
            self.ready.swap_remove(place);
            // More wake-ups than fit into the buffer end the next wait too.
            let _ = self.woken.read(&mut [0; 64]);
        }
        Ok(())
    }

    /// Returns the socket in this place among those that were readable at the end of the last wait.
    pub(super) fn ready(&self, at: usize) -> Option<Key> {
        self.ready.get(at).map(|number| Key(*number))
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::os::fd::AsFd;
    use std::time::Duration;

    use nix::Result;
    use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

    use super::MOST;

    /// A queue of epoll(7).
    pub(super) struct Queue(Epoll);

    impl Queue {
        pub(super) fn new() -> Result<Self> {
            Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map(Self)
        }

        pub(super) fn watch(&self, socket: &impl AsFd, number: usize) -> Result<()> {
            self.0.add(socket, EpollEvent::new(EpollFlags::EPOLLIN, number as u64))
        }

        pub(super) fn wait(&mut self, nap: Duration, ready: &mut Vec<usize>) -> Result<()> {
            // Rounded up: a wait that ends early would be repeated many times in the last millisecond.
            let milliseconds = nap.as_nanos().div_ceil(1_000_000);
            let timeout = EpollTimeout::try_from(milliseconds).unwrap_or(EpollTimeout::MAX);
            let mut events = [EpollEvent::empty(); MOST];
            let count = self.0.wait(&mut events, timeout)?;
            ready.extend(events.iter().take(count).map(|event| event.data() as usize));
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::os::fd::{AsFd, AsRawFd};
    use std::time::Duration;

    use nix::Result;
    use nix::libc::timespec;
    use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

    use super::MOST;

    /// A queue of kqueue(2).
    pub(super) struct Queue(Kqueue);

    impl Queue {
        pub(super) fn new() -> Result<Self> {
            Kqueue::new().map(Self)
        }

        pub(super) fn watch(&self, socket: &impl AsFd, number: usize) -> Result<()> {
            let event = readable(socket.as_fd().as_raw_fd() as usize, number);
            self.0.kevent(&[event], &mut [], Some(time(Duration::ZERO))).map(drop)
        }

        pub(super) fn wait(&mut self, nap: Duration, ready: &mut Vec<usize>) -> Result<()> {
            let mut events = [readable(0, 0); MOST];
            let count = self.0.kevent(&[], &mut events, Some(time(nap)))?;
            ready.extend(events.iter().take(count).map(|event| event.udata() as usize));
            Ok(())
        }
    }

    fn readable(socket: usize, number: usize) -> KEvent {
        KEvent::new(socket, EventFilter::EVFILT_READ, EvFlags::EV_ADD, FilterFlag::empty(), 0, number as isize)
    }

    fn time(duration: Duration) -> timespec {
        timespec { tv_sec: duration.as_secs() as _, tv_nsec: duration.subsec_nanos() as _ }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn wait(poller: &mut Poller) -> Vec<Key> {
        poller.wait(LONG).unwrap();
        poller.ready.iter().copied().map(Key).collect()
    }

    #[test]
    fn a_socket_is_reported_until_it_is_read_empty() {
        let mut poller = Poller::new().unwrap();
        let sockets = [1, 2].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        for (number, socket) in sockets.iter().enumerate() {
            poller.watch(socket, Key(number)).unwrap();
        }
        let [socket, other] = &sockets;
        for _ in 0..2 {
            other.send_to(b"two of them", socket.local_addr().unwrap()).unwrap();
        }
        for _ in 0..2 {
            assert_eq!(wait(&mut poller), [Key(0)]);
            socket.recv(&mut [0; 20]).unwrap();
        }
        poller.wait(Duration::ZERO).unwrap();
        assert_eq!(poller.ready.len(), 0);
        socket.send_to(b"one", other.local_addr().unwrap()).unwrap();
        assert_eq!(wait(&mut poller), [Key(1)]);
    }

    #[test]
    fn a_closed_socket_is_not_reported() {
        let mut poller = Poller::new().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        poller.watch(&socket, Key(0)).unwrap();
        socket.send_to(b"unread", socket.local_addr().unwrap()).unwrap();
        drop(socket);
        poller.wait(Duration::ZERO).unwrap();
        assert_eq!(poller.ready.len(), 0);
    }

    #[test]
    fn a_wake_up_ends_one_wait() {
        let mut poller = Poller::new().unwrap();
        let begun = Instant::now();
        for _ in 0..3 {
            (0..3).for_each(|_| poller.wake().wake());
            assert_eq!(wait(&mut poller), []);
        }
        assert!(begun.elapsed() < LONG / 2);
        let begun = Instant::now();
        poller.wait(Duration::from_micros(1500)).unwrap();
        assert!(begun.elapsed() >= Duration::from_micros(1500), "the wake-ups before are over");
    }
}
