//! The sixteen commands of the NetBSD and macOS shell, in its order and words. Thirteen of them are those of 4.3BSD.

use super::arguments::{Arguments, ON_OFF};
use super::command::{CLASSIC, CLASSIC_SETTING, Command, Group, NETBSD_SETTING, Scope};
use super::expected::Source;
use super::local::help;
use super::mistake::Mistake;
use super::trace;
use super::value::{Sha256, Sum, Value};
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
        see: &["connect"], parse: |args| args.end(Verb::Quit), scope: Scope::Lines, ..CLASSIC
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
        name: "status", usage: &["status [ settings ]"], brief: "show current status",
        examples: &["status", "status settings"], see: &["options", "modes", "prompt"], parse: status, ..CLASSIC
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
        name: "?", usage: &["? [command or topic ...]"], brief: "print help information",
        examples: &["?", "? get"], see: &["help", "status"],
        parse: |args| Ok(match help(args)? { Verb::Overview => Verb::Commands, verb => verb }), ..CLASSIC
    },
];

fn status(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let shows_settings = args.flag("settings", "as lines for the start-up file");
    args.at_most(0)?;
    Ok(if shows_settings { Verb::ShowSettings } else { Verb::Status })
}

fn put(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let first = args.name(Source::Local, "file")?;
    let mut others: Vec<_> = args.name_if(Source::Destination, "remotename").into_iter().collect();
    if !others.is_empty() {
        others.extend(args.names(Source::Destination, "file ... remote-directory"));
    }
    let to = others.pop();
    if to.as_ref().unwrap_or(&first).is("-") {
        return Err(args.breaks(match to {
            None => "put - needs a remote name: put - FILE",
            Some(_) => "- cannot be a remote name; write ./- for that name",
        }));
    }
    Ok(Verb::Put(Put { locals: [vec![first], others].concat(), to }))
}

fn get(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let mut files = vec![args.name(Source::Remote, "file")?];
    let mut digest = None;
    loop {
        // After a file name, the whole word is a keyword whatever follows, so that no mistake in a digest skips the check.
        if files.len() > 2 && args.rest().first().is_some_and(|word| word.is("verify")) {
            return Err(args.breaks("verify is for one file: get FILE [LOCAL] verify DIGEST"));
        }
        if files.len() <= 2 && args.whole_keyword_if("verify") {
            digest = Some(expected_digest(args, &files)?);
            break;
        }
        let (source, name) = if files.len() == 1 { (Source::Local, "localname") } else { (Source::Remote, "file") };
        match args.name_if(source, name) {
            Some(file) => files.push(file),
            None => break,
        }
    }
    let local = if files.len() == 2 { files.pop() } else { None };
    args.end(Verb::Get(Get { remotes: files, local, digest }))
}

/// Takes what follows `verify`: `HEX`, `sha256:HEX`, or a line of sha256sum for one of these files, as one word or two.
fn expected_digest(args: &mut Arguments<'_>, files: &[Word]) -> Result<Sha256, Mistake> {
    const A_FILE: &str = "(write ./verify for a file of that name)";
    let word = args.rest().first().cloned();
    let sum = args.value_if("sha256-digest");
    let Sum { digest, name } = match (word, sum) {
        (_, Ok(Some(sum))) => sum,
        (Some(word), _) if !word.bytes().is_empty() => {
            return Err(args.breaks(format!("\"{word}\" is not {} {A_FILE}", Sum::range())));
        }
        // An empty word is a variable that is not set.
        _ => return Err(args.breaks(format!("verify needs a SHA-256 digest {A_FILE}"))),
    };
    let has_name = name.is_none() && args.rest().len() == 1;
    // Another name may be a second file, which would not be received.
    match if has_name { args.name_if(Source::Anything, "name") } else { name } {
        Some(name) if !is_sum_of(&name, files) => {
            Err(args.breaks(format!("\"{name}\" after the digest is not the name of the file; get one file at a time")))
        }
        _ => Ok(digest),
    }
}

/// Whether sha256sum prints this name for one of these files, perhaps in another directory, or for its standard input.
fn is_sum_of(name: &Word, files: &[Word]) -> bool {
    // A star marks a file that was read as it is.
    let name = name.bytes().strip_prefix(b"*").unwrap_or(name.bytes());
    let last = |path: &[u8]| path.rsplit(|byte| b"/:".contains(byte)).next().map(<[u8]>::to_vec);
    name == b"-" || files.iter().any(|file| last(file.bytes()) == last(name))
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
    fn verify_after_a_file_name_is_a_keyword_whatever_follows() {
        let digits = "0".repeat(64);
        let verified = Ok((1, None, true));
        for line in [
            format!("f verify {digits}"),
            format!("verify verify {digits}"),
            format!("f verify sha256:{digits}"),
            format!("f verify SHA256:{digits}"),
            // What sha256sum prints, typed or as "$(sha256sum f)".
            format!("f verify {digits}  f"),
            format!("f verify {digits} *f"),
            format!("f verify '{digits}  f'"),
            format!("f verify '{digits} *dir/f'"),
            format!("h:dir/f verify '{digits}  f'"),
            format!("f verify {digits}  -"),
        ] {
            assert_eq!(get(&line), verified, "{line}");
        }
        let local = Ok((1, Some("my file".to_owned()), true));
        assert_eq!(get(&format!("f 'my file' VERIFY {}", "aB".repeat(32))), local);
        assert_eq!(get(&format!("f 'my file' verify '{digits}  my file'")), local);
        assert_eq!(get("f ./verify"), Ok((1, Some("./verify".to_owned()), false)));
        assert_eq!(get("verify"), Ok((1, None, false)), "the first word is a file");
        assert_eq!(get("verify g"), Ok((1, Some("g".to_owned()), false)));
        assert_eq!(get("f ver g"), Ok((3, None, false)), "a keyword among file names is whole");
        for (line, reason) in [
            ("f verify g".to_owned(), "\"g\" is not a SHA-256 of 64 digits (write ./verify for a file of that name)"),
            (format!("f verify {digits}0"), "0\" is not a SHA-256 of 64 digits"),
            (format!("f verify sha256={digits}"), "is not a SHA-256"),
            ("f verify g h".to_owned(), "\"g\" is not a SHA-256"),
            (format!("f verify {digits} g"), "\"g\" after the digest is not the name of the file"),
            (format!("f verify {digits} f g"), "unexpected \"f\""),
            (format!("f g h verify {digits}"), "verify is for one file"),
            ("f g h verify".to_owned(), "verify is for one file"),
        ] {
            assert!(get(&line).is_err_and(|error| error.contains(reason)), "{line}: {:?}", get(&line));
        }
    }

    #[test]
    fn a_dash_is_not_a_remote_name() {
        let put = |line: &str| {
            let words = split(line.as_bytes()).expect(line).words;
            find(&Word::new("put")).and_then(|put| put.read(&words)).map(drop).map_err(|mistake| mistake.to_string())
        };
        let refused = Err("- cannot be a remote name; write ./- for that name".to_owned());
        assert_eq!((put("a.txt -"), put("a b -")), (refused.clone(), refused));
        assert_eq!((put("a.txt ./-"), put("- a.txt"), put("a.txt h:-")), (Ok(()), Ok(()), Ok(())));
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
