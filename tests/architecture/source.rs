//! The source files of the package, and where each name in them leads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

use crate::paths::Paths;

/// One source file, with every path in it as seen from `crate`.
pub(crate) struct File {
    pub(crate) module: Vec<String>,
    pub(crate) paths: Vec<Vec<String>>,
    /// Names that this file re-exports, and where they come from.
    exports: Vec<(String, Vec<String>)>,
    /// Names that this file defines.
    defines: Vec<String>,
}

impl File {
    pub(crate) fn parse(module: Vec<String>, text: &str) -> Self {
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
}

/// Where the names of the package are defined.
pub(crate) struct Homes<'a> {
    files: BTreeMap<&'a [String], &'a File>,
}

impl<'a> Homes<'a> {
    pub(crate) fn of(files: &'a [File]) -> Self {
        Self { files: files.iter().map(|file| (&file.module[..], file)).collect() }
    }

    /// The file that a path leads to; re-exports are followed, and a module that only re-exports is no home.
    pub(crate) fn find(&self, path: &[String]) -> Option<&'a [String]> {
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

pub(crate) fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
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

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
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
fn module_of(file: &Path) -> Vec<String> {
    let mut module: Vec<_> =
        file.with_extension("").iter().map(|part| part.to_str().expect("a plain name").to_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

pub(crate) fn split(path: &str) -> Vec<String> {
    path.split("::").map(str::to_owned).collect()
}

pub(crate) fn starts_with(path: &[String], parts: &[&str]) -> bool {
    path.len() >= parts.len() && path.iter().zip(parts).all(|(name, part)| name == part)
}
