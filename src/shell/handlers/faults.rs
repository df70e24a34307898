//! Faults and bugs on purpose: fault, packetdrop, client bug, and the same after `serve`.

use crate::analysis::Ring;
use crate::bugs::{ClientBug, ServerBug};
use crate::fault::{Action, Faults, How, Instruction, Recorded, Rule, Way};
use crate::server::{Policy, RunningServer};
use crate::session::parse_seconds;
use crate::shell::words::Word;
use crate::shell::{CommandError, HandlerError, Outcome, Shell};
use crate::terminal::Place;
use crate::trace::units::seconds;
use crate::transfer::{RetryPolicy, Rexmt};
use crate::wire::Limits;

/// Packets that `fault test` names one by one.
const NAMED: usize = 12;

/// `fault`, `fault ACTION DIRECTION KIND [WHICH] [HOW]`, `fault seed N`, `fault off [RULE]`, `fault test "RULE"`,
/// `fault remote on|off`
pub(in crate::shell) fn fault(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let instruction = Instruction::parse(&texts(words)?).map_err(CommandError::local)?;
    if shell.console.place != Place::CommandLine {
        shell.workspace.tracing.keep();
    }
    let said = match instruction {
        Instruction::Test(rule) => test(rule, &shell.workspace.client.faults().lock(), shell.workspace.tracing.ring())?,
        other => instruct(&mut shell.workspace.client.faults().lock(), other)?,
    };
    shell.answer(said)
}

/// FreeBSD's `packetdrop P`; each takes the place of the one before.
pub(in crate::shell) fn packetdrop(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let rule = Rule::packetdrop(&texts(words)?.concat()).map_err(CommandError::local)?;
    let mut faults = shell.workspace.client.faults().lock();
    let packetdrops = faults.rules().filter(|(_, rule, _)| is_packetdrop(rule)).map(|(number, ..)| number);
    for number in packetdrops.collect::<Vec<_>>() {
        faults.remove(number);
    }
    let said = match rule {
        Some(rule) => added(&mut faults, rule),
        None => "No packets are dropped by chance.".to_owned(),
    };
    drop(faults);
    shell.answer(said)
}

fn is_packetdrop(rule: &Rule) -> bool {
    let anything = Rule { action: Action::Drop, way: Way::Both, kind: None, which: None, how: rule.how };
    *rule == anything && matches!(rule.how, Some(How::Rate(_)))
}

/// `client bug`, `client bug no-tid|no-dally|off`
pub(in crate::shell) fn client(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let setting = &mut shell.workspace.session.settings.transfer.bug;
    match texts(words)?.as_slice() {
        ["bug"] => {}
        ["bug", "off"] => *setting = None,
        ["bug", name] => *setting = Some(name.parse().map_err(CommandError::local)?),
        _ => return Err(CommandError::usage_of("client").into()),
    }
    let said = match *setting {
        Some(bug) => format!("{} For servers on this computer only.", client_bug(bug)),
        None => "No client bug is active.".to_owned(),
    };
    shell.answer(said)
}

/// `Client bug active: no-tid, accepts packets from any port of the server (against RFC 1350 section 4).`
pub(in crate::shell) fn client_bug(bug: ClientBug) -> String {
    format!("Client bug active: {bug}, {} {}.", bug.brief(), against(bug.section()))
}

/// `serve fault ...`, `serve bug NAME|?|off`, `serve rexmt N`, `serve blksize N`, `serve options on|off`: whether the
/// words were one of these.
pub(in crate::shell) fn serve(shell: &mut Shell<'_>, words: &[Word]) -> Result<bool, HandlerError> {
    let Some((first, rest)) = words.split_first() else { return Ok(false) };
    let change = ["fault", "bug", "rexmt", "blksize", "options"].into_iter().find(|name| first.is(name));
    let Some(change) = change else { return Ok(false) };
    let rest = texts(rest)?;
    let seed = shell.workspace.client.faults().lock().seed();
    let serving = shell.workspace.serving.as_ref().ok_or_else(|| CommandError::local("no server is running"))?;
    let said = match (change, rest.as_slice()) {
        ("fault", words) => {
            instruct(&mut serving.faults().lock(), Instruction::parse(words).map_err(CommandError::local)?)?
        }
        ("bug", []) => status_of_bug(serving.policy().bug),
        ("bug", [name]) => set_bug(serving, name, seed)?,
        ("rexmt", [value]) => set_rexmt(serving, value)?,
        ("blksize", [value]) => set_blksize(serving, value)?,
        ("options", []) => options_words(serving.policy().limits.options).to_owned(),
        ("options", [value @ ("on" | "off")]) => {
            limit(serving, |limits| Limits { options: *value == "on", ..limits });
            options_words(*value == "on").to_owned()
        }
        ("options", [value]) => return Err(CommandError::bad_value(value).into()),
        (change, _) => return Err(CommandError::local(format_args!("serve {change} takes one value")).into()),
    };
    shell.console.say(said)?;
    Ok(true)
}

fn set_rexmt(serving: &RunningServer, value: &str) -> Result<String, CommandError> {
    let (rexmt, said) = if value == "auto" {
        (Rexmt::Auto, "The server finds its interval by itself.".to_owned())
    } else {
        let interval = parse_seconds(value.as_bytes()).ok_or_else(|| CommandError::bad_value(value))?;
        (Rexmt::Fixed(interval), format!("The server sends again after {}.", seconds(interval)))
    };
    let policy = serving.policy();
    serving.set_policy(Policy { retry: RetryPolicy { rexmt, ..policy.retry }, ..policy });
    Ok(said)
}

fn set_blksize(serving: &RunningServer, value: &str) -> Result<String, CommandError> {
    let blksize = match value {
        "auto" => Policy::default().limits.blksize,
        value => value.parse().map_err(|_| CommandError::bad_value(value))?,
    };
    limit(serving, |limits| Limits { blksize, ..limits });
    Ok(format!("The server grants blocks of at most {} bytes.", blksize.get()))
}

fn options_words(granted: bool) -> &'static str {
    if granted { "The server grants options." } else { "The server knows no options." }
}

fn limit(serving: &RunningServer, change: impl Fn(Limits) -> Limits) {
    let policy = serving.policy();
    serving.set_policy(Policy { limits: change(policy.limits), ..policy });
}

fn set_bug(serving: &RunningServer, name: &str, seed: u64) -> Result<String, CommandError> {
    let (bug, said) = match name {
        "off" => (None, status_of_bug(None)),
        "?" => {
            let riddle = format!("A server bug is active, chosen by seed {seed}; \"serve status\" names it.");
            (Some(ServerBug::puzzle(seed)), riddle)
        }
        name => {
            let bug: ServerBug = name.parse().map_err(CommandError::local)?;
            (Some(bug), server_bug(bug))
        }
    };
    serving.set_policy(Policy { bug, ..serving.policy() });
    Ok(said)
}

fn status_of_bug(bug: Option<ServerBug>) -> String {
    bug.map_or_else(|| "No server bug is active.".to_owned(), server_bug)
}

/// `Server bug active: sorcerer, resends DATA on a duplicate ACK (against RFC 1123 section 4.2.3.1).`
pub(in crate::shell) fn server_bug(bug: ServerBug) -> String {
    format!("Server bug active: {bug}, {} {}.", bug.brief(), against(bug.section()))
}

fn against(section: &str) -> String {
    if section.starts_with("RFC") { format!("(against {section})") } else { "(no RFC forbids it)".to_owned() }
}

/// Changes the rules, and returns the answer.
fn instruct(faults: &mut Faults, instruction: Instruction) -> Result<String, CommandError> {
    Ok(match instruction {
        Instruction::List => faults.to_string(),
        Instruction::Add(rule) => added(faults, rule),
        Instruction::Seed(seed) => {
            faults.set_seed(seed);
            format!("Fault seed {seed}.")
        }
        Instruction::Off(None) => {
            faults.clear();
            "No faults.".to_owned()
        }
        Instruction::Off(Some(number)) => {
            faults.remove(number).ok_or_else(|| CommandError::local(format_args!("there is no rule {number}")))?;
            format!("Fault rule {number} off.")
        }
        Instruction::Test(_) => {
            return Err(CommandError::local("only \"fault test\" tests a rule: it knows the packets"));
        }
        Instruction::Remote(allowed) => {
            faults.allow_remote(allowed);
            format!("Faults act on {}.", if allowed { "every peer" } else { "peers on this computer" })
        }
    })
}

fn added(faults: &mut Faults, rule: Rule) -> String {
    format!("Fault rule {}: {rule}", faults.add(rule))
}

/// `2 packets dropped, 1 delayed on purpose`: what rules did between one time and another.
pub(in crate::shell) fn on_purpose(before: &Faults, after: &Faults) -> Option<String> {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for (number, rule, hits) in after.rules() {
        let earlier = before.rules().find(|(known, ..)| *known == number).map_or(0, |(.., hits)| hits);
        let deed = match rule.action {
            Action::Drop => "dropped",
            Action::Dup => "duplicated",
            Action::Delay(_) => "delayed",
            Action::Swap => "overtaken",
            Action::Corrupt(_) => "corrupted",
            Action::Cut(_) => "cut",
            Action::Stranger => "copied by a stranger",
        };
        match counts.iter_mut().find(|(known, _)| *known == deed) {
            Some((_, count)) => *count += hits - earlier,
            None => counts.push((deed, hits - earlier)),
        }
    }
    counts.retain(|(_, count)| *count > 0);
    let (_, first) = counts.first()?;
    let packets = if *first == 1 { " packet" } else { " packets" };
    let parts = counts.iter().zip([packets].into_iter().chain(std::iter::repeat("")));
    let parts: Vec<_> = parts.map(|((deed, count), packets)| format!("{count}{packets} {deed}")).collect();
    Some(format!("{} on purpose", parts.join(", ")))
}

/// Which packets of the last transfer a rule would have hit.
fn test(rule: Rule, faults: &Faults, ring: Option<&Ring>) -> Result<String, CommandError> {
    let last = ring.and_then(Ring::last).ok_or_else(|| {
        CommandError::local("no transfer to test the rule on; they are kept once a script used trace or fault")
    })?;
    let packets: Vec<_> = last.again(None).filter_map(|seen| seen.packet()).collect();
    let recorded = packets.iter().map(|packet| {
        let (direction, length) = (packet.direction, packet.length);
        Recorded { direction, datagram: &packet.bytes, length }
    });
    let hits = faults.test(rule, recorded);
    let names = hits.iter().filter_map(|&place| packets.get(place)).map(|packet| format!("#{}", packet.n));
    let mut names: Vec<_> = names.take(NAMED).collect();
    names.extend((hits.len() > NAMED).then(|| "...".to_owned()));
    Ok(match hits.len() {
        0 => "It would have hit no packet of the last transfer.".to_owned(),
        1 => format!("It would have hit 1 packet of the last transfer: {}", names.join(" ")),
        count => format!("It would have hit {count} packets of the last transfer: {}", names.join(" ")),
    })
}

fn texts(words: &[Word]) -> Result<Vec<&str>, CommandError> {
    let text = |word: &'_ Word| CommandError::local(format_args!("{word}: not UTF-8"));
    words.iter().map(|word| word.text().ok_or_else(|| text(word))).collect()
}
