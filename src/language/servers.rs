//! serve, and names for other servers.

use std::net::IpAddr;

use super::arguments::{Arguments, ON_OFF, pairs};
use super::bookmark::Bookmark;
use super::command::{Command, Group, LOCAL, ROW, Scope};
use super::expected::Source;
use super::explained;
use super::fault::{OF_SERVER, fault};
use super::mistake::Mistake;
use super::service;
use super::uri::server;
use super::value::Port;
use super::verb::{BugVerb, ServeVerb, ServerChange, Verb};
use super::words::Word;
use crate::bugs::ServerBug;

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) static ROWS: &[Command] = &[
    Command {
        name: "serve", group: Group::Practice, words: explained::serve, options: service::OPTIONS,
        usage: &["serve [directory [port]] [option ...]", "serve status", "serve stop",
            "serve fault [fault-words]", "serve bug [ name | random | ? | off ]", "serve rexmt value", "serve blksize value",
            "serve options [ on | off ]"], brief: "start a server of a directory, or of practice files",
        about: "Without a directory it serves practice files. Only this computer reaches it,\n\
                unless -H names an address. In a shell it takes a free port. On the command\n\
                line it takes port 69, or 6969 where 69 needs privileges, and serves until a\n\
                signal ends it.",
        examples: &["serve", "serve . 6969", "serve . --read-only --max-blksize 1428", "serve bug sorcerer", "serve stop"],
        foreground: &["tftp serve .", "tftp serve . -p 6969 -H 0.0.0.0 --allow 192.0.2.0/24",
            "tftp serve /srv/tftp -H 0.0.0.0 --user nobody", "tftp serve . --single-port --trace=ladder"],
        see: &["connect", "get", "fault"], parse: |args| serve(args).map(Verb::Serve),
        scope: Scope::Output, ..ROW
    },
    HOST,
    Command {
        name: "hosts", group: Group::Transfer, usage: &["hosts"], brief: "list the named servers",
        examples: &["hosts"], see: &["host", "connect"], parse: |args| args.end(Verb::Hosts), ..LOCAL
    },
];

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) const HOST: Command = Command {
    name: "host", group: Group::Transfer,
    usage: &["host name address [port] [mode=..] [blksize=..]", "host name off"], brief: "give a server a name",
    examples: &["host sw1 192.0.2.1", "host old 192.0.2.9 6969 mode=netascii blksize=512", "host sw1 off"],
    see: &["hosts", "connect", "uri"], parse: host, ..LOCAL
};

fn serve(args: &mut Arguments<'_>) -> Result<ServeVerb, Mistake> {
    let words = pairs(&["status", "stop", "fault", "bug", "rexmt", "blksize", "options"]);
    let options = args.options()?;
    // Only a directory has options.
    let first = if options.is_empty() { args.or_path().choice_if(&words)? } else { None };
    args.offer_only(|_| first.is_none());
    let change = match first {
        Some("status") => return args.end(ServeVerb::Status),
        Some("stop") => return args.end(ServeVerb::Stop),
        Some("fault") => ServerChange::Fault(fault(args, OF_SERVER)?),
        Some("bug") => ServerChange::Bug(bug(args)?),
        Some("rexmt") => ServerChange::Rexmt(args.value_or_auto()?),
        Some("blksize") => ServerChange::Blksize(args.value_or_auto()?),
        Some(_) => ServerChange::Options(args.setting().choice_or_end("switch", &ON_OFF)?),
        None => return service::service(args, &options).map(ServeVerb::Start),
    };
    args.end(ServeVerb::Change(change))
}

fn bug(args: &mut Arguments<'_>) -> Result<BugVerb<ServerBug>, Mistake> {
    let mut bugs = ServerBug::ALL.map(|bug| (bug.name(), BugVerb::Make(bug))).to_vec();
    bugs.extend([("random", BugVerb::Random), ("?", BugVerb::List), ("off", BugVerb::Off)]);
    Ok(args.choice_or_end("server bug", &bugs)?.unwrap_or(BugVerb::Show))
}

/// `host name address [port] [mode=..] [blksize=..]`, `host name off`
fn host(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let word = args.name(Source::Bookmark, "name")?;
    let name = name_for_host(args, &word)?.to_owned();
    if args.is_last() && args.whole_keyword_if("off") {
        return Ok(Verb::ForgetHost(name));
    }
    let host = args.name(Source::Host, "address [port] [mode=..] [blksize=..]")?;
    let (host, port) = server(text(args, &host)?).map_err(|error| args.breaks(error.to_string()))?;
    let mut bookmark = Bookmark { name, host: host.to_owned(), port, mode: None, blksize: None };
    loop {
        if bookmark.port.is_none() && !args.is_assignment() {
            bookmark.port = args.value_if("port")?.map(|Port(port)| port);
        }
        if let Some(value) = args.assignment_if(&["mode"], ("mode=..", &["mode=octet", "mode=netascii"])) {
            bookmark.mode = Some(args.convert("mode", &value)?);
        } else if let Some(value) = args.assignment_if(&["blksize", "blocksize"], ("blksize=..", &["blksize=512"])) {
            bookmark.blksize = Some(args.convert("blksize", &value)?);
        } else {
            return args.end(Verb::Host(bookmark));
        }
    }
}

/// Checks that the name of a host has no other meaning in a line or on the command line.
fn name_for_host<'a>(args: &Arguments<'_>, word: &'a Word) -> Result<&'a str, Mistake> {
    let name = text(args, word)?;
    let refused = |why: &str| Err(args.breaks(format!("{word} {why} and cannot be used as a host name")));
    if args.is_command(word) {
        return refused("is a command");
    }
    if name.parse::<IpAddr>().is_ok() {
        return refused("is an address");
    }
    if name.starts_with('-') || name.contains([':', '/', '[', '#', '=', '\'', '"', '\\', ' ']) {
        return Err(args.breaks(format!("{word} cannot be used as a host name; use letters, digits, dots and dashes")));
    }
    Ok(name)
}

fn text<'a>(args: &Arguments<'_>, word: &'a Word) -> Result<&'a str, Mistake> {
    let fit = word.text().filter(|text| !text.is_empty() && !text.contains(|it: char| it.is_control() || it == ' '));
    fit.ok_or_else(|| args.breaks(format!("\"{word}\" must not be empty or have spaces or control characters")))
}

#[cfg(test)]
mod tests {
    use super::super::{parse, split};
    use super::*;

    /// The bug that `serve bug NAME` gives the server; `None` if it gives none.
    fn bug(name: &str) -> Option<ServerBug> {
        match parse(&split(format!("serve bug {name}").as_bytes()).expect(name).words) {
            Ok(Verb::Serve(ServeVerb::Change(ServerChange::Bug(BugVerb::Make(bug))))) => Some(bug),
            _ => None,
        }
    }

    #[test]
    fn every_server_bug_is_found_by_its_name_or_an_unambiguous_beginning() {
        for known in ServerBug::ALL {
            assert_eq!((bug(known.name()), bug(&known.name().to_uppercase())), (Some(known), Some(known)));
        }
        assert_eq!(bug("sorc"), Some(ServerBug::Sorcerer));
        for name in ["''", "no-", "oack", "nobug", "sorcerers", "off"] {
            assert_eq!(bug(name), None, "{name}");
        }
        let mistake = parse(&split(b"serve bug nobug").unwrap().words).unwrap_err().to_string();
        assert_eq!(mistake, "\"nobug\" is not a server bug; ? lists them");
    }
}
