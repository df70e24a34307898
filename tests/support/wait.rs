//! Waiting for what another thread or process does soon.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at something that has no way to say when it happens.
const PAUSE: Duration = Duration::from_millis(2);

/// Looks until `done` or until `limit` has passed; says which.
pub(crate) fn soon(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(PAUSE);
    }
}

/// Waits until it holds, and fails the test if it never does.
pub(crate) fn eventually(what: &str, holds: impl FnMut() -> bool) {
    assert!(soon(Duration::from_secs(10), holds), "never: {what}");
}
