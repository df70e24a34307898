//! Tables of conversations, as text.
//!
//! ```text
//! == get blksize=8: what this case shows
//! oack blksize=8     -> ACK <block=0>
//! stranger ack 7     -> ERROR <code=5, msg=Unknown transfer ID> to stranger
//! 40 x data 1 9      -> nothing
//! ```
//!
//! A case begins with what the machine is (`get`, `put SIZE`, `serve read SIZE`, `serve write`) and the options asked
//! for. Each line has an input, and after the arrow all its outputs.

use tftpsh::wire::{BlockSize, ErrorCode, Offer, TimeoutSeconds, WindowSize, emit_ack};

use crate::talk::{data, oack};

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) offer: Offer,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Get,
    Put(usize),
    ServeRead(usize),
    ServeWrite,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) times: usize,
    pub(crate) input: Input,
    /// The line in the table.
    pub(crate) text: String,
    pub(crate) expected: String,
}

#[derive(Debug)]
pub(crate) enum Input {
    Hear {
        from: Source,
        datagram: Vec<u8>,
    },
    /// Datagrams of random bytes and length from the peer.
    Junk,
    /// Milliseconds go by.
    Wait(u64),
    /// Nothing comes any more.
    Silence,
    /// The system learns that a port is closed.
    Closed(Source),
    /// The user has had enough.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Peer,
    /// The port the request went to.
    Asked,
    /// Another port of the peer's host.
    Stranger,
    /// Another host.
    Elsewhere,
}

pub(crate) fn parse(table: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("== ") {
            Some(header) => cases.push(case(header)),
            None => cases.last_mut().expect("a header first").steps.push(step(line)),
        }
    }
    cases
}

fn case(header: &str) -> Case {
    let (what, name) = header.split_once(": ").expect("role: name");
    let mut words: Vec<&str> = what.split(' ').collect();
    let mut offer = Offer::default();
    while let Some((option, value)) = words.last().and_then(|word| word.split_once('=')) {
        let value: u64 = value.parse().expect("a number");
        match option {
            "tsize" => offer.tsize = Some(value),
            "timeout" => offer.timeout = TimeoutSeconds::new(value),
            "blksize" => offer.blksize = BlockSize::new(value),
            "windowsize" => offer.windowsize = WindowSize::new(value),
            _ => panic!("no option: {option}"),
        }
        words.pop();
    }
    let role = match words[..] {
        ["get"] => Role::Get,
        ["put", size] => Role::Put(size.parse().unwrap()),
        ["serve", "read", size] => Role::ServeRead(size.parse().unwrap()),
        ["serve", "write"] => Role::ServeWrite,
        _ => panic!("no role: {what}"),
    };
    Case { name: name.to_owned(), role, offer, steps: Vec::new() }
}

fn step(line: &str) -> Step {
    let (text, expected) = line.split_once("-> ").expect("input -> output");
    let text = text.trim();
    let (times, input) = match text.split_once(" x ") {
        Some((times, input)) => (times.parse().expect("how often"), input),
        None => (1, text),
    };
    Step { times, input: self::input(input), text: text.to_owned(), expected: expected.trim().to_owned() }
}

fn input(text: &str) -> Input {
    let (from, what) = match text.split_once(' ') {
        Some(("stranger", what)) => (Source::Stranger, what),
        Some(("asked", what)) => (Source::Asked, what),
        Some(("elsewhere", what)) => (Source::Elsewhere, what),
        _ => (Source::Peer, text),
    };
    match what.split_once(' ').unwrap_or((what, "")) {
        ("junk", _) => Input::Junk,
        ("silence", _) => Input::Silence,
        ("closed", _) => Input::Closed(from),
        ("stop", _) => Input::Stop,
        ("wait", time) => Input::Wait(time.parse().expect("milliseconds")),
        _ => Input::Hear { from, datagram: datagram(what) },
    }
}

fn datagram(text: &str) -> Vec<u8> {
    let words: Vec<&str> = text.splitn(3, ' ').collect();
    match words[..] {
        ["data", block, length] => data(block.parse().unwrap(), length.parse().unwrap()),
        ["ack", block] => emit_ack(block.parse().unwrap()).to_vec(),
        ["oack"] => b"\0\x06".to_vec(),
        ["oack", pairs] => oack(pairs),
        ["error", code] => error(code, b""),
        ["error", code, message] => error(code, &unescape(message)),
        ["raw"] => Vec::new(),
        _ => unescape(text.strip_prefix("raw ").unwrap_or_else(|| panic!("no datagram: {text}"))),
    }
}

/// Not by the library, which would leave a NUL out and cut what is too long.
fn error(code: &str, message: &[u8]) -> Vec<u8> {
    let ErrorCode(code) = ErrorCode(code.parse().unwrap());
    [&[0, 5][..], &code.to_be_bytes(), message, b"\0"].concat()
}

/// `\0`, `\xNN`, and `{600*n}` for as many of a character.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(hex) = rest.strip_prefix("\\x") {
            bytes.push(u8::from_str_radix(&hex[..2], 16).expect("two hexadecimal digits"));
            rest = &hex[2..];
        } else if let Some(behind) = rest.strip_prefix("\\0") {
            bytes.push(0);
            rest = behind;
        } else if let Some((repeat, behind)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let (count, what) = repeat.split_once('*').expect("{count*text}");
            bytes.extend(unescape(what).repeat(count.parse().expect("a count")));
            rest = behind;
        } else {
            bytes.extend_from_slice(character.to_string().as_bytes());
            rest = &rest[character.len_utf8()..];
        }
    }
    bytes
}

/// The lines as one, equal ones in a row counted.
pub(crate) fn summary(lines: &[String]) -> String {
    let rows = lines.chunk_by(|one, other| one == other);
    let words: Vec<_> =
        rows.map(|row| if row.len() == 1 { row[0].clone() } else { format!("{} x {}", row.len(), row[0]) }).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join("; ") }
}
