/// The most datagrams that are read between the expiry of a timer and its tick: as many small ones as the usual receive
/// buffer holds, and some more.
const MOST: usize = 1024;

/// Lets a timer tick only after everything that had arrived by then: while this process slept, the peer may have sent
/// what the timer waits for. A flood delays the tick by a few milliseconds.
#[derive(Debug, Default)]
pub(super) struct Overdue {
    /// Datagrams read since the timer expired.
    read: usize,
}

impl Overdue {
    /// Whether the timer ticks now. `read` datagrams were read since the last call, and nothing more has arrived if
    /// there is `nothing_left`.
    pub(super) fn ticks(&mut self, is_due: bool, read: usize, nothing_left: bool) -> bool {
        self.read = if is_due { self.read.saturating_add(read) } else { 0 };
        let ticks = is_due && (nothing_left || self.read >= MOST);
        if ticks {
            self.read = 0;
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_ticks_after_what_has_arrived_and_no_flood_holds_it_off() {
        let mut overdue = Overdue::default();
        assert!(!overdue.ticks(false, 1, true), "it is not due");
        assert!(!overdue.ticks(true, 1, false) && !overdue.ticks(true, 1, false), "more has arrived");
        assert!(overdue.ticks(true, 0, true));
        let before = (1..).take_while(|_| !overdue.ticks(true, 1, false)).count();
        assert_eq!(before + 1, MOST);
        assert!(!overdue.ticks(true, MOST - 1, false) && !overdue.ticks(false, 1, false), "progress");
        assert!(!overdue.ticks(true, MOST - 1, false));
    }
}
