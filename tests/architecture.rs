//! Who may import whom: the arrows between the rooms of `src/`, held by reading the paths in its files.
//!
//! ```text
//! wire  <-  transfer  <-  event  <-  net  <-  client, server  <-  shell  <-  main
//! ```
//!
//! A path is an arrow wherever it stands, in a `use` or in the middle of an expression. Unit tests are exempt: they
//! stand at the foot of a file, behind its first `#[cfg(test)]`.

use std::fs;
use std::path::{Path, PathBuf};

/// Every room, and the rooms it may name beside itself.
const ROOMS: &[(&str, &[&str])] = &[
    // Pure: bytes and time come in as arguments.
    ("wire", &[]),
    ("transfer", &["wire"]),
    ("event", &["wire", "transfer"]),
    ("fault", &["wire", "event"]),
    ("bugs", &["wire", "transfer"]),
    // What a class reads and computes.
    ("plan", &["wire"]),
    ("lessons", &[]),
    // Flags, colours and files know no protocol but its text mode.
    ("stop", &[]),
    ("style", &[]),
    ("files", &["wire"]),
    // Views and values, for the shell.
    ("trace", &["wire", "transfer", "event", "style"]),
    ("session", &["wire", "transfer", "event", "fault", "bugs", "trace"]),
    ("cli", &["wire", "transfer", "event", "fault", "trace", "session", "style"]),
    // Where machines meet sockets, clocks and files.
    ("net", &["wire", "transfer", "event", "fault", "bugs", "files", "stop"]),
    ("client", &["wire", "transfer", "event", "fault", "bugs", "files", "stop", "net", "session"]),
    ("server", &["wire", "transfer", "event", "fault", "bugs", "files", "stop", "net"]),
    // The program. The words and the table of commands lie in the shell.
    ("profile", &["session", "wire", "shell"]),
    ("terminal", &["profile", "shell", "stop", "style", "trace"]),
    // Only main names the shell as a whole.
    (
        "shell",
        &[
            "wire", "transfer", "event", "fault", "bugs", "plan", "lessons", "stop", "style", "files", "trace",
            "session", "cli", "net", "client", "server", "profile", "terminal",
        ],
    ),
    (
        "main",
        &[
            "wire", "transfer", "event", "fault", "bugs", "plan", "lessons", "stop", "style", "files", "trace",
            "session", "cli", "net", "client", "server", "profile", "terminal", "shell",
        ],
    ),
];

/// What only some files may name: a path, and the beginnings of the modules that may.
const KEEPERS: &[(&[&str], &[&str])] = &[
    (&["colored"], &["style"]),
    (&["signal_hook"], &["stop"]),
    (&["rustyline"], &["terminal::line_editor"]),
    (&["terminal_size"], &["terminal::console"]),
    (&["etcetera"], &["profile::directories"]),
    (&["clap_mangen"], &["shell::manual"]),
    (&["indicatif"], &["trace::progress"]),
    (&["nix"], &["net", "files", "terminal::control", "terminal::plain_input"]),
    (&["cap_std"], &["net", "files"]),
    (&["cap_tempfile"], &["net", "files"]),
    (&["mio"], &["net", "files"]),
    (&["sha2"], &["files"]),
];

/// Rooms that are values and functions only, and what would end that.
const PURE: &[&str] = &["wire", "transfer", "event", "fault", "bugs", "plan", "lessons"];
const IMPURE: &[&[&str]] =
    &[&["UdpSocket"], &["std", "fs"], &["std", "io"], &["std", "thread"], &["Instant", "now"], &["SystemTime", "now"]];

#[test]
fn every_arrow_runs_the_right_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 10, "the source is read");
    let mut wrong = Vec::new();
    for file in files {
        let module = module_of(file.strip_prefix(&root).expect("a file below src"));
        if !module.is_empty() {
            wrong.extend(judge(&module, &fs::read_to_string(&file).expect("a source file")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_forbidden_arrow_is_found() {
    let wrong = |module: &str, text: &str| judge(&split(module), text);
    assert_eq!(wrong("wire::packet", "use crate::net::Socket;"), ["wire::packet names net::Socket"]);
    assert_eq!(
        wrong("transfer::sender", "let a = crate::client::Client::new();"),
        ["transfer::sender names client::Client::new"]
    );
    assert_eq!(
        wrong("trace", "use crate::{event, net::{self, socket::Socket}};"),
        ["trace names net", "trace names net::socket::Socket",]
    );
    assert_eq!(
        wrong("net::drive", "use super::super::shell::{commands::COMMANDS as C, *};"),
        ["net::drive names shell::commands::COMMANDS", "net::drive names shell::*",]
    );
    assert_eq!(
        wrong("main", "use tftpsh::shell;\nuse tftpsh::attic;"),
        ["main names attic, a room without a row here"]
    );
    assert_eq!(wrong("terminal::line_editor", "use rustyline::Editor;"), [""; 0]);
    assert_eq!(wrong("shell::script", "use rustyline::Editor;"), ["shell::script names rustyline::Editor"]);
    assert_eq!(wrong("trace::classic", "use colored;"), ["trace::classic names colored"]);
    assert_eq!(
        wrong("transfer::peer", "let now = std::time::Instant::now();"),
        ["transfer::peer names std::time::Instant::now"]
    );
    assert_eq!(
        wrong("wire", "use std::{fmt, net::{IpAddr, UdpSocket}, fs};"),
        ["wire names std::net::UdpSocket", "wire names std::fs",]
    );
}

#[test]
fn what_is_no_arrow_is_left_alone() {
    for text in [
        "use super::Packet;",
        "/// See [`crate::net`].\nlet a = 1; // crate::net is elsewhere",
        "let address = \"fe80::1\"; let scheme = \"tftp://crate::net\";",
        "let b = Vec::<u8>::new(); for a in std::iter::once(1) {}",
        "pub(crate) fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::net::Socket;\n}",
    ] {
        assert_eq!(judge(&split("wire::packet"), text), [""; 0], "{text}");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `net/drive.rs` is `net::drive`, `net/mod.rs` is `net`, `main.rs` is `main`, and `lib.rs`, the map, is nothing.
fn module_of(file: &Path) -> Vec<String> {
    let mut module: Vec<_> =
        file.with_extension("").iter().map(|part| part.to_str().expect("a plain name").to_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

fn split(path: &str) -> Vec<String> {
    path.split("::").map(str::to_owned).collect()
}

/// What is wrong with the paths of one file.
fn judge(module: &[String], text: &str) -> Vec<String> {
    let production = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let wrong = paths(&tokens(production)).into_iter().filter_map(|path| {
        let path = from_the_root(module, path);
        let reason = match path.split_first() {
            Some((first, inside)) if first == "crate" => wrong_room(module, inside)?,
            _ => wrong_outside(module, &path)?,
        };
        Some(format!("{} names {reason}", module.join("::")))
    });
    wrong.collect()
}

fn wrong_room(module: &[String], path: &[String]) -> Option<String> {
    let (from, to) = (module.first()?, path.first()?);
    let row = |room: &str| ROOMS.iter().find(|(name, _)| *name == room);
    let Some((_, may)) = row(from) else { return Some(format!("{to} and is a room without a row here")) };
    if row(to).is_none() {
        return Some(format!("{to}, a room without a row here"));
    }
    (from != to && !may.contains(&to.as_str())).then(|| path.join("::"))
}

fn wrong_outside(module: &[String], path: &[String]) -> Option<String> {
    let stolen = KEEPERS.iter().any(|(kept, keepers)| {
        starts_with(path, kept) && !keepers.iter().any(|keeper| module.starts_with(&split(keeper)))
    });
    let pure = module.first().is_some_and(|room| PURE.contains(&room.as_str()));
    let impure = pure && IMPURE.iter().any(|parts| path.windows(parts.len()).any(|window| starts_with(window, parts)));
    (stolen || impure).then(|| path.join("::"))
}

fn starts_with(path: &[String], parts: &[&str]) -> bool {
    path.len() >= parts.len() && path.iter().zip(parts).all(|(name, part)| name == part)
}

/// The path seen from `crate`, where it leads into this package.
fn from_the_root(module: &[String], path: Vec<String>) -> Vec<String> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    let relative = path.first().is_some_and(|name| name == "super" || name == "self");
    if relative {
        let base = module.get(..module.len().saturating_sub(ups)).unwrap_or_default();
        let rest = path.into_iter().filter(|name| name != "super" && name != "self");
        return [String::from("crate")].into_iter().chain(base.iter().cloned()).chain(rest).collect();
    }
    let rename = |name: String| if name == "tftpsh" { String::from("crate") } else { name };
    path.into_iter().enumerate().map(|(at, name)| if at == 0 { rename(name) } else { name }).collect()
}

/// Names, `::`, and single marks, without comments. Strings stay in: what is written in them names no room.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or_default();
        let mut before = ' ';
        for letter in code.chars() {
            let joins = (is_part_of_name(before) && is_part_of_name(letter)) || (before == ':' && letter == ':');
            match tokens.last_mut().filter(|_| joins) {
                Some(token) => token.push(letter),
                None if letter.is_whitespace() => {}
                None => tokens.push(letter.to_string()),
            }
            before = letter;
        }
    }
    tokens
}

/// Every path of two names or more, and what a `use` names alone; groups are spread out.
fn paths(tokens: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut here = 0;
    while let Some(token) = tokens.get(here) {
        let used = here.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| before == "use");
        let begins = is_name(token) && token != "use";
        if begins && (used || tokens.get(here + 1).is_some_and(|next| next == "::")) {
            here = spread(tokens, here, &[], &mut found);
        } else {
            here += 1;
        }
    }
    found
}

/// Reads one path, or a tree of them, at `here`; returns where it ends.
fn spread(tokens: &[String], mut here: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let is = |index: usize, mark: &str| tokens.get(index).is_some_and(|token| token == mark);
    let mut path = prefix.to_vec();
    loop {
        if is(here, "{") {
            here += 1;
            while here < tokens.len() && !is(here, "}") {
                here = spread(tokens, here, &path, found).max(here + 1);
                if is(here, "as") {
                    here += 2;
                }
                here += usize::from(is(here, ","));
            }
            return here + 1;
        }
        match tokens.get(here) {
            Some(name) if name == "self" && !path.is_empty() => {}
            Some(name) if is_name(name) || name == "*" => path.push(name.clone()),
            // `Vec::<u8>::new`: what stands behind the brackets belongs to the same thing.
            _ => break,
        }
        here += 1;
        if !is(here, "::") {
            break;
        }
        here += 1;
    }
    found.push(path);
    here
}

fn is_name(token: &str) -> bool {
    token.starts_with(is_part_of_name) && !token.starts_with(char::is_numeric)
}

fn is_part_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
