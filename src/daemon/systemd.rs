use std::fmt::Display;
use std::io;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::event::{Observer, Record, RecordKind};
use crate::transfer::{Abort, Failure};

/// Takes the sockets that the service manager bound for this process (`ListenDatagram=`, sd_listen_fds(3)). There are none
/// if it was started otherwise.
///
/// # Errors
///
/// One of them is not a UDP socket.
pub(crate) fn activated_sockets() -> io::Result<Vec<UdpSocket>> {
    let mut given = ListenFd::from_env();
    let sockets = (0..given.len()).filter_map(|index| given.take_udp_socket(index).transpose());
    let sockets = sockets.collect::<io::Result<_>>();
    sockets.map_err(|error| io::Error::new(error.kind(), format!("{error}; name each one with ListenDatagram=")))
}

/// The shortest time between two lines of counts: each one would wait for a manager that is busy, so there are few.
const PAUSE: Duration = Duration::from_secs(10);

/// The service manager that waits for notices of this process (`Type=notify`, sd_notify(3)): that the server is ready,
/// what it has done so far, and that it ends. Without a manager, they go nowhere.
#[derive(Debug)]
pub(crate) struct ServiceManager {
    /// What is served, and where.
    title: String,
    finished: u64,
    failed: u64,
    refused: u64,
    /// Whether the manager does not know the counts.
    is_news: bool,
    /// When it was informed last.
    informed: Option<Instant>,
}

impl ServiceManager {
    /// Will say that this is served.
    pub(crate) fn new(title: impl Display) -> Self {
        let title = title.to_string();
        Self { title, finished: 0, failed: 0, refused: 0, is_news: false, informed: None }
    }

    /// Says that clients are answered from now on.
    ///
    /// # Errors
    ///
    /// There is a manager, and it cannot be reached.
    pub(crate) fn ready(&self) -> io::Result<()> {
        sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(&self.title)])
    }

    /// Says that the process ends because it was asked to.
    pub(crate) fn stopping(&self) {
        // A manager that cannot be reached sees the end itself.
        let _ = sd_notify::notify(&[NotifyState::Stopping, NotifyState::Status(&self.status())]);
    }

    fn status(&self) -> String {
        let Self { title, finished, failed, refused, .. } = self;
        format!("{title}: {finished} finished, {failed} failed, {refused} refused")
    }

    /// Returns the status if the manager does not know it and it is time to say it.
    fn news(&mut self, now: Instant) -> Option<String> {
        let is_due = self.informed.is_none_or(|before| now.saturating_duration_since(before) >= PAUSE);
        if !self.is_news || !is_due {
            return None;
        }
        (self.is_news, self.informed) = (false, Some(now));
        Some(self.status())
    }
}

impl Observer for ServiceManager {
    fn observe(&mut self, record: &Record<'_>) {
        let RecordKind::End(result) = record.kind else { return };
        *match result {
            Ok(_) => &mut self.finished,
            Err(Failure::Aborted(Abort::Refused { .. })) => &mut self.refused,
            Err(_) => &mut self.failed,
        } += 1;
        self.is_news = true;
    }

    fn rest(&mut self, at: Instant) {
        if let Some(status) = self.news(at) {
            // The counts are for people who look; the log has the same.
            let _ = sd_notify::notify(&[NotifyState::Status(&status)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ErrorCode;

    #[test]
    fn news_goes_out_immediately_and_then_after_each_pause() {
        let (mut manager, begun) = (ServiceManager::new("Serving ."), Instant::now());
        let local = ([127, 0, 0, 1], 69).into();
        let refused = Failure::Aborted(Abort::Refused { code: ErrorCode::NOT_FOUND, message: String::new() });
        let end = |manager: &mut ServiceManager, failure: &Failure| {
            manager.observe(&Record { at: begun, transfer: 1, local, kind: RecordKind::End(Err(failure)) });
        };
        assert_eq!(manager.news(begun), None);
        end(&mut manager, &refused);
        assert_eq!(manager.news(begun).as_deref(), Some("Serving .: 0 finished, 0 failed, 1 refused"));
        end(&mut manager, &Failure::TimedOut { answered: true });
        assert_eq!(manager.news(begun + PAUSE / 2), None);
        assert_eq!(manager.news(begun + PAUSE).as_deref(), Some("Serving .: 0 finished, 1 failed, 1 refused"));
        assert_eq!(manager.news(begun + 2 * PAUSE), None, "nothing happened");
    }
}
