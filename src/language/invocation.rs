//! The words of the command line: `[HOST [PORT]] [COMMAND ARGS...]`, as pure functions.

use std::net::IpAddr;

use thiserror::Error;

use super::command::Scope;
use super::missing::advice;
use super::mistake::all_of;
use super::option::is_option;
use super::table::{commands, exact, suggest};
use super::uri::Uri;
use super::value::{Port, Value};
use super::words::{SplitError, Word, split};

/// The request that the words of the command line make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invocation {
    /// The server to connect to first.
    pub host: Option<Word>,
    /// Its port.
    pub port: Option<u16>,
    /// The one command to run instead of reading lines; empty to read lines.
    pub command: Vec<Word>,
}

impl Invocation {
    /// Reads the words, of which `before_command` come before `-c`. If an option `named` the host, all are the command.
    pub fn read(words: &[Word], before_command: Option<usize>, named: bool) -> Result<Self, BadWords> {
        if let Some((place, command)) = before_command.and_then(|count| words.split_at_checked(count)) {
            let (invocation, rest) = server(place, named)?;
            return match rest {
                [] if command.is_empty() => Err(BadWords::NothingAfterC),
                [] => Ok(Self { command: string_or_words(command)?, ..invocation }),
                [surplus, ..] => Err(BadWords::surplus(surplus)),
            };
        }
        let (invocation, command) = match words.first() {
            Some(first) if !named && exact(first).is_none() => server(words, named)?,
            _ => (Self::default(), words),
        };
        match command {
            [first, ..] if exact(first).is_none() => Err(no_command(words, first, named)),
            _ => Ok(Self { command: command.to_vec(), ..invocation }),
        }
    }

    /// Adds options with their values, which must be those of the command.
    pub fn with(mut self, options: Vec<Word>) -> Result<Self, BadWords> {
        let own = self.command.first().and_then(exact).map_or(&[][..], |command| command.options);
        let is_own = |word: &Word| own.iter().any(|own| own.is_in(word.bytes()));
        if let Some(foreign) = options.iter().find(|word| is_option(word) && !is_own(word)) {
            let owner = commands().find(|command| command.options.iter().any(|own| own.is_in(foreign.bytes())));
            let owner = owner.map_or("another command", |command| command.name);
            return Err(BadWords::Option { word: foreign.to_string(), owner });
        }
        self.command.extend(options);
        Ok(self)
    }

    /// Checks that the command honours the host, the port and these options, each with its scope. Lines that are read can
    /// use all of them.
    pub fn honours(&self, options: &[(String, Scope)]) -> Result<(), BadWords> {
        let Some(command) = self.command.first().and_then(exact) else { return Ok(()) };
        let server = self.host.iter().map(Word::to_string).chain(self.port.map(|port| port.to_string()));
        let server = server.map(|word| (word, Scope::Session));
        let unused = server.chain(options.iter().cloned()).filter(|(name, scope)| !command.honours(name, *scope));
        let unused: Vec<_> = unused.map(|(name, _)| name).collect();
        if unused.is_empty() {
            return Ok(());
        }
        let instead =
            command.options.iter().filter(|own| own.instead_of.iter().any(|it| unused.iter().any(|un| un == it)));
        let instead: Vec<_> = instead.map(|own| own.name).collect();
        let hint = match &self.host {
            Some(host) if self.serves() => format!("; the address to listen on is -H {host}"),
            _ if !instead.is_empty() => format!("; use {}", all_of(&instead)),
            _ => String::new(),
        };
        Err(BadWords::Unused { command: command.name, unused: all_of(&unused), hint })
    }

    /// Whether a word may be a bookmark: not in a command about files of a server whose address is given.
    pub fn may_name_hosts(&self) -> bool {
        let Some((name, files)) = self.command.split_first() else { return true };
        let transfers = exact(name).is_some_and(|it| matches!(it.name, "get" | "put" | "mget" | "mput" | "size"));
        let address = self.host.as_ref().and_then(Word::text).and_then(|host| host.parse::<IpAddr>().ok());
        !transfers || address.is_none() || files.iter().any(|file| file.bytes().contains(&b':'))
    }

    /// Whether the command is `serve`, so that HOST and PORT are those of this side.
    pub fn serves(&self) -> bool {
        self.command.first().and_then(exact).is_some_and(|command| command.name == "serve")
    }
}

/// Takes HOST and PORT from the beginning.
fn server(words: &[Word], named: bool) -> Result<(Invocation, &[Word]), BadWords> {
    let (host, rest) = match words {
        [host, ..] if !named && Uri::parse(host.bytes()).is_some() => return Err(BadWords::Uri(host.to_string())),
        [host, rest @ ..] if !named => (Some(host.clone()), rest),
        _ => (None, words),
    };
    match rest {
        [number, rest @ ..] if is_number(number) => {
            let Port(port) = Port::read(number).ok_or_else(|| BadWords::Port(number.to_string()))?;
            Ok((Invocation { host, port: Some(port), command: Vec::new() }, rest))
        }
        _ => Ok((Invocation { host, port: None, command: Vec::new() }, rest)),
    }
}

/// Whether a word has only digits, as a port has.
pub(crate) fn is_number(word: &Word) -> bool {
    !word.bytes().is_empty() && word.bytes().iter().all(u8::is_ascii_digit)
}

/// Reads the words after `-c`, or splits one string with spaces, as in `sh -c`.
fn string_or_words(command: &[Word]) -> Result<Vec<Word>, BadWords> {
    match command {
        [string] if string.bytes().trim_ascii().contains(&b'\n') => Err(BadWords::Lines),
        [string] if string.bytes().iter().any(u8::is_ascii_whitespace) => {
            let words = split(string.bytes())?.words;
            if words.iter().any(separates_commands) { Err(BadWords::Semicolon) } else { Ok(words) }
        }
        words => Ok(words.to_vec()),
    }
}

/// Whether a word with a semicolon was meant to end a command, as in sh: `;`, `fw.bin;` or `fw.bin;get`. A URI has one
/// before its mode.
fn separates_commands(word: &Word) -> bool {
    let after = word.bytes().rsplit(|&byte| byte == b';').next().filter(|after| after.len() < word.bytes().len());
    after.is_some_and(|after| after.is_empty() || exact(&Word::new(after)).is_some())
}

/// In `gett x`, the first word became a host; if it looks like a command, it is the mistyped one.
fn no_command(words: &[Word], second: &Word, named: bool) -> BadWords {
    let first = words.first().filter(|_| !named);
    if let Some(advice) = first.and_then(advice) {
        return BadWords::missing(advice);
    }
    match first.and_then(|word| Some((word, suggest(word)?))) {
        Some((word, near)) => {
            let word = word.to_string();
            BadWords::NoCommand {
                hint: format!("; did you mean \"{near}\"? (a host named {word}: tftp -H {word})"),
                word,
            }
        }
        None => BadWords::surplus(second),
    }
}

/// An error in the words of the command line. `hint` suggests the nearest command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadWords {
    #[error("no command \"{word}\"{hint}")]
    NoCommand { word: String, hint: String },
    #[error("{0}")]
    Missing(&'static str),
    #[error("{0}: missing command; use: tftp get {0}")]
    Uri(String),
    #[error("{word} belongs to {owner}")]
    Option { word: String, owner: &'static str },
    #[error("{command} does not use {unused}{hint}")]
    Unused { command: &'static str, unused: String, hint: String },
    #[error("{0}: bad port number")]
    Port(String),
    #[error("no command after -c")]
    NothingAfterC,
    #[error("-c takes one command; use standard input or -f FILE for several")]
    Lines,
    #[error("-c takes one command, and \";\" does not separate commands; use standard input or -f FILE for several")]
    Semicolon,
    #[error(transparent)]
    SplitError(#[from] SplitError),
}

impl BadWords {
    fn missing(advice: &'static str) -> Self {
        Self::Missing(advice.trim_end_matches('.'))
    }

    fn surplus(word: &Word) -> Self {
        if let Some(advice) = advice(word) {
            return Self::missing(advice);
        }
        let hint = suggest(word).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        Self::NoCommand { word: word.to_string(), hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `HOST PORT | COMMAND`, or the mistake.
    fn read(line: &str) -> String {
        let mut words: Vec<Word> = split(line.as_bytes()).expect(line).words;
        let before_command = words.iter().position(|word| word.is("-c"));
        before_command.map(|place| words.remove(place));
        let named = words.iter().position(|word| word.bytes() == b"-H");
        if let Some(place) = named {
            words.drain(place..place + 2);
        }
        match Invocation::read(&words, before_command, named.is_some()) {
            Ok(Invocation { host, port, command }) => {
                let command: Vec<_> = command.iter().map(Word::to_string).collect();
                let [host, port] = [host.map(|it| it.to_string()), port.map(|it| it.to_string())];
                format!("{} {} | {}", host.unwrap_or_default(), port.unwrap_or_default(), command.join(","))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_form_is_understood() {
        for (line, expected) in [
            ("", "  | "),
            ("192.0.2.1", "192.0.2.1  | "),
            ("192.0.2.1 6969", "192.0.2.1 6969 | "),
            ("192.0.2.1 get fw.bin", "192.0.2.1  | get,fw.bin"),
            ("192.0.2.1 6969 get fw.bin", "192.0.2.1 6969 | get,fw.bin"),
            ("192.0.2.1 put fw.bin", "192.0.2.1  | put,fw.bin"),
            ("get 192.0.2.1:fw.bin", "  | get,192.0.2.1:fw.bin"),
            ("get 'tftp://192.0.2.1/fw.bin;mode=netascii' out", "  | get,tftp://192.0.2.1/fw.bin;mode=netascii,out"),
            ("192.0.2.1 -c get fw.bin", "192.0.2.1  | get,fw.bin"),
            ("192.0.2.1 6969 -c get fw.bin", "192.0.2.1 6969 | get,fw.bin"),
            ("192.0.2.1 -c 'get a b'", "192.0.2.1  | get,a,b"),
            ("192.0.2.1 -c \"put 'a b' c\"", "192.0.2.1  | put,a b,c"),
            ("-c 'get tftp://h/a;mode=octet b'", "  | get,tftp://h/a;mode=octet,b"),
            ("-c 'get a;b c'", "  | get,a;b,c"),
            ("-c 'get h:a b'", "  | get,h:a,b"),
            ("get -c g fw.bin", "get  | g,fw.bin"),
            ("192.0.2.1 GET fw.bin", "192.0.2.1  | GET,fw.bin"),
            ("Get h:fw.bin", "  | Get,h:fw.bin"),
            ("get hello.txt -H HOST", "  | get,hello.txt"),
            ("-H gett get x", "  | get,x"),
            ("serve .", "  | serve,."),
            ("serve . 6969", "  | serve,.,6969"),
            ("::1 get x", "::1  | get,x"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn a_word_may_be_a_bookmark_unless_the_server_is_an_address() {
        let may = |line: &str| {
            let words = split(line.as_bytes()).expect(line).words;
            Invocation::read(&words, None, false).expect(line).may_name_hosts()
        };
        for line in ["", "192.0.2.1", "sw1 get f", "192.0.2.1 get sw1:f", "get sw1:f", "192.0.2.1 source f"] {
            assert!(may(line), "{line}");
        }
        for line in ["192.0.2.1 get f", "::1 69 PUT f g", "192.0.2.1 size f", "192.0.2.1 mget f g", "192.0.2.1 mput f"]
        {
            assert!(!may(line), "{line}");
        }
    }

    #[test]
    fn what_a_command_does_not_use_is_a_mistake() {
        let options = [
            ("--json", Scope::Output),
            ("--host", Scope::Session),
            ("--blksize", Scope::Session),
            ("--trace", Scope::Session),
        ];
        let options = options.map(|(name, scope)| (name.to_owned(), scope));
        for (line, unused) in [
            ("", ""),
            ("h 69", ""),
            ("get f", ""),
            ("h 69 get f", ""),
            ("source f", ""),
            ("serve .", "serve does not use --blksize; use --max-blksize"),
            ("h serve .", "serve does not use h and --blksize; the address to listen on is -H h"),
            ("h 69 plan 5", "plan does not use h, 69, --host, --blksize and --trace"),
            ("help", "help does not use --host, --blksize and --trace"),
        ] {
            let words = split(line.as_bytes()).expect(line).words;
            let honoured = Invocation::read(&words, None, false).expect(line).honours(&options);
            assert_eq!(honoured.map_or_else(|error| error.to_string(), |()| String::new()), unused, "{line}");
        }
    }

    const SEMICOLON: &str =
        "-c takes one command, and \";\" does not separate commands; use standard input or -f FILE for several";

    #[test]
    fn mistakes_suggest_the_nearest_command() {
        for (line, expected) in [
            ("gett x", "no command \"gett\"; did you mean \"get\"? (a host named gett: tftp -H gett)"),
            ("192.0.2.1 gett x", "no command \"gett\"; did you mean \"get\"?"),
            ("192.0.2.1 fw.bin", "no command \"fw.bin\""),
            ("del fw.bin", "TFTP cannot delete files; do this on the server, or replace the file with \"put\""),
            (
                "192.0.2.1 rm fw.bin",
                "TFTP cannot delete files; do this on the server, or replace the file with \"put\"",
            ),
            ("-H h gett x", "no command \"gett\"; did you mean \"get\"?"),
            ("tftp://h/f", "tftp://h/f: missing command; use: tftp get tftp://h/f"),
            ("h 65536", "65536: bad port number"),
            ("h 0 get x", "0: bad port number"),
            ("h -c", "no command after -c"),
            ("h -c 'get a\nget b'", "-c takes one command; use standard input or -f FILE for several"),
            ("h -c 'get a; get b'", SEMICOLON),
            ("h -c 'get a ; get b'", SEMICOLON),
            ("h -c 'get a;get b'", SEMICOLON),
            ("h nonsense -c get x", "no command \"nonsense\""),
            ("h -c \"get 'a\"", "a single quote is not closed"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }
}
