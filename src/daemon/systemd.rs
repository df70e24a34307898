use std::io;
use std::net::UdpSocket;

use listenfd::ListenFd;
use sd_notify::NotifyState;

/// Takes the sockets that the service manager bound for this process (`ListenDatagram=`, sd_listen_fds(3)). There are none
/// if it was started otherwise.
///
/// # Errors
///
/// One of them is not a UDP socket.
pub(crate) fn activated_sockets() -> io::Result<Vec<UdpSocket>> {
    let mut given = ListenFd::from_env();
    (0..given.len()).filter_map(|index| given.take_udp_socket(index).transpose()).collect()
}

/// The service manager that waits for notices of this process (`Type=notify`, sd_notify(3)). Without one, they go nowhere.
#[derive(Debug, Default)]
pub(crate) struct ServiceManager;

impl ServiceManager {
    /// Says that clients are answered from now on, and what is served where.
    ///
    /// # Errors
    ///
    /// There is a manager, and it cannot be reached.
    pub(crate) fn ready(&self, status: &str) -> io::Result<()> {
        sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)])
    }

    /// Says that the process ends because it was asked to.
    pub(crate) fn stopping(&self) {
        // A manager that cannot be reached sees the end itself.
        let _ = sd_notify::notify(&[NotifyState::Stopping]);
    }
}
