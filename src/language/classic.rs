//! The sixteen commands of the NetBSD and macOS shell, in its order and words. Thirteen of them are those of 4.3BSD.

use super::arguments::{Arguments, ON_OFF};
use super::command::{CLASSIC, CLASSIC_SETTING, Command, Group, NETBSD_SETTING};
use super::expected::Source;
use super::mistake::Mistake;
use super::trace;
use super::value::Sha256;
use super::verb::{Choice, Get, Put, Verb};
use super::words::Word;
use crate::wire::Mode;

const ON_OFF_AUTO: [(&str, Choice); 3] = [("on", Choice::On), ("off", Choice::Off), ("auto", Choice::Auto)];

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) static ROWS: &[Command] = &[
    Command {
        name: "connect", aliases: &["open"], group: Group::Transfer, usage: &["connect host-name [port]"],
        ask: Some("(to) "), brief: "connect to remote tftp",
        examples: &["connect 192.0.2.1", "connect switch1 6969", "connect [2001:db8::1]:6969"],
        see: &["get", "host", "status"],
        parse: |args| {
            args.at_most(2)?;
            Ok(Verb::Connect(args.name(Source::Host, "host-name [port]")?, args.port_if()?))
        }, ..CLASSIC
    },
    Command {
        name: "mode", usage: &["mode [ ascii | netascii | binary | image | octet ]"],
        brief: "set file transfer mode", examples: &["mode", "mode octet"], see: &["ascii", "binary", "modes"],
        parse: |args| args.at_most(1).and_then(|()| args.mode_if()).map(Verb::Mode), ..CLASSIC_SETTING
    },
    Command {
        name: "put", group: Group::Transfer,
        usage: &["put file", "put localname remotename", "put file file ... remote-directory"], ask: Some("(file) "),
        brief: "send file", examples: &["put fw.bin", "put fw.bin switch1:images/fw.bin", "put a.cfg b.cfg configs"],
        see: &["get", "mode", "options", "errors"], parse: put, ..CLASSIC
    },
    Command {
        name: "get", group: Group::Transfer,
        usage: &["get file", "get remotename localname", "get file file file ...",
            "get file [localname] verify sha256-digest"], ask: Some("(files) "), brief: "receive file",
        examples: &["get fw.bin", "get switch1:fw.bin new.bin", "get a.cfg b.cfg c.cfg"],
        see: &["put", "connect", "options", "uri"], parse: get, ..CLASSIC
    },
    Command {
        name: "quit", aliases: &["exit", "bye"], usage: &["quit"], brief: "exit tftp", examples: &["quit"],
        see: &["connect"], parse: |args| args.end(Verb::Quit), ..CLASSIC
    },
    Command {
        name: "verbose", usage: &["verbose [ on | off ]"], brief: "toggle verbose mode",
        examples: &["verbose", "verbose on"], see: &["trace", "status"],
        parse: |args| args.only_choice(&ON_OFF).map(Verb::Verbose), ..CLASSIC_SETTING
    },
    Command {
        name: "blksize", aliases: &["blocksize"], usage: &["blksize value"], ask: Some("(value) "),
        brief: "set an alternative blocksize (def. 512)", examples: &["blksize 1428", "blksize auto"],
        see: &["windowsize", "options"],
        parse: |args| args.only_value_or_auto().map(Verb::Blksize), ..NETBSD_SETTING
    },
    Command {
        name: "tsize", usage: &["tsize [ on | off | auto ]"], brief: "toggle extended tsize option",
        examples: &["tsize", "tsize on"], see: &["options"], parse: |args| args.only_choice(&ON_OFF_AUTO).map(Verb::Tsize),
        ..NETBSD_SETTING
    },
    trace::TRACE,
    Command {
        name: "status", usage: &["status"], brief: "show current status", examples: &["status"],
        see: &["options", "modes"], parse: |args| args.end(Verb::Status), ..CLASSIC
    },
    Command {
        name: "binary", usage: &["binary"], brief: "set mode to octet", examples: &["binary"],
        see: &["mode", "modes"], parse: |args| args.end(Verb::Mode(Some(Mode::Octet))), ..CLASSIC_SETTING
    },
    Command {
        name: "ascii", usage: &["ascii"], brief: "set mode to netascii", examples: &["ascii"],
        see: &["mode", "modes"], parse: |args| args.end(Verb::Mode(Some(Mode::Netascii))), ..CLASSIC_SETTING
    },
    Command {
        name: "rexmt", usage: &["rexmt value"], ask: Some("(value) "),
        brief: "set per-packet retransmission timeout", examples: &["rexmt 5", "rexmt 0.2", "rexmt auto"],
        see: &["timeout", "tout"], parse: |args| args.only_value_or_auto().map(Verb::Rexmt), ..CLASSIC_SETTING
    },
    Command {
        name: "timeout", usage: &["timeout value"], ask: Some("(value) "), brief: "set total retransmission timeout",
        examples: &["timeout 60", "timeout auto"], see: &["rexmt", "errors"],
        parse: |args| args.only_value_or_auto().map(Verb::Timeout), ..CLASSIC_SETTING
    },
    Command {
        name: "tout", usage: &["tout [ on | off | auto ]"], brief: "toggle extended timeout option",
        examples: &["tout", "tout on"], see: &["rexmt", "options"], parse: |args| args.only_choice(&ON_OFF_AUTO).map(Verb::Tout),
        ..NETBSD_SETTING
    },
    Command {
        name: "?", aliases: &["help"], usage: &["? [command or topic ...]"], brief: "print help information",
        examples: &["?", "help get", "help options"],
        see: &["status", "modes", "options", "errors", "scripts", "uri"],
        parse: |args| Ok(Verb::Help(args.names(Source::Topic, "command or topic ..."))), ..CLASSIC
    },
];

fn put(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let mut remote = args.name(Source::Local, "file")?;
    let mut locals = Vec::new();
    while let Some(next) = args.name_if(Source::Destination, "remotename") {
        locals.push(std::mem::replace(&mut remote, next));
    }
    if locals.is_empty() && remote.is("-") {
        return Err(args.breaks("put - needs a remote name: put - FILE"));
    }
    Ok(Verb::Put(Put { locals, remote }))
}

fn get(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let mut files = vec![args.name(Source::Remote, "file")?];
    let mut digest = None;
    loop {
        if is_verified(args.rest(), files.len()) && args.whole_keyword_if("verify") {
            digest = Some(expected(args, files.len())?);
            break;
        }
        let (source, name) = if files.len() == 1 { (Source::Local, "localname") } else { (Source::Remote, "file") };
        match args.name_if(source, name) {
            Some(file) => files.push(file),
            None => break,
        }
    }
    let local = if files.len() == 2 { files.pop() } else { None };
    Ok(Verb::Get(Get { remotes: files, local, digest }))
}

/// Whether `verify` is next and a keyword: nothing, an empty word (a variable that is not set) or most of a digest follows.
fn is_verified(rest: &[Word], files: usize) -> bool {
    const MOST_OF_ONE: usize = 32;
    match rest {
        [] => files < 3,
        [_] => true,
        [_, digest] => {
            let digits = digest.bytes();
            digits.is_empty() || digits.len() >= MOST_OF_ONE && digits.iter().all(u8::is_ascii_hexdigit)
        }
        _ => false,
    }
}

/// Takes the digest after `verify`.
fn expected(args: &mut Arguments<'_>, files: usize) -> Result<Sha256, Mistake> {
    let needs = "verify needs a SHA-256 digest (write ./verify for a file of that name)";
    match args.rest().first().map(|digest| digest.bytes().len()) {
        Some(0) => Err(args.breaks(needs)),
        Some(_) if files > 2 => Err(args.breaks("verify is for one file: get FILE [LOCAL] verify DIGEST")),
        Some(length) if length != 64 => Err(args.breaks(format!("a SHA-256 has 64 digits, not {length}"))),
        _ => args.value_if("sha256-digest")?.ok_or_else(|| args.breaks(needs)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::find;
    use super::super::words::split;
    use super::*;

    fn get(line: &str) -> Result<(usize, Option<String>, bool), String> {
        let words = split(line.as_bytes()).expect(line).words;
        match find(&Word::new("get")).and_then(|get| get.read(&words)) {
            Ok(Verb::Get(Get { remotes, local, digest })) => {
                Ok((remotes.len(), local.map(|local| local.to_string()), digest.is_some()))
            }
            Ok(verb) => panic!("{verb:?}"),
            Err(mistake) => Err(mistake.to_string()),
        }
    }

    #[test]
    fn verify_is_recognised_by_the_digits_after_it() {
        let digits = "0".repeat(64);
        assert_eq!(get(&format!("f verify {digits}")), Ok((1, None, true)));
        assert_eq!(get(&format!("f g VERIFY {}", "aB".repeat(32))), Ok((1, Some("g".to_owned()), true)));
        assert_eq!(get("f ./verify"), Ok((1, Some("./verify".to_owned()), false)));
        assert_eq!(get("verify"), Ok((1, None, false)));
        assert_eq!(get("verify g"), Ok((1, Some("g".to_owned()), false)));
        assert_eq!(get("f verify g"), Ok((3, None, false)));
        assert_eq!(get("f ver g"), Ok((3, None, false)), "a keyword among file names is whole");
        assert_eq!(get(&format!("verify {digits}")), Ok((1, Some(digits.clone()), false)));
        assert_eq!(get(&format!("f verify {}", "0".repeat(63))), Err("a SHA-256 has 64 digits, not 63".to_owned()));
        assert!(get(&format!("f g h verify {digits}")).is_err());
    }

    #[test]
    fn a_port_is_a_plain_number_above_zero() {
        let connect =
            |port: &str| match find(&Word::new("connect")).expect("a command").read(&["h", port].map(Word::new)) {
                Ok(Verb::Connect(_, port)) => Ok(port),
                Ok(verb) => panic!("{verb:?}"),
                Err(mistake) => Err(mistake.to_string()),
            };
        assert_eq!(connect("6969"), Ok(Some(6969)));
        for bad in ["0", "65536", "+5", "", "tftp", "6 9"] {
            assert_eq!(connect(bad), Err(format!("{bad}: bad port number")));
        }
    }

    #[test]
    fn a_digest_left_out_is_a_mistake() {
        for line in ["f verify", "f g verify", "f verify ''"] {
            assert!(get(line).is_err_and(|reason| reason.starts_with("verify needs a SHA-256 digest")), "{line}");
        }
    }
}
