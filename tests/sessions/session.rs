//! One session as text.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::Path;

/// What a session is about, and its parts in their order.
#[derive(Clone)]
pub(crate) struct Session {
    about: String,
    parts: Vec<(String, String)>,
}

const NAMES: [&str; 9] = ["args", "files", "served", "peer", "stdin", "stdout", "stderr", "left", "status"];

impl Session {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a session");
        let mut session = Self { about: String::new(), parts: Vec::new() };
        for line in text.lines() {
            match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                Some(name) if NAMES.contains(&name) => session.parts.push((name.to_owned(), String::new())),
                _ => {
                    let text = session.parts.last_mut().map_or(&mut session.about, |(_, text)| text);
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
        assert!(!session.about.trim().is_empty(), "{}: what is it about?", path.display());
        for (_, text) in &mut session.parts {
            trim(text);
        }
        session
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.parts.iter().any(|(part, _)| part == name)
    }

    /// The lines of a part; none where it is left out.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.parts.iter().find(|(part, _)| part == name).map_or("", |(_, text)| text)
    }

    /// The same session with these parts; those that hold nothing are left out, unless they stood there.
    pub(crate) fn with<const N: usize>(&self, parts: [(&str, String); N]) -> Self {
        let mut session = self.clone();
        for (name, mut text) in parts {
            trim(&mut text);
            match session.parts.iter_mut().find(|(part, _)| part == name) {
                Some((_, old)) => *old = text,
                None if text.is_empty() => {}
                None => session.parts.push((name.to_owned(), text)),
            }
        }
        session
    }

    /// The first part in which the two are not the same.
    pub(crate) fn difference(&self, found: &Self) -> Option<String> {
        let name = NAMES.iter().find(|name| self.part(name) != found.part(name))?;
        let (expected, found) = (self.part(name), found.part(name));
        Some(format!("{name}\n--- expected\n{expected}--- found\n{found}---"))
    }
}

impl Display for Session {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.about)?;
        self.parts.iter().try_for_each(|(name, text)| write!(f, "[{name}]\n{text}"))
    }
}

/// Blank lines at the end are for the eye.
fn trim(text: &mut String) {
    text.truncate(text.trim_end_matches('\n').len());
    if !text.is_empty() {
        text.push('\n');
    }
}

/// Text with `\n`, `\r`, `\0`, `\\` and `\xNN` taken as bytes. Other backslashes stay.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find('\\') {
        let (before, escape) = rest.split_at(place);
        bytes.extend_from_slice(before.as_bytes());
        let (byte, length) = match escape.as_bytes().get(1) {
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'0') => (0, 2),
            Some(b'x') => (u8::from_str_radix(&escape[2..4], 16).expect("two digits"), 4),
            _ => (b'\\', 1),
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// Writes what `name = content` lines tell.
pub(crate) fn write_files(folder: &Path, lines: &str) {
    for line in lines.lines() {
        let (name, content) = line.split_once(" = ").expect("name = content");
        fs::write(folder.join(name), bytes(content)).expect("a file");
    }
}

/// The folder in the words of `expected`, which tells for each file whether its content or its size is of interest.
pub(crate) fn left(folder: &Path, expected: &str) -> String {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder") {
        let entry = entry.expect("entry");
        let (name, content) = (entry.file_name(), fs::read(entry.path()).unwrap_or_default());
        let name = name.to_string_lossy();
        let by_size = content.len() > 200 || expected.lines().any(|line| line.starts_with(&format!("{name}: ")));
        lines.push(if by_size {
            format!("{name}: {} bytes\n", content.len())
        } else {
            format!("{name} = {}\n", content.escape_ascii().to_string().replace("\\x00", "\\0"))
        });
    }
    lines.sort();
    lines.concat()
}
