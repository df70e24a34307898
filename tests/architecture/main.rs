//! Dependencies between the modules of `src/`, and between the files inside each of them.
//!
//! ```text
//! wire  <-  transfer  <-  event  <-  net  <-  client, server  <-  shell  <-  main
//! ```
//!
//! The files are parsed, so a path is a dependency wherever it is: in a `use`, in an expression or in a macro. What is
//! marked `#[cfg(test)]` is exempt.

mod paths;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{File, Homes, sources, split, starts_with};

/// Every module, and the modules that it may name beside itself.
const MODULES: &[(&str, &[&str])] = &[
    ("macros", &[]),
    ("units", &[]),
    ("backlog", &[]),
    // Pure: bytes and time come in as arguments.
    ("wire", &["macros"]),
    ("transfer", &["wire"]),
    ("fault", &["wire"]),
    ("event", &["wire", "transfer", "fault", "bugs"]),
    ("analysis", &["macros", "wire", "transfer", "event", "fault", "bugs"]),
    ("bugs", &["macros", "wire", "transfer"]),
    // What a class reads and computes.
    ("plan", &["wire", "units"]),
    ("lessons", &[]),
    // The language parses into plain values: rules, bugs, lessons and the names of views.
    ("language", &["wire", "fault", "bugs", "lessons", "trace"]),
    ("printable_json", &["wire"]),
    // Flags, colours and files know nothing of the protocol but its text mode.
    ("stop", &[]),
    ("style", &[]),
    ("files", &["wire", "transfer", "stop"]),
    // Views and values, for the shell.
    ("trace", &["wire", "transfer", "event", "analysis", "fault", "style", "units", "printable_json"]),
    // Where machines meet sockets, clocks and files.
    ("net", &["wire", "transfer", "event", "fault", "bugs", "files", "stop"]),
    ("client", &["wire", "transfer", "event", "fault", "bugs", "files", "stop", "net", "macros"]),
    (
        "server",
        &[
            "wire",
            "transfer",
            "event",
            "fault",
            "bugs",
            "files",
            "stop",
            "net",
            "macros",
            "units",
            "printable_json",
            "backlog",
        ],
    ),
    // What a process that is left running needs from the system.
    ("daemon", &["event", "transfer"]),
    // What the program remembers, and its arguments.
    ("session", &["wire", "transfer", "trace", "client", "language"]),
    ("cli", &["wire", "transfer", "language", "client", "style"]),
    ("profile", &["language", "stop"]),
    ("complete", &["wire", "language", "profile", "cli"]),
    ("terminal", &["language", "complete", "profile", "stop", "style", "trace", "printable_json", "backlog"]),
    // Only main uses the shell, through `internals`.
    (
        "shell",
        &[
            "wire", "transfer", "event", "analysis", "fault", "bugs", "plan", "lessons", "stop", "style", "files",
            "trace", "session", "daemon", "cli", "client", "server", "language", "complete", "profile", "terminal",
            "units",
        ],
    ),
    ("main", &[]),
];

/// Crates and parts of the standard library that only some modules may name.
const KEEPERS: &[(&[&str], &[&str])] = &[
    (&["anyhow"], &["shell::startup"]),
    (&["colored"], &["style"]),
    (&["signal_hook"], &["stop"]),
    (&["rustyline"], &["terminal::line_editor"]),
    (&["terminal_size"], &["terminal::console"]),
    (&["etcetera"], &["profile::directories"]),
    (&["clap_mangen"], &["complete::manual"]),
    (&["indicatif"], &["trace::progress"]),
    (&["nix"], &["net", "files", "stop", "daemon", "terminal::control"]),
    (&["listenfd"], &["daemon::systemd"]),
    (&["sd_notify"], &["daemon::systemd"]),
    (&["cap_std"], &["files"]),
    (&["xattr"], &["files"]),
    (&["jiff"], &["server::log::clock"]),
    (&["fast_glob"], &["shell::local_names"]),
    (&["sha2"], &["files"]),
];

/// Modules that are values and functions only, and what would end that.
const PURE: &[&str] = &["wire", "transfer", "event", "analysis", "fault", "bugs", "plan", "lessons", "language"];
const IMPURE: &[&[&str]] = &[
    &["UdpSocket"],
    &["std", "fs"],
    &["std", "env"],
    &["std", "thread"],
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
    &["std", "io", "stderr"],
    &["Instant", "now"],
    &["SystemTime", "now"],
];

#[test]
fn every_dependency_between_modules_is_allowed_and_every_permission_is_used() {
    let files = sources();
    let mut wrong: Vec<String> = files.iter().flat_map(File::violations).collect();
    let used: BTreeSet<(String, String)> = files.iter().flat_map(File::modules_named).collect();
    for (from, allowed) in MODULES {
        let unused = allowed.iter().filter(|to| !used.contains(&((*from).to_owned(), (**to).to_owned())));
        wrong.extend(unused.map(|to| format!("{from} may name {to}, but does not")));
    }
    for (kept, keepers) in KEEPERS {
        for keeper in *keepers {
            let inside = files.iter().filter(|file| file.module.starts_with(&split(keeper)));
            if !inside.flat_map(|file| &file.paths).any(|path| starts_with(path, kept)) {
                wrong.push(format!("{keeper} may name {}, but does not", kept.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_inside_a_module_depend_on_each_other_one_way() {
    let files = sources();
    let homes = Homes::of(&files);
    let mut arrows: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    for file in &files {
        let inside = file.paths.iter().filter_map(|path| homes.find(path.strip_prefix(&["crate".to_owned()][..])?));
        let same_module = inside.filter(|home| home.first() == file.module.first() && *home != &file.module[..]);
        arrows.entry(&file.module).or_default().extend(same_module);
    }
    let mut rings = Vec::new();
    for from in arrows.keys() {
        if let Some(ring) = ring(&arrows, from) {
            rings.push(ring.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(" -> "));
        }
    }
    assert!(rings.is_empty(), "\n{}", rings.join("\n"));
}

#[test]
fn a_forbidden_dependency_is_found_wherever_it_hides() {
    let wrong = |module: &str, text: &str| File::parse(split(module), text).violations();
    assert_eq!(wrong("wire::packet", "use crate::net::Socket;"), ["wire::packet names net::Socket"]);
    assert_eq!(
        wrong("trace", "use crate::{event, net::{self, socket::Socket}};"),
        ["trace names net", "trace names net::socket::Socket"]
    );
    assert_eq!(
        wrong("net::drive", "use super::super::shell::{commands::COMMANDS as C, *};"),
        ["net::drive names shell::commands::COMMANDS", "net::drive names shell"]
    );
    assert_eq!(wrong("main", "use tftpsh::attic;"), ["main names attic, a module without a row here"]);
    assert_eq!(wrong("shell::script", "use rustyline::Editor;"), ["shell::script names rustyline::Editor"]);
    assert_eq!(wrong("trace::classic", "use colored;"), ["trace::classic names colored"]);
    assert_eq!(
        wrong("transfer::peer", "fn f() { let now = std::time::Instant::now(); }"),
        ["transfer::peer names std::time::Instant::now"]
    );
    assert_eq!(wrong("wire", "use std::{fmt, net::{IpAddr, UdpSocket}};"), ["wire names std::net::UdpSocket"]);
    for hidden in [
        "#[cfg(test)]\nuse std::fmt;\nuse crate::net::Socket;",
        "use crate as x;\nfn f() -> x::net::Socket { loop {} }",
        "fn f() { g(\"//\", crate::net::Socket::new()); }",
        "fn f() { println!(\"{}\", crate::net::Socket::new()); }",
    ] {
        assert!(!wrong("wire", hidden).is_empty(), "{hidden}");
    }
}

#[test]
fn what_is_not_a_dependency_is_left_alone() {
    for text in [
        "use super::Packet;",
        "/// See [`crate::net`].\nconst A: u8 = 1; // crate::net is elsewhere",
        "const A: &str = \"tftp://crate::net\";",
        "#[cfg(test)]\nmod tests {\n    use crate::net::Socket;\n}",
    ] {
        assert_eq!(File::parse(split("wire::packet"), text).violations(), [""; 0], "{text}");
    }
}

impl File {
    fn violations(&self) -> Vec<String> {
        let mut wrong: Vec<String> = Vec::new();
        for path in &self.paths {
            let reason = match path.split_first() {
                Some((first, inside)) if first == "crate" => self.wrong_module(inside),
                _ => self.wrong_outside(path),
            };
            let sentence = reason.map(|reason| format!("{} names {reason}", self.module.join("::")));
            wrong.extend(sentence.filter(|sentence| !wrong.contains(sentence)));
        }
        wrong
    }

    fn wrong_module(&self, path: &[String]) -> Option<String> {
        let (from, to) = (self.module.first()?, path.first()?);
        let row = |module: &str| MODULES.iter().find(|(name, _)| *name == module);
        // The crate's root re-exports names of its modules; the program may use them.
        let exported = to.starts_with(char::is_uppercase) || to == "internals";
        let Some((_, allowed)) = row(from) else { return Some(format!("{to} and is a module without a row here")) };
        if row(to).is_none() {
            return (!exported).then(|| format!("{to}, a module without a row here"));
        }
        (from != to && !allowed.contains(&to.as_str())).then(|| path.join("::"))
    }

    fn wrong_outside(&self, path: &[String]) -> Option<String> {
        let stolen = KEEPERS.iter().any(|(kept, keepers)| {
            starts_with(path, kept) && !keepers.iter().any(|keeper| self.module.starts_with(&split(keeper)))
        });
        let pure = self.module.first().is_some_and(|module| PURE.contains(&module.as_str()));
        let impure = pure && IMPURE.iter().any(|parts| path.windows(parts.len()).any(|part| starts_with(part, parts)));
        (stolen || impure).then(|| path.join("::"))
    }

    fn modules_named(&self) -> Vec<(String, String)> {
        let from = self.module.first().cloned().unwrap_or_default();
        let inside = self.paths.iter().filter_map(|path| path.strip_prefix(&["crate".to_owned()][..])?.first());
        inside.map(|to| (from.clone(), to.clone())).collect()
    }
}

/// A way from a file back to itself, if there is one.
fn ring<'a>(arrows: &BTreeMap<&'a [String], BTreeSet<&'a [String]>>, start: &'a [String]) -> Option<Vec<&'a [String]>> {
    let mut ways = vec![vec![start]];
    let mut visited = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in arrows.get(way.last()?).into_iter().flatten() {
            if *next == start {
                return Some([&way[..], &[start]].concat());
            }
            if visited.insert(*next) {
                ways.push([&way[..], &[next]].concat());
            }
        }
    }
    None
}
