//! The words of `trace`, and of `--trace=`.

use super::arguments::{Arguments, pairs};
use super::command::{CLASSIC, Command, Group};
use super::expected::Source;
use super::explained;
use super::mistake::Mistake;
use super::value::{Packet, Packets, Pairs, Transfer};
use super::verb::{Again, TraceVerb, Verb};
use super::words::{Word, split_at_spaces};
use crate::trace::{Content, Detail, Ends, Limit, ViewName};

/// The row of `trace`.
#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) const TRACE: Command = Command {
    name: "trace", group: Group::Trace, words: explained::trace,
    usage: &["trace [ on | off ]", "trace classic | explain [ short | full ] [both] | ladder [both] | hex | json [both]",
        "trace view to file", "trace view off", "trace pcap file [ snap bytes ] [ lost ]", "trace pcap off",
        "trace again [transfer] [view] [first-last] [ to file ]", "trace again pcap to file [ snap bytes ] [ lost ]",
        "trace show [transfer] packet", "trace limit pairs | all",
        "trace ascii on | off | auto", "trace status", "trace ?"], brief: "toggle packet tracing",
    examples: &["trace", "trace ladder", "trace json to packets.json", "trace pcap fw.pcapng",
        "trace again explain 1-5", "trace again 2 pcap to before.pcapng"], see: &["verbose", "status", "fault", "lesson"],
    parse: |args| trace(args).map(Verb::Trace), ..CLASSIC
};

/// The views by name.
pub(crate) const VIEWS: [&str; 5] = ["classic", "explain", "ladder", "hex", "json"];

const WORDS: &[&str] = &[
    "on", "off", "status", "?", "classic", "ladder", "hex", "json", "explain", "pcap", "again", "show", "limit",
    "ascii",
];

fn keyword(args: &mut Arguments<'_>) -> Result<Option<&'static str>, Mistake> {
    args.choice_or_end("view or word of trace", &pairs(WORDS))
}

fn trace(args: &mut Arguments<'_>) -> Result<TraceVerb, Mistake> {
    let verb = match keyword(args)? {
        None => TraceVerb::Toggle,
        Some("on") => TraceVerb::Set(true),
        Some("off") => TraceVerb::Set(false),
        Some("status") => TraceVerb::Status,
        Some("?") => TraceVerb::Help,
        Some("pcap") => pcap(args)?,
        Some("again") => TraceVerb::Again(again(args)?),
        Some("show") => {
            let Transfer(transfer) = if args.is_last() { Transfer::LAST } else { args.value("transfer")? };
            TraceVerb::Show { transfer, packet: args.value("packet").map(|Packet(n)| n)? }
        }
        Some("limit") => {
            let pairs = args.value_or("pairs", ("all", ""))?;
            TraceVerb::Limit(pairs.map_or(Limit::All, |Pairs(pairs)| Limit::Pairs(pairs)))
        }
        Some("ascii") => {
            TraceVerb::Ascii(args.choice("switch", &[("on", Some(true)), ("off", Some(false)), ("auto", None)])?)
        }
        Some(name) => {
            let view = view(args, name)?;
            match args.keyword_if(&["to", "off"])? {
                Some("to") => TraceVerb::To(Content::View(view), args.name(Source::Local, "file")?),
                Some(_) => TraceVerb::Off(Content::View(view)),
                None => TraceVerb::View(view),
            }
        }
    };
    args.end(verb)
}

fn view(args: &mut Arguments<'_>, name: &str) -> Result<ViewName, Mistake> {
    Ok(match name {
        "classic" => ViewName::Classic,
        "hex" => ViewName::Hex,
        "ladder" => ViewName::Ladder(ends(args)?),
        "json" => ViewName::Json(ends(args)?),
        _ => {
            let (mut detail, mut ends) = (None, None);
            while let Some(word) = args.keyword_if(&manners(detail, ends))? {
                match word {
                    "short" => detail = Some(Detail::Short),
                    "full" => detail = Some(Detail::Full),
                    _ => ends = Some(Ends::Both),
                }
            }
            ViewName::Explain(detail.unwrap_or_default(), ends.unwrap_or_default())
        }
    })
}

/// The words that may still follow `explain`, in any order.
fn manners(detail: Option<Detail>, ends: Option<Ends>) -> Vec<&'static str> {
    let details: &[_] = if detail.is_none() { &["short", "full"] } else { &[] };
    details.iter().copied().chain(ends.is_none().then_some("both")).collect()
}

fn ends(args: &mut Arguments<'_>) -> Result<Ends, Mistake> {
    Ok(args.choice_if(&[("both", Ends::Both)])?.unwrap_or_default())
}

fn pcap(args: &mut Arguments<'_>) -> Result<TraceVerb, Mistake> {
    if args.is_last() && args.flag("off", "") {
        return Ok(TraceVerb::Off(Content::CAPTURE));
    }
    let file = args.name(Source::Local, "file")?;
    Ok(TraceVerb::To(capture(args)?, file))
}

/// Reads the words after the file of a capture.
fn capture(args: &mut Arguments<'_>) -> Result<Content, Mistake> {
    let (mut snap, mut lost) = (None, false);
    loop {
        let left = [snap.is_none().then_some("snap"), (!lost).then_some("lost")];
        match args.keyword_if(&left.into_iter().flatten().collect::<Vec<_>>())? {
            Some("snap") => snap = Some(args.value("bytes")?),
            Some(_) => lost = true,
            None => return Ok(Content::Capture { snap, lost }),
        }
    }
}

/// Reads which kept transfer is wanted, in what form, which of its packets, and where to. A bare number in the first place
/// is a transfer; `#3` and `3-5` are packets everywhere.
fn again(args: &mut Arguments<'_>) -> Result<Again, Mistake> {
    let Transfer(transfer) = args.value_when(args.is_bare_number(), "transfer")?.unwrap_or(Transfer::LAST);
    let mut choices = contents();
    choices.push(("to", "to"));
    let name = if args.is_packet() { args.choice_if(&choices)? } else { args.choice_or_end("view", &choices)? };
    let mut has_file = name == Some("to");
    let mut content = match name {
        None | Some("to") => None,
        Some("pcap") => Some(Content::CAPTURE),
        Some(name) => Some(Content::View(view(args, name)?)),
    };
    let mut packets = None;
    if !has_file {
        packets = args.value_when(args.is_packet(), "first-last")?.map(|Packets(range)| range);
        // Where no form was named, the step above offers it.
        has_file = (name.is_some() || packets.is_some()) && args.flag("to", "");
    }
    let file = if has_file { Some(args.name(Source::Local, "file")?) } else { None };
    match (content, &file) {
        (Some(Content::Capture { .. }), Some(_)) => content = Some(capture(args)?),
        (Some(Content::Capture { .. }), None) if args.rest().is_empty() => {
            return Err(args.breaks("pcap needs a file: trace again pcap to FILE"));
        }
        _ => {}
    }
    Ok(Again { transfer, content, packets, file })
}

/// Reads the value of `--trace=VIEWS`: `explain,pcap=x.pcapng`; empty is the classic view.
pub fn trace_list(list: &str) -> Result<Vec<TraceVerb>, Mistake> {
    if list.is_empty() {
        return Ok(vec![TraceVerb::View(ViewName::Classic)]);
    }
    let verbs = list.split(',').map(item).collect::<Result<Vec<_>, _>>()?;
    let mut screens = verbs.iter().filter_map(|it| if let TraceVerb::View(view) = it { Some(view) } else { None });
    match (screens.next(), screens.next()) {
        (Some(first), Some(second)) => Err(Arguments::new(TRACE.synopsis(), &[])
            .breaks(format!("{first} and {second}: one view goes to the screen, others go to files ({second}=FILE)"))),
        _ => Ok(verbs),
    }
}

/// Whether the first word of such a list is the name of a view, in any letter case.
pub(crate) fn is_view(list: &str) -> bool {
    let end = list.find([',', '=', ' ']).unwrap_or(list.len());
    contents().iter().any(|(name, _)| list.get(..end).is_some_and(|word| word.eq_ignore_ascii_case(name)))
}

/// All that can be made of a transfer, by name.
fn contents() -> Vec<(&'static str, &'static str)> {
    pairs(&VIEWS).into_iter().chain([("pcap", "pcap")]).collect()
}

fn item(item: &str) -> Result<TraceVerb, Mistake> {
    let (words, file) = item.split_once('=').map_or((item, None), |(words, file)| (words, Some(file)));
    let mut words = split_at_spaces(words.as_bytes()).words;
    if words.is_empty() {
        words.push(Word::new(item));
    }
    let mut args = Arguments::new(TRACE.synopsis(), &words);
    let verb = match (args.choice("view", &contents())?, file.map(Word::new)) {
        ("pcap", Some(file)) => TraceVerb::To(Content::CAPTURE, file),
        ("pcap", None) => return Err(args.breaks("pcap needs a file: pcap=FILE")),
        (name, Some(file)) => TraceVerb::To(Content::View(view(&mut args, name)?), file),
        (name, None) => TraceVerb::View(view(&mut args, name)?),
    };
    args.end(verb)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// Reads the words after `trace`. No word is a comment here: the program's arguments have none.
    fn read(line: &str) -> Result<TraceVerb, String> {
        match parse(&split_at_spaces(format!("trace {line}").as_bytes()).words) {
            Ok(Verb::Trace(verb)) => Ok(verb),
            Ok(other) => panic!("{line}: {other:?}"),
            Err(mistake) => Err(mistake.to_string()),
        }
    }

    #[test]
    fn every_form_of_trace_is_understood() {
        use TraceVerb::{Ascii, Help, Limit as SetLimit, Off, Set, Show, Status, To, Toggle, View};
        use ViewName::{Classic, Hex};
        let (ladder, json) = (ViewName::Ladder(Ends::One), ViewName::Json(Ends::One));
        let explain = |detail| ViewName::Explain(detail, Ends::One);
        let to = |view, file: &str| To(Content::View(view), Word::new(file));
        let again = |transfer, content: Option<Content>, packets, file: Option<&str>| {
            TraceVerb::Again(Again { transfer, content, packets, file: file.map(Word::new) })
        };
        let view = |view| Some(Content::View(view));
        let capture = |snap, lost| Content::Capture { snap, lost };
        for (line, verb) in [
            ("", Toggle),
            ("on", Set(true)),
            ("OFF", Set(false)),
            ("c", View(Classic)),
            ("explain", View(explain(Detail::First))),
            ("explain full to x.txt", to(explain(Detail::Full), "x.txt")),
            ("e s", View(explain(Detail::Short))),
            ("ladder both", View(ViewName::Ladder(Ends::Both))),
            ("json b to -", to(ViewName::Json(Ends::Both), "-")),
            ("explain both", View(ViewName::Explain(Detail::First, Ends::Both))),
            ("explain short both", View(ViewName::Explain(Detail::Short, Ends::Both))),
            ("explain both full to x.txt", to(ViewName::Explain(Detail::Full, Ends::Both), "x.txt")),
            ("again ladder both", again(1, view(ViewName::Ladder(Ends::Both)), None, None)),
            ("again 2 lad b 3-5 to x", again(2, view(ViewName::Ladder(Ends::Both)), Some(3..=5), Some("x"))),
            ("hex", View(Hex)),
            ("lad off", Off(Content::View(ladder))),
            ("ladder to x.txt", to(ladder, "x.txt")),
            ("json to -", to(json, "-")),
            ("pcap x.pcapng", To(Content::CAPTURE, Word::new("x.pcapng"))),
            ("pcap - lost snap 64", To(capture(Some(64), true), Word::new("-"))),
            ("pcap off", Off(Content::CAPTURE)),
            ("again", again(1, None, None, None)),
            ("again ladder 8400-8434", again(1, view(ladder), Some(8400..=8434), None)),
            ("again ladder 3", again(1, view(ladder), Some(3..=3), None)),
            ("again #3", again(1, None, Some(3..=3), None)),
            ("again 3-5", again(1, None, Some(3..=5), None)),
            ("again 3", again(3, None, None, None)),
            ("again 2 3", again(2, None, Some(3..=3), None)),
            ("again 2 e f 1-2", again(2, view(explain(Detail::Full)), Some(1..=2), None)),
            ("again json to x", again(1, view(json), None, Some("x"))),
            ("again to x", again(1, None, None, Some("x"))),
            ("again 3 t -", again(3, None, None, Some("-"))),
            ("again 3-5 to to", again(1, None, Some(3..=5), Some("to"))),
            ("again pcap to x", again(1, Some(Content::CAPTURE), None, Some("x"))),
            ("again 2 pcap 3-5 to x lost snap 64", again(2, Some(capture(Some(64), true)), Some(3..=5), Some("x"))),
            ("show #3", Show { transfer: 1, packet: 3 }),
            ("show 2 3", Show { transfer: 2, packet: 3 }),
            ("limit 5", SetLimit(Limit::Pairs(5))),
            ("limit all", SetLimit(Limit::All)),
            ("ascii auto", Ascii(None)),
            ("as on", Ascii(Some(true))),
            ("as off", Ascii(Some(false))),
            ("status", Status),
            ("?", Help),
        ] {
            assert_eq!(read(line), Ok(verb), "trace {line}");
        }
    }

    #[test]
    fn what_is_not_a_form_of_trace_is_refused_with_the_reason() {
        for (line, expected) in [
            (
                "nonsense",
                "\"nonsense\" is not a view or word of trace; use on, off, status, ?, classic, ladder, hex, json, \
                 explain, pcap, again, show, limit or ascii",
            ),
            ("a", "\"a\" may be again or ascii"),
            ("show", "missing packet after \"show\"; use a number (3)"),
            ("again 9-3", "first-last must be numbers of packets (3 or 3-5), not \"9-3\""),
            ("again 0", "transfer must be a number from 1 (the last transfer), not \"0\""),
            (
                "again x",
                "\"x\" is not a view; use a number from 1 (the last transfer), classic, explain, ladder, hex, \
                 json, pcap or to",
            ),
            ("again pcap", "pcap needs a file: trace again pcap to FILE"),
            ("again pcap x", "unexpected \"x\" after a complete command; use numbers of packets (3 or 3-5) or to"),
            ("again ladder to", "missing file after \"to\"; use file"),
            ("again ladder to x lost", "unexpected \"lost\" after a complete command"),
            ("show #1 3", "transfer must be a number from 1 (the last transfer), not \"#1\""),
            ("pcap x snap", "missing bytes after \"snap\"; use a number"),
            ("limit -1", "pairs must be a number, or all, not \"-1\""),
            ("hex both", "unexpected \"both\" after a complete command; use to or off"),
            ("explain both both", "unexpected \"both\" after a complete command; use short, full, to or off"),
            ("on on", "unexpected \"on\" after a complete command"),
        ] {
            assert_eq!(read(line), Err(expected.to_owned()), "trace {line}");
        }
    }

    #[test]
    fn the_command_line_takes_the_same_words_with_commas() {
        let list = |list: &str| trace_list(list).map_err(|mistake| mistake.to_string());
        let lines = |lines: &[&str]| lines.iter().map(|line| read(line)).collect::<Result<Vec<_>, _>>();
        assert_eq!(list("explain full,pcap=x.pcapng,json=y"), lines(&["explain full", "pcap x.pcapng", "json to y"]));
        assert_eq!(list(""), lines(&["classic"]));
        assert!(list("explain,,json").is_err());
        for (wrong, reason) in [
            ("nonsense", "\"nonsense\" is not a view; use classic, explain, ladder, hex, json or pcap"),
            ("status", "\"status\" is not a view; use classic, explain, ladder, hex, json or pcap"),
            ("pcap", "pcap needs a file: pcap=FILE"),
        ] {
            assert_eq!(list(wrong), Err(reason.to_owned()), "{wrong}");
        }
        assert_eq!(
            list("explain,json=x,hex"),
            Err("explain and hex: one view goes to the screen, others go to files (hex=FILE)".to_owned())
        );
    }
}
