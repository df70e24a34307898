use std::fmt::{self, Display, Formatter};
use std::ops::RangeInclusive;

use thiserror::Error;

use super::{Detail, Limit};

/// What the words behind `trace` ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceCommand {
    /// `trace`: the classic view on, or every screen view off.
    Toggle,
    /// `trace on`, `trace off`.
    Set(bool),
    /// `trace VIEW [to FILE]`.
    View(ViewName, Target),
    /// `trace VIEW off`: on the screen, and into its file.
    ViewOff(ViewName),
    /// `trace pcap FILE [snap N] [lost]`.
    Pcap {
        /// `-` is stdout.
        file: String,
        /// Octets of a DATA packet that are kept.
        snap: Option<usize>,
        /// Also packets that were lost on the way here.
        lost: bool,
    },
    /// `trace pcap off`.
    PcapOff,
    /// `trace again [VIEW] [A-B]`.
    Again(Option<ViewName>, Option<RangeInclusive<u64>>),
    /// `trace show N`.
    Show(u64),
    /// `trace limit N|all`.
    Limit(Limit),
    /// `trace ascii on|off|auto`; auto is none.
    Ascii(Option<bool>),
    /// `trace status`.
    Status,
    /// `trace ?`.
    Help,
}

/// Views that can be on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewName {
    /// As BSD.
    Classic,
    /// In words.
    Explain(Detail),
    /// As arrows.
    Ladder,
    /// As octets.
    Hex,
    /// For programs.
    Json,
}

impl ViewName {
    /// Whether both are the same view, in whatever detail.
    pub fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl Display for ViewName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "classic",
            Self::Explain(Detail::First) => "explain",
            Self::Explain(Detail::Short) => "explain short",
            Self::Explain(Detail::Full) => "explain full",
            Self::Ladder => "ladder",
            Self::Hex => "hex",
            Self::Json => "json",
        })
    }
}

/// Where a view goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// In place of the view that is there.
    Screen,
    /// Beside it; `-` is stdout.
    File(String),
}

/// Why the words make no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadTrace {
    /// Nothing begins so.
    #[error("{0}: not a view or word of trace; try: trace ?")]
    Unknown(String),
    /// More than one thing begins so.
    #[error("{word}: ambiguous: {}", candidates.join(", "))]
    Ambiguous {
        /// As typed.
        word: String,
        /// What it may mean.
        candidates: Vec<&'static str>,
    },
    /// A list puts both on the screen.
    #[error("{0} and {1}: one view goes to the screen, others go to files ({1}=FILE)")]
    TwoScreens(String, String),
    /// A word too few or too many, or no number where one belongs.
    #[error("usage: {0}")]
    Usage(&'static str),
}

const WORDS: [&str; 14] = [
    "on", "off", "classic", "explain", "ladder", "hex", "json", "pcap", "again", "show", "limit", "ascii", "status",
    "?",
];
/// The views by name.
pub const VIEWS: [&str; 5] = ["classic", "explain", "ladder", "hex", "json"];

impl TraceCommand {
    /// Understands the words behind `trace`; each may be shortened while it is unambiguous.
    ///
    /// # Errors
    ///
    /// The words are not a command; the error says what was expected.
    pub fn parse(words: &[&str]) -> Result<Self, BadTrace> {
        let Some((first, rest)) = words.split_first() else { return Ok(Self::Toggle) };
        match (whole(first, &WORDS)?, rest) {
            ("on", []) => Ok(Self::Set(true)),
            ("off", []) => Ok(Self::Set(false)),
            ("status", []) => Ok(Self::Status),
            ("?", []) => Ok(Self::Help),
            ("on" | "off" | "status" | "?", _) => Err(BadTrace::Usage("trace on | off | status")),
            ("pcap", rest) => pcap(rest),
            ("again", rest) => again(rest),
            ("show", [n]) => number(n).map(Self::Show).ok_or(BadTrace::Usage("trace show packet")),
            ("show", _) => Err(BadTrace::Usage("trace show packet")),
            ("limit", rest) => limit(rest),
            ("ascii", [word]) => Ok(Self::Ascii(match whole(word, &["on", "off", "auto"])? {
                "on" => Some(true),
                "off" => Some(false),
                _ => None,
            })),
            ("ascii", _) => Err(BadTrace::Usage("trace ascii on | off | auto")),
            (view, rest) => {
                let (view, rest) = detailed(view, rest);
                match rest {
                    [] => Ok(Self::View(view, Target::Screen)),
                    [off] if off.eq_ignore_ascii_case("off") => Ok(Self::ViewOff(view)),
                    [to, file] if to.eq_ignore_ascii_case("to") => {
                        Ok(Self::View(view, Target::File((*file).to_owned())))
                    }
                    _ => Err(BadTrace::Usage("trace view [ to file | off ]")),
                }
            }
        }
    }

    /// Understands the value of `--trace=VIEWS`: `explain,pcap=x.pcapng`; empty is the classic view.
    ///
    /// # Errors
    ///
    /// One of the list is not a view.
    pub fn parse_list(list: &str) -> Result<Vec<Self>, BadTrace> {
        if list.is_empty() {
            return Ok(vec![Self::View(ViewName::Classic, Target::Screen)]);
        }
        let commands = list.split(',').map(Self::parse_item).collect::<Result<Vec<_>, _>>()?;
        let mut screens = commands.iter().filter_map(|command| match command {
            Self::View(view, Target::Screen) => Some(view.to_string()),
            _ => None,
        });
        match (screens.next(), screens.next()) {
            (Some(first), Some(second)) => Err(BadTrace::TwoScreens(first, second)),
            _ => Ok(commands),
        }
    }

    fn parse_item(item: &str) -> Result<Self, BadTrace> {
        let (words, file) = item.split_once('=').map_or((item, None), |(words, file)| (words, Some(file)));
        let mut words: Vec<_> = words.split_whitespace().collect();
        if words.is_empty() {
            return Err(BadTrace::Unknown(item.to_owned()));
        }
        if let Some(file) = file {
            if whole(words.first().copied().unwrap_or_default(), &WORDS)? != "pcap" {
                words.push("to");
            }
            words.push(file);
        }
        Self::parse(&words)
    }
}

fn pcap(words: &[&str]) -> Result<TraceCommand, BadTrace> {
    const USAGE: BadTrace = BadTrace::Usage("trace pcap file [ snap bytes ] [ lost ] | pcap off");
    let (file, mut rest) = words.split_first().ok_or(USAGE)?;
    if rest.is_empty() && file.eq_ignore_ascii_case("off") {
        return Ok(TraceCommand::PcapOff);
    }
    let (mut snap, mut lost) = (None, false);
    while let Some((word, behind)) = rest.split_first() {
        rest = match (whole(word, &["snap", "lost"])?, behind) {
            ("snap", [n, behind @ ..]) => {
                snap = Some(number(n).and_then(|n| usize::try_from(n).ok()).ok_or(USAGE)?);
                behind
            }
            ("lost", behind) => {
                lost = true;
                behind
            }
            _ => return Err(USAGE),
        };
    }
    Ok(TraceCommand::Pcap { file: (*file).to_owned(), snap, lost })
}

fn again(words: &[&str]) -> Result<TraceCommand, BadTrace> {
    const USAGE: BadTrace = BadTrace::Usage("trace again [view] [first-last]");
    let (view, rest) = match words.split_first() {
        Some((word, rest)) if !word.starts_with(|it: char| it.is_ascii_digit() || it == '#') => {
            let (view, rest) = detailed(whole(word, &VIEWS)?, rest);
            (Some(view), rest)
        }
        _ => (None, words),
    };
    let packets = match rest {
        [] => None,
        [range] => {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => Some(first..=last),
                _ => return Err(USAGE),
            }
        }
        _ => return Err(USAGE),
    };
    Ok(TraceCommand::Again(view, packets))
}

fn limit(words: &[&str]) -> Result<TraceCommand, BadTrace> {
    let limit = match words {
        [all] if all.eq_ignore_ascii_case("all") => Some(Limit::All),
        [n] => number(n).and_then(|n| u32::try_from(n).ok()).map(Limit::Pairs),
        _ => None,
    };
    limit.map(TraceCommand::Limit).ok_or(BadTrace::Usage("trace limit pairs | all"))
}

/// The view of a whole word, and the detail that may follow `explain`.
fn detailed<'a>(view: &str, rest: &'a [&'a str]) -> (ViewName, &'a [&'a str]) {
    let view = match view {
        "explain" => {
            let detail = rest.first().and_then(|word| whole(word, &["short", "full"]).ok());
            let (detail, used) = match detail {
                Some("short") => (Detail::Short, 1),
                Some(_) => (Detail::Full, 1),
                None => (Detail::First, 0),
            };
            return (ViewName::Explain(detail), rest.get(used..).unwrap_or_default());
        }
        "ladder" => ViewName::Ladder,
        "hex" => ViewName::Hex,
        "json" => ViewName::Json,
        _ => ViewName::Classic,
    };
    (view, rest)
}

/// The one of `all` that `word` is, or is the beginning of.
fn whole(word: &str, all: &[&'static str]) -> Result<&'static str, BadTrace> {
    let word = word.to_ascii_lowercase();
    if let Some(exact) = all.iter().find(|it| **it == word) {
        return Ok(exact);
    }
    let candidates: Vec<_> = all.iter().copied().filter(|it| !word.is_empty() && it.starts_with(&word)).collect();
    match candidates[..] {
        [] => Err(BadTrace::Unknown(word)),
        [one] => Ok(one),
        _ => Err(BadTrace::Ambiguous { word, candidates }),
    }
}

/// `3` or `#3`.
fn number(word: &str) -> Option<u64> {
    let digits = word.strip_prefix('#').unwrap_or(word);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<TraceCommand, BadTrace> {
        TraceCommand::parse(&line.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn every_form_of_the_grammar_is_understood() {
        use TraceCommand::{
            Again, Ascii, Help, Limit as SetLimit, Pcap, PcapOff, Set, Show, Status, Toggle, View, ViewOff,
        };
        let file = || Target::File("x.txt".to_owned());
        for (line, command) in [
            ("", Toggle),
            ("on", Set(true)),
            ("OFF", Set(false)),
            ("c", View(ViewName::Classic, Target::Screen)),
            ("explain", View(ViewName::Explain(Detail::First), Target::Screen)),
            ("explain full to x.txt", View(ViewName::Explain(Detail::Full), file())),
            ("e s", View(ViewName::Explain(Detail::Short), Target::Screen)),
            ("lad off", ViewOff(ViewName::Ladder)),
            ("ladder to x.txt", View(ViewName::Ladder, file())),
            ("json to -", View(ViewName::Json, Target::File("-".to_owned()))),
            ("pcap x.pcapng", Pcap { file: "x.pcapng".to_owned(), snap: None, lost: false }),
            ("pcap - lost snap 64", Pcap { file: "-".to_owned(), snap: Some(64), lost: true }),
            ("pcap off", PcapOff),
            ("again", Again(None, None)),
            ("again ladder 8400-8434", Again(Some(ViewName::Ladder), Some(8400..=8434))),
            ("again #3", Again(None, Some(3..=3))),
            ("again explain full 1-2", Again(Some(ViewName::Explain(Detail::Full)), Some(1..=2))),
            ("show #3", Show(3)),
            ("limit 5", SetLimit(Limit::Pairs(5))),
            ("limit all", SetLimit(Limit::All)),
            ("ascii auto", Ascii(None)),
            ("as on", Ascii(Some(true))),
            ("status", Status),
            ("?", Help),
        ] {
            assert_eq!(parse(line), Ok(command), "trace {line}");
        }
    }

    #[test]
    fn what_is_not_in_the_grammar_is_refused_with_its_reason() {
        for (line, error) in [
            ("nonsense", "nonsense: not a view or word of trace; try: trace ?"),
            ("l", "l: ambiguous: ladder, limit"),
            ("a", "a: ambiguous: again, ascii"),
            ("show", "usage: trace show packet"),
            ("show x", "usage: trace show packet"),
            ("again 9-3", "usage: trace again [view] [first-last]"),
            ("pcap", "usage: trace pcap file [ snap bytes ] [ lost ] | pcap off"),
            ("pcap x snap", "usage: trace pcap file [ snap bytes ] [ lost ] | pcap off"),
            ("hex x.txt", "usage: trace view [ to file | off ]"),
            ("limit -1", "usage: trace limit pairs | all"),
            ("on on", "usage: trace on | off | status"),
        ] {
            assert_eq!(parse(line).map_err(|error| error.to_string()), Err(error.to_owned()), "trace {line}");
        }
    }

    #[test]
    fn the_command_line_takes_the_same_words_with_commas() {
        let list = TraceCommand::parse_list("explain full,pcap=x.pcapng,json=y");
        let list = list.expect("all of it is understood");
        assert_eq!(list, ["explain full", "pcap x.pcapng", "json to y"].map(|line| parse(line).expect("understood")));
        assert_eq!(TraceCommand::parse_list(""), Ok(vec![parse("classic").expect("understood")]));
        assert!(TraceCommand::parse_list("explain,,json").is_err());
        let two = TraceCommand::parse_list("explain,json=x,hex").map_err(|error| error.to_string());
        assert_eq!(two, Err("explain and hex: one view goes to the screen, others go to files (hex=FILE)".to_owned()));
    }
}
