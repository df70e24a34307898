//! The words of `trace`, and of `--trace=`.

use super::arguments::{Arguments, pairs};
use super::command::{CLASSIC, Command, Group};
use super::expected::Source;
use super::mistake::Mistake;
use super::value::{Packet, Packets, Pairs};
use super::verb::{TraceVerb, Verb};
use super::words::{Word, split_at_spaces};
use crate::trace::{Detail, Limit, ViewName};

/// The row of `trace`.
#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) const TRACE: Command = Command {
    name: "trace", group: Group::Trace,
    usage: &["trace [ on | off ]", "trace classic | explain [ short | full ] | ladder | hex | json",
        "trace view to file", "trace view off", "trace pcap file [ snap bytes ] [ lost ]", "trace pcap off",
        "trace again [view] [first-last]", "trace show packet", "trace limit pairs | all",
        "trace ascii on | off | auto", "trace status", "trace ?"], brief: "toggle packet tracing",
    examples: &["trace", "trace ladder", "trace json to packets.json", "trace pcap fw.pcapng",
        "trace again explain 1-5"], see: &["verbose", "status", "fault", "lesson"],
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
        Some("again") => {
            let view = args.keyword_if(&VIEWS)?.map(|name| view(args, name)).transpose()?;
            TraceVerb::Again(view, args.value_if("first-last")?.map(|Packets(range)| range))
        }
        Some("show") => TraceVerb::Show(args.value("packet").map(|Packet(n)| n)?),
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
                Some("to") => TraceVerb::ViewTo(view, args.name(Source::Local, "file")?),
                Some(_) => TraceVerb::ViewOff(view),
                None => TraceVerb::View(view),
            }
        }
    };
    args.end(verb)
}

fn view(args: &mut Arguments<'_>, name: &str) -> Result<ViewName, Mistake> {
    Ok(match name {
        "classic" => ViewName::Classic,
        "ladder" => ViewName::Ladder,
        "hex" => ViewName::Hex,
        "json" => ViewName::Json,
        _ => {
            let detail = args.choice_if(&[("short", Detail::Short), ("full", Detail::Full)])?;
            ViewName::Explain(detail.unwrap_or(Detail::First))
        }
    })
}

fn pcap(args: &mut Arguments<'_>) -> Result<TraceVerb, Mistake> {
    if args.is_last() && args.flag("off", "") {
        return Ok(TraceVerb::PcapOff);
    }
    let file = args.name(Source::Local, "file")?;
    let (mut snap, mut lost) = (None, false);
    loop {
        let left = [snap.is_none().then_some("snap"), (!lost).then_some("lost")];
        match args.keyword_if(&left.into_iter().flatten().collect::<Vec<_>>())? {
            Some("snap") => snap = Some(args.value("bytes")?),
            Some(_) => lost = true,
            None => return Ok(TraceVerb::Pcap { file, snap, lost }),
        }
    }
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

fn item(item: &str) -> Result<TraceVerb, Mistake> {
    let (words, file) = item.split_once('=').map_or((item, None), |(words, file)| (words, Some(file)));
    let mut words = split_at_spaces(words.as_bytes()).words;
    if words.is_empty() {
        words.push(Word::new(item));
    }
    let mut args = Arguments::new(TRACE.synopsis(), &words);
    let Some(file) = file.map(Word::new) else { return trace(&mut args) };
    let verb = match keyword(&mut args)? {
        Some("pcap") => TraceVerb::Pcap { file, snap: None, lost: false },
        Some(name) if VIEWS.contains(&name) => TraceVerb::ViewTo(view(&mut args, name)?, file),
        _ => return Err(args.usage()),
    };
    args.end(verb)
}
