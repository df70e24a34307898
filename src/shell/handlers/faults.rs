//! Faults and bugs on purpose: fault, packetdrop, client bug, and the same after `serve`.

use crate::analysis::Ring;
use crate::bugs::{ClientBug, ServerBug};
use crate::fault::{Action, Faults, How, Percent, Recorded, Rule, Way};
use crate::language::{BugVerb, FaultVerb, ServerChange};
use crate::server::Policy;
use crate::shell::{CommandError, Handled, Shell};
use crate::terminal::Place;
use crate::transfer::Rexmt;
use crate::units::{counted, seconds};

/// Packets that `fault test` names one by one.
const NAMED: usize = 12;

/// Shows or changes the rules, or tests one.
pub(crate) fn fault(shell: &mut Shell<'_>, verb: FaultVerb) -> Handled {
    if shell.console.place != Place::CommandLine {
        shell.workspace.tracing.keep();
    }
    let said = match verb {
        FaultVerb::Test(rule) => test(rule, &shell.workspace.client.faults.lock(), shell.workspace.tracing.ring())?,
        other => instruct(&mut shell.workspace.client.faults.lock(), other)?,
    };
    shell.answer(said)
}

/// Drops packets by chance, as FreeBSD does; each rate takes the place of the one before.
pub(crate) fn packetdrop(shell: &mut Shell<'_>, rate: Percent) -> Handled {
    let mut faults = shell.workspace.client.faults.lock();
    let rule = Rule { action: Action::Drop, way: Way::Both, kind: None, which: None, how: Some(How::Rate(rate)) };
    let is_packetdrop = |it: &Rule| matches!(it.how, Some(How::Rate(_))) && *it == Rule { how: it.how, ..rule };
    let earlier = faults.rules().filter(|(_, it, _)| is_packetdrop(it)).map(|(number, ..)| number);
    for number in earlier.collect::<Vec<_>>() {
        faults.remove(number);
    }
    let said = match rate.hundredths() {
        0 => "No packets are dropped by chance.".to_owned(),
        _ => added(&mut faults, rule),
    };
    drop(faults);
    shell.answer(said)
}

/// Shows or changes the bug of the client.
pub(crate) fn client(shell: &mut Shell<'_>, verb: BugVerb<ClientBug>) -> Handled {
    if verb == BugVerb::List {
        return shell.answer(list(ClientBug::ALL.map(|bug| (bug.name(), bug.brief()))));
    }
    let setting = &mut shell.workspace.session.settings.transfer.bug;
    *setting = verb.change(*setting);
    let said = match *setting {
        Some(bug) => format!("{} For servers on this computer only.", client_bug(bug)),
        None => "No client bug is active.".to_owned(),
    };
    shell.answer(said)
}

/// `Client bug active: no-tid, accepts packets from any port of the server (against RFC 1350 section 4).`
pub(crate) fn client_bug(bug: ClientBug) -> String {
    format!("Client bug active: {bug}, {} {}.", bug.brief(), against(bug.section()))
}

/// The error of asking for a server where none runs.
pub(super) fn not_running() -> CommandError {
    CommandError::local("no server is running")
}

/// Changes the running server, or shows what it does.
pub(super) fn change(shell: &mut Shell<'_>, change: ServerChange) -> Handled {
    if change == ServerChange::Bug(BugVerb::List) {
        return shell.answer(list(ServerBug::ALL.map(|bug| (bug.name(), bug.brief()))));
    }
    let seed = shell.workspace.client.faults.lock().seed();
    let serving = shell.workspace.serving.as_ref().ok_or_else(not_running)?;
    let mut policy = serving.policy();
    let said = match change {
        ServerChange::Fault(verb) => instruct(&mut serving.faults().lock(), verb)?,
        ServerChange::Bug(BugVerb::Random) => {
            policy.bug = Some(ServerBug::puzzle(seed));
            format!("A server bug is active, chosen by seed {seed}; \"serve status\" names it.")
        }
        ServerChange::Bug(verb) => {
            policy.bug = verb.change(policy.bug);
            policy.bug.map_or_else(|| "No server bug is active.".to_owned(), server_bug)
        }
        ServerChange::Rexmt(interval) => {
            policy.retry.rexmt = interval.map_or(Rexmt::Auto, Rexmt::Fixed);
            let fixed = interval.map(|interval| format!("The server sends again after {}.", seconds(interval)));
            fixed.unwrap_or_else(|| "The server finds its interval by itself.".to_owned())
        }
        ServerChange::Blksize(blksize) => {
            let blksize = blksize.unwrap_or(Policy::default().limits.blksize);
            policy.limits.blksize = blksize;
            format!("The server grants blocks of at most {blksize} bytes.")
        }
        ServerChange::Options(on) => {
            policy.limits.options = on.unwrap_or(policy.limits.options);
            format!("The server {} options.", if policy.limits.options { "grants" } else { "ignores" })
        }
    };
    serving.set_policy(policy);
    shell.answer(said)
}

/// `Server bug active: sorcerer, resends DATA on a duplicate ACK (against RFC 1123 section 4.2.3.1).`
pub(crate) fn server_bug(bug: ServerBug) -> String {
    format!("Server bug active: {bug}, {} {}.", bug.brief(), against(bug.section()))
}

/// A line for each bug: its name, and what it does.
fn list<const N: usize>(bugs: [(&str, &str); N]) -> String {
    bugs.map(|(name, brief)| format!("{name:<15}{brief}")).join("\n")
}

fn against(section: &str) -> String {
    if section.starts_with("RFC") { format!("(against {section})") } else { "(no RFC forbids it)".to_owned() }
}

/// Changes the rules, and returns the answer.
fn instruct(faults: &mut Faults, verb: FaultVerb) -> Result<String, CommandError> {
    Ok(match verb {
        FaultVerb::List => faults.to_string(),
        FaultVerb::Add(rule) => added(faults, rule),
        FaultVerb::Seed(seed) => {
            faults.set_seed(seed);
            format!("Fault seed {seed}.")
        }
        FaultVerb::Off(None) => {
            faults.clear();
            "No faults.".to_owned()
        }
        FaultVerb::Off(Some(number)) => {
            faults.remove(number).ok_or_else(|| CommandError::local(format_args!("rule {number} does not exist")))?;
            format!("Fault rule {number} off.")
        }
        FaultVerb::Test(_) => {
            return Err(CommandError::local("only \"fault test\" can test a rule, because it has the packets"));
        }
        FaultVerb::Remote(allowed) => {
            faults.allow_remote(allowed);
            format!("Faults act on {}.", if allowed { "every peer" } else { "peers on this computer" })
        }
    })
}

fn added(faults: &mut Faults, rule: Rule) -> String {
    format!("Fault rule {}: {rule}", faults.add(rule))
}

/// `2 packets dropped, 1 delayed on purpose`: what rules did between one time and another.
pub(crate) fn on_purpose(before: &Faults, after: &Faults) -> Option<Vec<String>> {
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
    let ((deed, first), others) = counts.split_first()?;
    let packets = counted(*first, "packet");
    let mut parts = vec![format!("{packets} {deed}")];
    parts.extend(others.iter().map(|(deed, count)| format!("{count} {deed}")));
    parts.iter_mut().last().into_iter().for_each(|last| last.push_str(" on purpose"));
    Some(parts)
}

/// Which packets of the last transfer a rule would have hit.
fn test(rule: Rule, faults: &Faults, ring: Option<&Ring>) -> Result<String, CommandError> {
    let last = ring.and_then(Ring::last).ok_or_else(|| {
        CommandError::local("no transfer to test the rule on; a script keeps them after its first trace or fault")
    })?;
    let packets: Vec<_> = last.again(None).filter_map(|seen| seen.packet()).collect();
    let recorded =
        packets.iter().map(|it| Recorded { direction: it.direction, datagram: &it.bytes, length: it.length });
    let hits = faults.test(rule, recorded);
    let names = hits.iter().filter_map(|&place| packets.get(place)).map(|packet| format!("#{}", packet.n));
    let mut names: Vec<_> = names.take(NAMED).collect();
    names.extend((hits.len() > NAMED).then(|| "...".to_owned()));
    Ok(match hits.len() {
        0 => "It would have hit no packet of the last transfer.".to_owned(),
        count => {
            let packets = counted(count as u64, "packet");
            format!("It would have hit {packets} of the last transfer: {}", names.join(" "))
        }
    })
}
