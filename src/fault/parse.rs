use std::num::{NonZeroU32, NonZeroU64};
use std::str::FromStr;

use thiserror::Error;

use super::rule::{Action, How, KINDS, Percent, Rule, WAYS, Way, Which};
use crate::wire::{Opcode, Printable};

/// The words for actions; numbers behind them are read by [`Reader::action`].
const ACTIONS: [(&str, Action); 7] = [
    ("drop", Action::Drop),
    ("dup", Action::Dup),
    ("delay", Action::Delay(0)),
    ("swap", Action::Swap),
    ("corrupt", Action::Corrupt(None)),
    ("cut", Action::Cut(0)),
    ("stranger", Action::Stranger),
];

/// Why words are not a rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadRule {
    /// The rule ends too soon.
    #[error("the {what} is missing: {choices}")]
    Missing {
        /// What should stand here.
        what: &'static str,
        /// What it may be.
        choices: String,
    },
    /// None of the words that may stand here.
    #[error("\"{word}\" is no {what}: {choices}")]
    Unknown {
        /// What should stand here.
        what: &'static str,
        /// What stands here, made safe to print.
        word: String,
        /// What it may be.
        choices: String,
    },
    /// Short for more than one word.
    #[error("\"{word}\" may be {choices}")]
    Ambiguous {
        /// What stands here.
        word: String,
        /// What it may mean.
        choices: String,
    },
    /// Numbers count blocks, and only DATA and ACK have some.
    #[error("{0} packets have no block number: say first, or nothing")]
    Unnumbered(&'static str),
    /// Something behind the end.
    #[error("\"{0}\" is too much: the rule is complete before it")]
    TooMuch(String),
}

impl Rule {
    /// Reads `ACTION DIRECTION KIND [WHICH] [HOW]`. Words may be shortened while they stay unambiguous, in any case.
    ///
    /// # Errors
    ///
    /// The words are not a rule; the error says what was expected.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, BadRule> {
        let words: Vec<&str> = words.into_iter().collect();
        let mut reader = Reader { words: &words };
        let action = reader.action()?;
        let way = choose("direction", reader.next(), &WAYS)?;
        let kind = choose("kind of packet", reader.next(), &KINDS)?;
        let which = reader.which()?;
        let how = reader.how()?;
        if let Some(word) = reader.next() {
            return Err(BadRule::TooMuch(printable(word)));
        }
        let counts_blocks = matches!(which, Some(Which::Block(_) | Which::Blocks(..) | Which::Every(_)));
        if counts_blocks && !matches!(kind, None | Some(Opcode::Data | Opcode::Ack)) {
            let name = KINDS.iter().find(|(_, known)| *known == kind).map_or("these", |(name, _)| name);
            return Err(BadRule::Unnumbered(name));
        }
        Ok(Self { action, way, kind, which, how })
    }

    /// FreeBSD's `packetdrop P`: P packets of 100 are dropped, either way; 0 is no rule at all.
    ///
    /// # Errors
    ///
    /// `percent` is not a percentage.
    pub fn packetdrop(percent: &str) -> Result<Option<Self>, BadRule> {
        let rate = percentage(percent)?;
        let how = Some(How::Rate(rate));
        let rule = Self { action: Action::Drop, way: Way::Both, kind: None, which: None, how };
        Ok((rate.hundredths() > 0).then_some(rule))
    }
}

impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(line: &str) -> Result<Self, BadRule> {
        Self::parse(line.split_whitespace())
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (word, rest) = self.words.split_first()?;
        self.words = rest;
        Some(word)
    }

    fn peek(&self) -> Option<&'a str> {
        self.words.first().copied()
    }

    fn action(&mut self) -> Result<Action, BadRule> {
        match choose("action", self.next(), &ACTIONS)? {
            Action::Delay(_) => Ok(Action::Delay(number("delay", "milliseconds", self.next())?)),
            Action::Cut(_) => Ok(Action::Cut(number("length", "octets that are left", self.next())?)),
            Action::Corrupt(_) if self.peek().is_some_and(starts_with_digit) => {
                Ok(Action::Corrupt(Some(number("offset", "an octet of the packet, from 0", self.next())?)))
            }
            plain => Ok(plain),
        }
    }

    fn which(&mut self) -> Result<Option<Which>, BadRule> {
        let Some(word) = self.peek() else { return Ok(None) };
        if is_short_for(word, "times") || is_short_for(word, "rate") {
            return Ok(None);
        }
        self.next();
        if let Some((first, last)) = word.split_once('-') {
            let (first, last) = (block(first, word)?, block(last, word)?);
            return if first <= last { Ok(Some(Which::Blocks(first, last))) } else { Err(bad_block(word)) };
        }
        if is_short_for(word, "every") {
            let step: NonZeroU64 = number("step", "a number of blocks, from 1", self.next())?;
            return Ok(Some(Which::Every(step)));
        }
        if is_short_for(word, "first") {
            return Ok(Some(Which::First));
        }
        if is_short_for(word, "last") {
            return Ok(Some(Which::Last));
        }
        block(word, word).map(|block| Some(Which::Block(block)))
    }

    fn how(&mut self) -> Result<Option<How>, BadRule> {
        let Some(word) = self.next() else { return Ok(None) };
        if is_short_for(word, "times") {
            let times: NonZeroU32 = number("count", "a number from 1", self.next())?;
            return Ok(Some(How::Times(times)));
        }
        if is_short_for(word, "rate") {
            return percentage(self.next().unwrap_or_default()).map(|rate| Some(How::Rate(rate)));
        }
        Err(BadRule::TooMuch(printable(word)))
    }
}

fn choose<T: Copy>(what: &'static str, word: Option<&str>, table: &[(&'static str, T)]) -> Result<T, BadRule> {
    let list = |names: &mut dyn Iterator<Item = &&'static str>| names.copied().collect::<Vec<_>>().join(", ");
    let all = || list(&mut table.iter().map(|(name, _)| name));
    let Some(word) = word else { return Err(BadRule::Missing { what, choices: all() }) };
    if let Some((_, value)) = table.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
        return Ok(*value);
    }
    let near: Vec<_> = table.iter().filter(|(name, _)| is_short_for(word, name)).collect();
    match near.as_slice() {
        [(_, value)] => Ok(*value),
        [] => Err(BadRule::Unknown { what, word: printable(word), choices: all() }),
        several => {
            let choices = list(&mut several.iter().map(|(name, _)| name));
            Err(BadRule::Ambiguous { word: printable(word), choices })
        }
    }
}

fn is_short_for(word: &str, name: &str) -> bool {
    !word.is_empty() && name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn starts_with_digit(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit())
}

fn number<T: FromStr>(what: &'static str, choices: &str, word: Option<&str>) -> Result<T, BadRule> {
    let choices = choices.to_owned();
    let Some(word) = word else { return Err(BadRule::Missing { what, choices }) };
    let number = starts_with_digit(word).then(|| word.parse().ok()).flatten();
    number.ok_or_else(|| BadRule::Unknown { what, word: printable(word), choices })
}

fn block(number: &str, word: &str) -> Result<u64, BadRule> {
    let block = starts_with_digit(number).then(|| number.parse().ok()).flatten();
    block.ok_or_else(|| bad_block(word))
}

fn bad_block(word: &str) -> BadRule {
    let choices = "N, N-M, every N, first, last".to_owned();
    BadRule::Unknown { what: "choice of blocks", word: printable(word), choices }
}

/// `20`, `20%` or `0.5%`.
fn percentage(word: &str) -> Result<Percent, BadRule> {
    let choices = || "a number from 0% to 100%".to_owned();
    if word.is_empty() {
        return Err(BadRule::Missing { what: "rate", choices: choices() });
    }
    let digits = word.strip_suffix('%').unwrap_or(word);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let hundredths = || {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(part) || part.len() > 2 {
            return None;
        }
        let (whole, part): (u16, u16) = (whole.parse().ok()?, format!("{part:0<2}").parse().ok()?);
        Percent::from_hundredths(whole.checked_mul(100)?.checked_add(part)?)
    };
    hundredths().ok_or_else(|| BadRule::Unknown { what: "rate", word: printable(word), choices: choices() })
}

fn printable(word: &str) -> String {
    Printable(word.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<Rule, String> {
        line.parse().map_err(|error: BadRule| error.to_string())
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
        assert_eq!(parse("drop sent ack 2 times 3"), Ok(rule));
        assert_eq!(parse("DR se ac 2 t 3"), Ok(rule));
        let rule = parse("delay 5 both any").unwrap();
        assert_eq!((rule.action, rule.kind, rule.which, rule.how), (Action::Delay(5), None, None, None));
        assert_eq!(parse("corrupt received data last").unwrap().action, Action::Corrupt(None));
        assert_eq!(parse("corrupt 20 received data 2-4").unwrap().which, Some(Which::Blocks(2, 4)));
    }

    #[test]
    fn freebsds_word_is_a_rule_too() {
        assert_eq!(Rule::packetdrop("20").unwrap(), Some(parse("drop both any rate 20%").unwrap()));
        assert_eq!(Rule::packetdrop("0"), Ok(None));
        assert!(Rule::packetdrop("101").is_err() && Rule::packetdrop("many").is_err());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, words) in [
            ("", "the action is missing: drop, dup, delay, swap, corrupt, cut, stranger"),
            ("lose sent ack", "\"lose\" is no action: drop, dup, delay, swap, corrupt, cut, stranger"),
            ("d sent ack", "\"d\" may be drop, dup, delay"),
            ("drop", "the direction is missing: sent, received, both"),
            ("drop sent", "the kind of packet is missing: any, rrq, wrq, data, ack, oack, error"),
            ("delay sent any", "\"sent\" is no delay: milliseconds"),
            ("drop sent ack second", "\"second\" is no choice of blocks: N, N-M, every N, first, last"),
            ("drop sent ack 4-2", "\"4-2\" is no choice of blocks: N, N-M, every N, first, last"),
            ("drop sent ack every", "the step is missing: a number of blocks, from 1"),
            ("drop sent ack every 0", "\"0\" is no step: a number of blocks, from 1"),
            ("drop sent ack times +3", "\"+3\" is no count: a number from 1"),
            ("drop sent ack rate 120%", "\"120%\" is no rate: a number from 0% to 100%"),
            ("drop sent ack rate", "the rate is missing: a number from 0% to 100%"),
            ("drop sent rrq 2", "rrq packets have no block number: say first, or nothing"),
            ("drop sent ack 2 once", "\"once\" is too much: the rule is complete before it"),
            ("drop sent ack 2 times 3 4", "\"4\" is too much: the rule is complete before it"),
        ] {
            assert_eq!(parse(line), Err(words.to_owned()), "{line}");
        }
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
        fn no_words_panic(line in "[ -~é]{0,40}", words in "(drop|cut|corrupt|delay) (sent|both) (any|ack) [-0-9a-z%. ]{0,20}") {
            let _ = (parse(&line), parse(&words));
        }
    }
}
