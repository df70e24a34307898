use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
#[cfg(not(target_os = "linux"))]
use nix::poll::poll;
#[cfg(target_os = "linux")]
use nix::poll::ppoll;
use nix::poll::{PollFd, PollFlags};
use nix::sys::socket::MsgFlags;

/// The longest wait that uses ppoll(2), for packets that a fault delays: some systems round SO_RCVTIMEO up to 4 ms.
const SHORT_WAIT: Duration = Duration::from_millis(10);

/// How long a read of a socket waits for a datagram.
#[derive(Debug, Default)]
pub(super) struct Wait {
    /// The present SO_RCVTIMEO, to save a system call for each packet.
    set: Option<Duration>,
}

impl Wait {
    /// Prepares a read that waits so long. Returns its flags: a short wait is over then, and a longer one is in the read.
    pub(super) fn before_read(&mut self, udp: &UdpSocket, wanted: Duration) -> io::Result<MsgFlags> {
        if wanted < SHORT_WAIT {
            return wait_precisely(udp, wanted).map(|()| MsgFlags::MSG_DONTWAIT);
        }
        // Set only if the wait changed noticeably: lock-step stays at two system calls a block.
        if !self.set.is_some_and(|set| is_close(set, wanted)) {
            udp.set_read_timeout(Some(wanted))?;
            self.set = Some(wanted);
        }
        Ok(MsgFlags::empty())
    }
}

/// Waits until a datagram or a signal arrives, or the time has passed.
fn wait_precisely(udp: &UdpSocket, wanted: Duration) -> io::Result<()> {
    let mut watched = [PollFd::new(udp.as_fd(), PollFlags::POLLIN)];
    #[cfg(target_os = "linux")]
    let woken = ppoll(&mut watched, Some(wanted.into()), None);
    #[cfg(not(target_os = "linux"))]
    let woken = poll(&mut watched, u16::try_from(wanted.as_millis() + 1).unwrap_or(u16::MAX));
    match woken {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether the wait that is set will do for the wanted one: too early only loops, a little late does no harm.
fn is_close(set: Duration, wanted: Duration) -> bool {
    set >= wanted / 2 && set <= wanted + wanted / 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_set_again_only_if_it_changed_noticeably() {
        let millis = Duration::from_millis;
        assert!(is_close(millis(20), millis(19)) && is_close(millis(20), millis(40)));
        assert!(!is_close(millis(20), millis(10)) && !is_close(millis(20), millis(50)));
    }
}
