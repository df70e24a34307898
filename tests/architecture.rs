//! Dependencies between the modules of `src/`, and between the files inside each of them.
//!
//! ```text
//! wire  <-  transfer  <-  event  <-  net  <-  client, server  <-  shell  <-  main
//! ```
//!
//! The files are parsed, so a path is a dependency wherever it is: in a `use`, in an expression or in a macro. What is
//! marked `#[cfg(test)]` is exempt.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path as FilePath, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// Every module, and the modules that it may name beside itself.
const MODULES: &[(&str, &[&str])] = &[
    ("macros", &[]),
    // Pure: bytes and time come in as arguments.
    ("wire", &["macros"]),
    ("transfer", &["wire"]),
    ("fault", &["wire"]),
    ("event", &["wire", "transfer", "fault"]),
    ("analysis", &["macros", "wire", "transfer", "event", "fault"]),
    ("bugs", &["macros", "wire", "transfer"]),
    // What a class reads and computes.
    ("plan", &["wire", "trace"]),
    ("lessons", &[]),
    // The language parses into plain values: rules, bugs, plans, lessons and the names of views.
    ("language", &["wire", "fault", "bugs", "plan", "lessons", "trace"]),
    // Flags, colours and files know nothing of the protocol but its text mode.
    ("stop", &[]),
    ("style", &[]),
    ("files", &["wire", "transfer"]),
    // Views and values, for the shell.
    ("trace", &["wire", "transfer", "event", "analysis", "fault", "style"]),
    // Where machines meet sockets, clocks and files.
    ("net", &["wire", "transfer", "event", "fault", "bugs", "files", "stop"]),
    ("client", &["wire", "transfer", "event", "fault", "bugs", "files", "stop", "net", "macros"]),
    ("server", &["wire", "transfer", "event", "fault", "bugs", "files", "stop", "net", "macros"]),
    // What the program remembers, and its arguments.
    ("session", &["wire", "transfer", "trace", "client", "language"]),
    ("cli", &["wire", "transfer", "language", "client", "style"]),
    ("profile", &["language"]),
    ("complete", &["wire", "language", "profile", "cli"]),
    ("terminal", &["language", "complete", "profile", "stop", "style", "trace"]),
    // Only main uses the shell, through `internals`.
    (
        "shell",
        &[
            "wire", "transfer", "event", "analysis", "fault", "bugs", "lessons", "stop", "style", "files", "trace",
            "session", "cli", "client", "server", "language", "complete", "profile", "terminal",
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
    (&["nix"], &["net", "files", "terminal::control", "terminal::plain_input"]),
    (&["cap_std"], &["files"]),
    (&["mio"], &["net"]),
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
        "use crate as x;\nfn f() -> x::net::Socket { todo!() }",
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

/// One source file, with every path in it as seen from `crate`.
struct File {
    module: Vec<String>,
    paths: Vec<Vec<String>>,
    /// Names that this file re-exports, and where they come from.
    exports: Vec<(String, Vec<String>)>,
    /// Names that this file defines.
    defines: Vec<String>,
}

impl File {
    fn parse(module: Vec<String>, text: &str) -> Self {
        let parsed = syn::parse_file(text).expect("a source file");
        let mut paths = Paths::default();
        paths.visit_file(&parsed);
        let mut file = Self { module, paths: Vec::new(), exports: Vec::new(), defines: paths.defines };
        for (path, alias) in &paths.uses {
            file.exports.push((alias.clone(), file.resolve(path, &[])));
        }
        let aliases = file.exports.clone();
        let uses = paths.uses.iter().map(|(path, _)| file.resolve(path, &[]));
        file.paths = uses.chain(paths.found.iter().map(|path| file.resolve(path, &aliases))).collect();
        file
    }

    /// The path seen from `crate`, where it leads into this package.
    fn resolve(&self, path: &[String], aliases: &[(String, Vec<String>)]) -> Vec<String> {
        let Some(first) = path.first() else { return Vec::new() };
        if let Some((_, target)) =
            aliases.iter().find(|(alias, target)| alias == first && target.first() == Some(&"crate".to_owned()))
        {
            return target.iter().chain(&path[1..]).cloned().collect();
        }
        if first == "super" || first == "self" {
            let ups = path.iter().take_while(|name| *name == "super").count();
            let base = self.module.get(..self.module.len().saturating_sub(ups)).unwrap_or_default();
            let rest = path.iter().filter(|name| *name != "super" && *name != "self");
            return ["crate".to_owned()].iter().chain(base).chain(rest).cloned().collect();
        }
        let crates = ["crate", "tftpsh"].contains(&first.as_str());
        if crates { [&["crate".to_owned()], &path[1..]].concat() } else { path.to_vec() }
    }

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

/// Where the names of the package are defined.
struct Homes<'a> {
    files: BTreeMap<&'a [String], &'a File>,
}

impl<'a> Homes<'a> {
    fn of(files: &'a [File]) -> Self {
        Self { files: files.iter().map(|file| (&file.module[..], file)).collect() }
    }

    /// The file that a path leads to; re-exports are followed, and a module that only re-exports is no home.
    fn find(&self, path: &[String]) -> Option<&'a [String]> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let (file, rest) = (0..=path.len()).rev().find_map(|length| {
                let (module, rest) = path.split_at(length);
                Some((*self.files.get(module)?, rest.to_vec()))
            })?;
            let name = rest.first()?;
            if file.defines.contains(name) {
                return Some(&file.module);
            }
            let (_, target) = file.exports.iter().find(|(alias, _)| alias == name)?;
            path = [target.strip_prefix(&["crate".to_owned()][..])?, &rest[1..]].concat();
        }
        None
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

/// Collects the paths of a file.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
    /// Paths of `use`, each with the name it gives.
    uses: Vec<(Vec<String>, String)>,
    defines: Vec<String>,
    depth: usize,
}

impl Paths {
    fn spread(&mut self, tree: &UseTree, prefix: &[String]) {
        let joined = |name: String| [prefix, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.spread(&path.tree, &joined(path.ident.to_string())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.spread(tree, prefix)),
            UseTree::Glob(_) => self.uses.push((prefix.to_vec(), "*".to_owned())),
            UseTree::Name(name) if name.ident == "self" => {
                self.uses.push((prefix.to_vec(), prefix.last().cloned().unwrap_or_default()));
            }
            UseTree::Name(name) => self.uses.push((joined(name.ident.to_string()), name.ident.to_string())),
            UseTree::Rename(rename) => {
                let path = if rename.ident == "self" { prefix.to_vec() } else { joined(rename.ident.to_string()) };
                self.uses.push((path, rename.rename.to_string()));
            }
        }
    }

    /// Paths in the tokens of a macro, which no parser knows.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.end(&mut path),
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.found.push(std::mem::take(path));
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Const(it) => &it.attrs,
            Item::Enum(it) => &it.attrs,
            Item::Fn(it) => &it.attrs,
            Item::Impl(it) => &it.attrs,
            Item::Macro(it) => &it.attrs,
            Item::Mod(it) => &it.attrs,
            Item::Static(it) => &it.attrs,
            Item::Struct(it) => &it.attrs,
            Item::Trait(it) => &it.attrs,
            Item::Type(it) => &it.attrs,
            Item::Use(it) => &it.attrs,
            _ => &Vec::new(),
        };
        if attributes.iter().any(is_for_tests) {
            return;
        }
        if self.depth == 0 {
            let name = match item {
                Item::Const(it) => Some(&it.ident),
                Item::Enum(it) => Some(&it.ident),
                Item::Fn(it) => Some(&it.sig.ident),
                Item::Static(it) => Some(&it.ident),
                Item::Struct(it) => Some(&it.ident),
                Item::Trait(it) => Some(&it.ident),
                Item::Type(it) => Some(&it.ident),
                _ => None,
            };
            self.defines.extend(name.map(ToString::to_string));
        }
        self.depth += 1;
        visit::visit_item(self, item);
        self.depth -= 1;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.spread(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.found.push(names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}

fn sources() -> Vec<File> {
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    assert!(paths.len() > 10, "the source is read");
    let files = paths.iter().map(|path| {
        let module = module_of(path.strip_prefix(&root).expect("a file below src"));
        File::parse(module, &fs::read_to_string(path).expect("a source file"))
    });
    // lib.rs is the map of the whole.
    files.filter(|file| !file.module.is_empty()).collect()
}

fn collect(directory: &FilePath, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// `net/drive.rs` is `net::drive`, `net/mod.rs` is `net`, `main.rs` is `main`, and `lib.rs` is nothing.
fn module_of(file: &FilePath) -> Vec<String> {
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

fn starts_with(path: &[String], parts: &[&str]) -> bool {
    path.len() >= parts.len() && path.iter().zip(parts).all(|(name, part)| name == part)
}
