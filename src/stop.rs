//! Ctrl-C and termination, as a flag that loops look at; the only file that names `signal_hook`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts requests to stop. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requests: Arc<AtomicUsize>,
}

impl Stop {
    /// A flag that only [`Stop::request`] raises: for tests and for servers stopped from the shell.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks whoever looks at this flag to stop.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.requests.load(Ordering::SeqCst) > 0
    }

    /// Takes the requests back: the transfer they were meant for is over.
    pub fn clear(&self) {
        self.requests.store(0, Ordering::SeqCst);
    }
}
