use std::time::{Duration, Instant};

use super::Rtt;

/// How long to wait for an answer, and how long in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// When to send again.
    pub rexmt: Rexmt,
    /// Time without progress after which a transfer is given up.
    pub timeout: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { rexmt: Rexmt::Auto, timeout: Duration::from_secs(25) }
    }
}

/// When a packet without an answer is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rexmt {
    /// From the round trips measured: SRTT + max(10 ms, 4 RTTVAR), doubled at each repetition, at most 5 s; 1 s
    /// before the first measurement (RFC 6298, RFC 1123 section 4.2.3.2).
    #[default]
    Auto,
    /// Always after this time, as BSD's tftp does.
    Fixed(Duration),
}
