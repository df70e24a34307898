use std::time::Instant;

/// A packet, by its number, and when the machine gets it or sends it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) n: u64,
    pub(super) at: Instant,
}
