//! The cases: a fault that hits one kind of packet, at one end, in a get or a put.

use std::fmt::{self, Display, Formatter};
use std::sync::Mutex;
use std::thread;

use crate::crossing::{Difference, difference};
use crate::sniffer::Sniffer;
use crate::transfer::{BLKSIZE, End, Transfer, get, put};

/// Between runs that wait most of their time.
const THREADS: usize = 16;

/// One transfer, and the rule that disturbs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    /// `None` is a transfer without a fault.
    pub(crate) action: Option<&'static str>,
    pub(crate) disturbed: Disturbed,
    pub(crate) windows: bool,
}

/// The packet that a rule hits, and where: the client sends it or receives it, or the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disturbed {
    pub(crate) at_server: bool,
    /// `sent data`
    pub(crate) what: &'static str,
    pub(crate) is_put: bool,
}

/// The ACK that nothing follows. Whatever it causes comes after the end.
pub(crate) const LAST_ACK: [Disturbed; 2] = [
    Disturbed { at_server: false, what: "sent ack last", is_put: false },
    Disturbed { at_server: true, what: "received ack last", is_put: false },
];

/// Every kind of packet in every direction, at the end that can see it.
pub(crate) const DISTURBED: [Disturbed; 12] = [
    Disturbed { at_server: false, what: "sent rrq", is_put: false },
    Disturbed { at_server: false, what: "received data", is_put: false },
    Disturbed { at_server: false, what: "sent ack", is_put: false },
    Disturbed { at_server: false, what: "sent wrq", is_put: true },
    Disturbed { at_server: false, what: "sent data", is_put: true },
    Disturbed { at_server: false, what: "received ack", is_put: true },
    Disturbed { at_server: true, what: "received rrq", is_put: false },
    Disturbed { at_server: true, what: "sent data", is_put: false },
    Disturbed { at_server: true, what: "received ack", is_put: false },
    Disturbed { at_server: true, what: "received wrq", is_put: true },
    Disturbed { at_server: true, what: "received data", is_put: true },
    Disturbed { at_server: true, what: "sent ack", is_put: true },
];

impl Case {
    fn settings(self) -> String {
        let Self { action, disturbed: Disturbed { at_server, what, is_put }, windows } = self;
        // One side's timer repairs the loss, and the other's comes much later: two that expire together would race.
        let is_request = what.ends_with("rq");
        let (client, server) = if is_put || is_request { ("0.5", "2") } else { ("2", "0.5") };
        let options = match windows {
            true => format!("options on\nblksize {BLKSIZE}\nwindowsize 4\n"),
            false => "options off\n".to_owned(),
        };
        let rule = action.map(|action| {
            let end = if at_server { "serve fault" } else { "fault" };
            let which = match what.rsplit(' ').next() {
                Some("last") => "",
                Some("rrq" | "wrq") => "first",
                Some("ack") if windows => "4",
                _ => "2",
            };
            format!("{end} {action} {what} {which}\n")
        });
        format!("rexmt {client}\ntimeout 4\nserve rexmt {server}\n{options}{}", rule.unwrap_or_default())
    }

    fn run(self) -> Transfer {
        // It need not succeed: what is cut or corrupted may end it.
        Transfer::run(&self.settings(), &format!("-{}", if self.disturbed.is_put { put() } else { get() }))
    }
}

impl Display for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let end = if self.disturbed.at_server { " at the server" } else { "" };
        let windows = if self.windows { "with" } else { "without" };
        write!(f, "{} {}{end}, {windows} windows", self.action.unwrap_or("plain"), self.disturbed.what)
    }
}

/// How often a case is run that a busy machine may have disturbed.
const ATTEMPTS: u32 = 3;

/// Runs all cases while a capture runs, and fails if any of them differs from it.
pub(crate) fn agree(cases: &[Case]) {
    let mut cases = cases.to_vec();
    for attempt in 1..=ATTEMPTS {
        let Some(failures) = failures(&cases) else { return };
        let (doubtful, certain): (Vec<_>, Vec<_>) = failures.into_iter().partition(|(_, it)| it.is_doubtful);
        let failures = if attempt < ATTEMPTS { &certain } else { &[certain, doubtful.clone()].concat() };
        let texts: Vec<_> = failures.iter().map(|(case, it)| format!("\n{case}: {}", it.text)).collect();
        assert!(texts.is_empty(), "{} of {} cases:\n{}", texts.len(), cases.len(), texts.concat());
        cases = doubtful.into_iter().map(|(case, _)| case).collect();
        if cases.is_empty() {
            return;
        }
    }
}

/// The cases that differ from a capture; `None` if there can be no capture.
fn failures(cases: &[Case]) -> Option<Vec<(Case, Difference)>> {
    let sniffer = Sniffer::start()?;
    let (queue, done) = (Mutex::new(cases.iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS.min(cases.len()) {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().next() else { break };
                    let transfer = case.run();
                    done.lock().unwrap().push((case, transfer));
                }
            });
        }
    });
    let (frames, missed) = sniffer.finish();
    let done = done.into_inner().unwrap();
    let failures = done.iter().flat_map(|(case, transfer)| {
        let failure = move |End { name, ours, wire }: End| {
            assert!(case.action.is_some() || wire.len() >= 12, "{case}: the {name}'s packets are not on the wire");
            let difference = difference(&ours, &wire, transfer.end)?;
            let text = format!("the {name}'s: {}", difference.text);
            Some((**case, Difference { text, is_doubtful: difference.is_doubtful || missed > 0 }))
        };
        transfer.ends(&frames).into_iter().filter_map(failure)
    });
    Some(failures.collect())
}
