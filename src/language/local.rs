//! Local commands: directories, digests, and lines that run other lines.

use super::arguments::{Arguments, ON_OFF};
use super::command::{Command, LOCAL, ROW};
use super::expected::Source;
use super::explained;
use super::mistake::Mistake;
use super::value::Times;
use super::verb::{Repeat, Verb};

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) static ROWS: &[Command] = &[
    Command {
        name: "help", usage: &["help [command or topic ...]"], brief: "explain commands and topics, or find them by a word",
        examples: &["help", "help get", "help options", "help wireshark"],
        see: &["status", "modes", "options", "errors", "scripts", "uri"], parse: help, ..LOCAL
    },
    Command {
        name: "lcd", usage: &["lcd [directory]"], brief: "change the local directory",
        examples: &["lcd /tmp", "lcd"], see: &["lpwd"],
        parse: |args| { let name = args.name_if(Source::Directory, "directory"); args.end(Verb::ChangeDirectory(name)) }, ..LOCAL
    },
    Command {
        name: "lpwd", usage: &["lpwd"], brief: "show the local directory", examples: &["lpwd"], see: &["lcd"],
        parse: |args| args.end(Verb::ShowDirectory), ..LOCAL
    },
    Command {
        name: "!", usage: &["! [command]"], brief: "run a command of the system's shell",
        examples: &["! ls -l", "!sha256sum *.bin"], see: &["source", "lcd"],
        parse: |args| Ok(Verb::Escape(args.names(Source::Anything, "command"))), ..LOCAL
    },
    Command {
        name: "sha256", usage: &["sha256 file ...", "sha256 on | off"], ask: Some("(file) "),
        brief: "show the SHA-256 of a local file, or of each transferred one",
        examples: &["sha256 fw.bin", "sha256 on"], see: &["get", "scripts"], parse: sha256, ..LOCAL
    },
    Command {
        name: "source", usage: &["source file"], ask: Some("(file) "),
        brief: "run the commands in a local file", examples: &["source provision.tftp"],
        see: &["repeat", "scripts"],
        parse: |args| { let file = args.name(Source::Local, "file")?; args.end(Verb::Source(file)) }, ..ROW
    },
    Command {
        name: "repeat", words: explained::repeat,
        usage: &["repeat number [every seconds] command", "repeat until-ok [number] [every seconds] command"],
        brief: "run a command repeatedly",
        examples: &["repeat 10 get fw.bin /dev/null", "repeat until-ok every 5 get fw.bin",
            "repeat until-ok 3 put log.txt"],
        see: &["source", "errors"], parse: repeat, ..ROW
    },
];

/// `help command or topic ...`
pub(super) fn help(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let words = args.names(Source::Topic, "command or topic ...");
    Ok(if words.is_empty() { Verb::Overview } else { Verb::Help(words) })
}

fn sha256(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    if args.is_last()
        && let Some(on) = args.or_path().choice_if(&ON_OFF)?
    {
        return args.end(Verb::Sha256OfTransfers(on));
    }
    let mut files = vec![args.name(Source::Local, "file")?];
    files.extend(args.names(Source::Local, "file"));
    Ok(Verb::Sha256(files))
}

fn repeat(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let until_ok = args.setting().flag("until-ok", "until it succeeds");
    let times = match until_ok {
        true => args.number_if("number")?,
        false => Some(args.value("number [every seconds] command")?),
    };
    let every = if args.flag("every", "") { Some(args.value("seconds")?) } else { None };
    let times = times.map(|Times(times)| times);
    Ok(Verb::Repeat(Repeat { until_ok, times, every, line: args.line()? }))
}

#[cfg(test)]
mod tests {
    use super::super::{Repeat, Verb, Word, find, may_begin_command, split};

    /// `UNTIL-OK TIMES EVERY COMMAND`, or the mistake.
    fn read(line: &str) -> String {
        let words = split(line.as_bytes()).expect(line).words;
        match find(&Word::new("repeat")).and_then(|repeat| repeat.read(&words)) {
            Ok(Verb::Repeat(Repeat { until_ok, times, every, line })) => {
                let line: Vec<_> = line.iter().map(Word::to_string).collect();
                format!("{until_ok} {times:?} {every:?} {}", line.join(" "))
            }
            Ok(verb) => panic!("{verb:?}"),
            Err(mistake) => mistake.to_string(),
        }
    }

    #[test]
    fn the_forms_of_repeat_are_understood() {
        for (line, expected) in [
            ("3 get a", "false Some(3) None get a"),
            ("3 every 0.5 get a", "false Some(3) Some(500ms) get a"),
            ("3 ev 0.5 get a", "false Some(3) Some(500ms) get a"),
            ("until-ok get a", "true None None get a"),
            ("Until every 5 get a", "true None Some(5s) get a"),
            ("until-ok 3 get a", "true Some(3) None get a"),
            ("until 3 every 5 get a", "true Some(3) Some(5s) get a"),
            ("0 get a", "0: bad value"),
            ("until-ok 0 get a", "0: bad value"),
            ("x get a", "x: bad value"),
            ("3 every x get a", "x: bad value"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
        assert!(read("3 every").starts_with("missing seconds after \"every\""));
        assert!(read("3").starts_with("usage: repeat number"));
    }

    #[test]
    fn a_command_may_begin_a_line_and_what_is_repeated() {
        let begins = |line: &str| may_begin_command(&split(line.as_bytes()).expect(line).words);
        assert!(begins("") && begins("repeat 3") && begins("rep until-ok every 5") && begins("repeat 2 repeat 3"));
        assert!(!begins("repeat 3 get") && !begins("get 3") && !begins("repeat x") && !begins("repeat"));
    }
}
