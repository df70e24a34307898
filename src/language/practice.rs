//! Commands for a class: network faults, bugs, plans and lessons.

use super::arguments::Arguments;
use super::command::{Command, PRACTICE};
use super::expected::Source;
use super::explained;
use super::fault;
use super::mistake::Mistake;
use super::option::{CommandOption, SWITCH};
use super::value::{FileSize, Time};
use super::verb::{BugVerb, LessonVerb, PlanVerb, PlannedSize, Verb};
use crate::bugs::ClientBug;
use crate::wire::{BlockSize, WindowSize};

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) static ROWS: &[Command] = &[
    fault::FAULT,
    Command {
        name: "packetdrop", usage: &["packetdrop percent"], ask: Some("(percent) "),
        brief: "drop packets at random in both directions", examples: &["packetdrop 10", "packetdrop 0"],
        see: &["fault", "faults"],
        parse: |args| args.at_most(1).and_then(|()| args.value("percent")).map(Verb::Packetdrop), ..PRACTICE
    },
    Command {
        name: "client", words: explained::client, usage: &["client bug [ no-tid | no-dally | ? | off ]"],
        brief: "give the client a bug on purpose", examples: &["client bug no-tid", "client bug off"],
        see: &["serve", "lesson"], parse: client, ..PRACTICE
    },
    Command {
        name: "plan",
        usage: &["plan bytes [blksize value] [windowsize value] [rtt value]",
            "plan file [blksize value] [windowsize value] [rtt value]"], ask: Some("(bytes or file) "),
        brief: "calculate the packets of a transfer",
        examples: &["plan 2,150", "plan 64K blksize 1428 windowsize 8 rtt 10ms", "plan fw.bin"], see: &["lesson", "blksize"],
        parse: plan, ..PRACTICE
    },
    Command {
        name: "lesson", usage: &["lesson", "lesson number [--script]"], options: LESSON_OPTIONS, brief: "run a lesson about the protocol",
        examples: &["lesson", "lesson 4", "lesson 4 --script"], see: &["plan", "trace", "fault"], parse: lesson,
        ..PRACTICE
    },
];

static LESSON_OPTIONS: &[CommandOption] =
    &[CommandOption { name: "--script", brief: "prints the lesson as a script", ..SWITCH }];

fn client(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    if !args.flag("bug", "") {
        return Err(args.usage());
    }
    let mut bugs = ClientBug::ALL.map(|bug| (bug.name(), BugVerb::Make(bug))).to_vec();
    bugs.extend([("?", BugVerb::List), ("off", BugVerb::Off)]);
    let verb = args.choice_or_end("client bug", &bugs)?;
    args.end(Verb::ClientBug(verb.unwrap_or(BugVerb::Show)))
}

fn plan(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let size = match args.value_or_name("bytes", Source::Local, "file")? {
        Ok(FileSize(bytes)) => PlannedSize::Bytes(bytes),
        Err(file) => PlannedSize::OfFile(file),
    };
    let mut plan = PlanVerb { size, blksize: BlockSize::default(), windowsize: WindowSize::default(), rtt: None };
    let quantities = [("blksize", 'b'), ("blocksize", 'b'), ("windowsize", 'w'), ("rtt", 'r')];
    while let Some(quantity) = args.choice_if(&quantities)? {
        match quantity {
            'b' => plan.blksize = args.value("value")?,
            'w' => plan.windowsize = args.value("value")?,
            _ => plan.rtt = Some(args.value("value").map(|Time(time)| time)?),
        }
    }
    args.end(Verb::Plan(plan))
}

fn lesson(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let as_script = args.options()?.has("--script");
    let verb = match args.value_if("number")? {
        Some(lesson) if as_script => LessonVerb::Print(lesson),
        Some(lesson) => LessonVerb::Give(lesson),
        None if as_script => return Err(args.breaks("--script needs a number: lesson NUMBER --script")),
        None => LessonVerb::List,
    };
    args.end(Verb::Lesson(verb))
}

#[cfg(test)]
mod tests {
    use super::super::{parse, split};
    use super::*;
    use crate::fault::Percent;

    /// The bug that `client bug NAME` gives the client; `None` if it gives none.
    fn bug(name: &str) -> Option<ClientBug> {
        match parse(&split(format!("client bug {name}").as_bytes()).expect(name).words) {
            Ok(Verb::ClientBug(BugVerb::Make(bug))) => Some(bug),
            _ => None,
        }
    }

    #[test]
    fn packetdrop_takes_a_percentage() {
        let rate = |words: &str| match parse(&split(format!("packetdrop {words}").as_bytes()).expect(words).words) {
            Ok(Verb::Packetdrop(rate)) => Some(rate),
            _ => None,
        };
        for (words, hundredths) in [("20", 2000), ("0", 0), ("0.5%", 50)] {
            assert_eq!(rate(words), Percent::from_hundredths(hundredths), "{words}");
        }
        for bad in ["", "101", "many", "1 2"] {
            assert_eq!(rate(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_client_bug_is_found_by_its_name() {
        for known in ClientBug::ALL {
            assert_eq!((bug(known.name()), bug(&known.name().to_uppercase())), (Some(known), Some(known)));
            assert!(!known.brief().is_empty() && known.section().starts_with("RFC"), "{known:?}");
        }
        for name in ["''", "no-", "nobug", "no-tids", "off"] {
            assert_eq!(bug(name), None, "{name}");
        }
    }
}
