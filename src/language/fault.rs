//! The words of `fault`, and of the rules that other words contain.

use std::str::FromStr;

use super::arguments::{Arguments, ON_OFF};
use super::command::{Command, PRACTICE};
use super::explained;
use super::mistake::Mistake;
use super::verb::{FaultVerb, Verb};
use super::words::split_at_spaces;
use crate::fault::{Action, How, KINDS, Rule, WAYS, Which};
use crate::wire::Opcode;

/// The row of `fault`.
#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) const FAULT: Command = Command {
    name: "fault", words: explained::fault,
    usage: &["fault", "fault action direction kind [which] [how]", "fault off [rule]", "fault seed number",
        "fault test rule", "fault remote [ on | off ]"], brief: "inject network faults on purpose",
    examples: &["fault drop sent ack 2", "fault delay 5 both any", "fault drop both any rate 5%", "fault off"],
    see: &["packetdrop", "trace", "faults"], parse: |args| fault(args, OF_CLIENT).map(Verb::Fault), ..PRACTICE
};

/// The words for actions; [`rest_of_rule`] reads the numbers after them.
const ACTIONS: [(&str, Action); 7] = [
    ("drop", Action::Drop),
    ("dup", Action::Dup),
    ("swap", Action::Swap),
    ("stranger", Action::Stranger),
    ("delay", Action::Delay(0)),
    ("corrupt", Action::Corrupt(None)),
    ("cut", Action::Cut(0)),
];

/// The keywords of `fault` other than a rule. `serve fault` has no `test`, because only the client keeps packets.
const OF_CLIENT: &[&str] = &["off", "seed", "test", "remote"];
pub(super) const OF_SERVER: &[&str] = &["off", "seed", "remote"];

/// Reads a rule, or one of these keywords.
pub(super) fn fault(args: &mut Arguments<'_>, others: &[&'static str]) -> Result<FaultVerb, Mistake> {
    args.unquote("rule");
    let mut words = ACTIONS.map(|(name, action)| (name, Ok(action))).to_vec();
    words.extend(others.iter().map(|name| (*name, Err(*name))));
    let first = args.choice_or_end("action", &words)?;
    let verb = match first {
        None => FaultVerb::List,
        Some(Ok(action)) => FaultVerb::Add(rest_of_rule(args, action)?),
        Some(Err("off")) => FaultVerb::Off(args.value_if("rule")?),
        Some(Err("seed")) => FaultVerb::Seed(args.value("number")?),
        Some(Err("test")) => FaultVerb::Test(rule(args)?),
        Some(Err(_)) => FaultVerb::Remote(args.choice("switch", &ON_OFF)?),
    };
    args.end(verb)
}

/// `action direction kind [which] [how]`
fn rule(args: &mut Arguments<'_>) -> Result<Rule, Mistake> {
    args.unquote("rule");
    let action = args.choice("action", &ACTIONS)?;
    rest_of_rule(args, action)
}

fn rest_of_rule(args: &mut Arguments<'_>, action: Action) -> Result<Rule, Mistake> {
    let action = match action {
        Action::Delay(_) => Action::Delay(args.value("milliseconds")?),
        Action::Cut(_) => Action::Cut(args.value("bytes")?),
        Action::Corrupt(_) => Action::Corrupt(args.number_if("offset")?),
        plain => plain,
    };
    let way = args.choice("direction", &WAYS)?;
    let kind = args.choice("kind of packet", &KINDS)?;
    let is_numbered = matches!(kind, None | Some(Opcode::Data | Opcode::Ack));
    let words: &[_] =
        if is_numbered { &["first", "last", "every", "times", "rate"] } else { &["first", "last", "times", "rate"] };
    let mut keyword = args.keyword_if(words)?;
    let which = match keyword {
        Some("first") => Some(Which::First),
        Some("last") => Some(Which::Last),
        Some("every") => Some(Which::Every(args.value("step")?)),
        None if is_numbered => args.number_if("block")?,
        None if args.is_number() => {
            let name = KINDS.iter().find(|(_, known)| *known == kind).map_or("these", |(name, _)| name);
            return Err(args.breaks(format!("{name} packets have no block number: use first, or leave it out")));
        }
        _ => None,
    };
    if which.is_some() {
        keyword = args.keyword_if(&["times", "rate"])?;
    }
    let how = match keyword {
        Some("times") => Some(How::Times(args.value("count")?)),
        Some("rate") => Some(How::Rate(args.value("percent")?)),
        _ => None,
    };
    args.end(Rule { action, way, kind, which, how })
}

impl FromStr for Rule {
    type Err = Mistake;

    /// Reads `drop sent ack 2 times 3`, as `fault` does: words can be abbreviated, in any letter case.
    fn from_str(line: &str) -> Result<Self, Mistake> {
        let words = split_at_spaces(line.as_bytes()).words;
        rule(&mut Arguments::new(FAULT.synopsis(), &words))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{parse as parse_words, split};
    use super::*;
    use std::num::{NonZeroU32, NonZeroU64};

    use crate::fault::{Percent, Way};

    fn read(line: &str) -> Result<FaultVerb, String> {
        match parse_words(&split(format!("fault {line}").as_bytes()).expect(line).words) {
            Ok(Verb::Fault(verb)) => Ok(verb),
            Ok(other) => panic!("{line}: {other:?}"),
            Err(mistake) => Err(mistake.to_string()),
        }
    }

    fn parse(line: &str) -> Rule {
        line.parse().expect(line)
    }

    #[test]
    fn a_rule_is_read_word_by_word() {
        let rule = Rule {
            action: Action::Drop,
            way: Way::Sent,
            kind: Some(Opcode::Ack),
            which: Some(Which::Block(2)),
            how: NonZeroU32::new(3).map(How::Times),
        };
        assert_eq!(parse("drop sent ack 2 times 3"), rule);
        assert_eq!(parse("DR se ac 2 t 3"), rule);
        let rule = parse("delay 5 both any");
        assert_eq!((rule.action, rule.kind, rule.which, rule.how), (Action::Delay(5), None, None, None));
        assert_eq!(parse("corrupt received data last").action, Action::Corrupt(None));
        assert_eq!(parse("corrupt 20 received data 2-4").which, Some(Which::Blocks(2, 4)));
    }

    #[test]
    fn every_form_of_fault_is_understood() {
        let rule = parse("drop sent ack 2");
        for (line, verb) in [
            ("", FaultVerb::List),
            ("drop sent ack 2", FaultVerb::Add(rule)),
            ("'drop sent ack 2'", FaultVerb::Add(rule)),
            ("test 'drop sent ack 2'", FaultVerb::Test(rule)),
            ("test drop sent ack 2", FaultVerb::Test(rule)),
            ("seed 7", FaultVerb::Seed(7)),
            ("off", FaultVerb::Off(None)),
            ("OFF 2", FaultVerb::Off(Some(2))),
            ("remote on", FaultVerb::Remote(true)),
            ("remote off", FaultVerb::Remote(false)),
        ] {
            assert_eq!(read(line), Ok(verb), "fault {line}");
        }
    }

    #[test]
    fn what_is_not_a_form_of_fault_is_refused_with_the_reason() {
        for (line, expected) in [
            ("off 1 2", "unexpected \"2\" after a complete rule"),
            ("remote maybe", "\"maybe\" is not a switch; use on or off"),
            ("test", "missing action after \"test\"; use drop, dup, swap, stranger, delay, corrupt or cut"),
            ("drop sent ack rate", "missing percent after \"rate\"; use 0% to 100%"),
            ("drop sent ack 2 once", "unexpected \"once\" after a complete rule; use times or rate"),
        ] {
            assert_eq!(read(line), Err(expected.to_owned()), "fault {line}");
        }
        assert!("".parse::<Rule>().is_err());
    }

    fn rules() -> impl Strategy<Value = Rule> {
        let action = prop_oneof![
            Just(Action::Drop),
            Just(Action::Dup),
            any::<u32>().prop_map(Action::Delay),
            Just(Action::Swap),
            any::<Option<u16>>().prop_map(Action::Corrupt),
            any::<u16>().prop_map(Action::Cut),
            Just(Action::Stranger),
        ];
        let way = prop::sample::select(WAYS.map(|(_, way)| way).to_vec());
        let numbered = prop::sample::select(vec![None, Some(Opcode::Data), Some(Opcode::Ack)]);
        let by_block = prop_oneof![
            any::<u64>().prop_map(Which::Block),
            any::<(u64, u64)>().prop_map(|(one, other)| Which::Blocks(one.min(other), one.max(other))),
            any::<NonZeroU64>().prop_map(Which::Every),
        ];
        let plain = prop::sample::select(vec![None, Some(Which::First), Some(Which::Last)]);
        let kind = prop::sample::select(KINDS.map(|(_, kind)| kind).to_vec());
        let packets = prop_oneof![(numbered, by_block.prop_map(Some)), (kind, plain)];
        let how = prop_oneof![
            Just(None),
            any::<NonZeroU32>().prop_map(|times| Some(How::Times(times))),
            (0u16..=10_000).prop_map(|rate| Percent::from_hundredths(rate).map(How::Rate)),
        ];
        (action, way, packets, how).prop_map(|(action, way, (kind, which), how)| Rule { action, way, kind, which, how })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(rule in rules()) {
            prop_assert_eq!(rule.to_string().parse(), Ok(rule));
        }

        #[test]
        fn no_words_panic(
            line in "[ -~é]{0,40}",
            words in "(drop|cut|corrupt|delay) (sent|both) (any|ack) [-0-9a-z%. ]{0,20}",
        ) {
            let _ = (line.parse::<Rule>(), words.parse::<Rule>());
        }
    }
}
