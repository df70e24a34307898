//! Bookmarks as text: one on each line, as `host` takes it. Comments and bad lines stay as the user wrote them.
//!
//! ```text
//! # the lab
//! sw1 192.0.2.1
//! old 192.0.2.9 6969 mode=netascii blksize=512
//! ```

use crate::language::{Bookmark, bookmark, split};

/// Reads every bookmark of a text; of two with one name the first counts.
pub(crate) fn parse(text: &str) -> Vec<Bookmark> {
    text.lines().filter_map(line).collect()
}

/// Finds the lines that are neither bookmarks nor comments: their numbers, and what is wrong with them.
pub(crate) fn mistakes(text: &str) -> impl Iterator<Item = (usize, String)> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let reason = match split(line.as_bytes()) {
            Ok(line) if line.words.is_empty() => return None,
            Ok(line) => bookmark(&line.words).err()?.to_string(),
            Err(unfinished) => unfinished.to_string(),
        };
        Some((number, reason))
    })
}

/// The text with this bookmark in the place of the one that had its name, else at the end.
pub(crate) fn with(text: &str, bookmark: &Bookmark) -> String {
    let (mut new, mut lines) = (Some(bookmark.to_string()), Vec::new());
    for old in text.lines() {
        lines.extend(if names(old, &bookmark.name) { new.take() } else { Some(old.to_owned()) });
    }
    lines.extend(new);
    joined(&lines)
}

/// The text without the bookmark of this name; `None` if there is none.
pub(crate) fn without(text: &str, name: &str) -> Option<String> {
    let lines: Vec<_> = text.lines().filter(|line| !names(line, name)).map(str::to_owned).collect();
    (lines.len() < text.lines().count()).then(|| joined(&lines))
}

fn line(line: &str) -> Option<Bookmark> {
    bookmark(&split(line.as_bytes()).ok()?.words).ok()
}

fn names(line: &str, name: &str) -> bool {
    self::line(line).is_some_and(|bookmark| bookmark.is_named(name))
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_order_survive_a_change() {
        let text = "# lab\na 1.2.3.4\nnonsense\nb h # the old one\n";
        let changed = with(text, &parse("A ::1 69")[0]);
        assert_eq!(changed, "# lab\nA ::1 69\nnonsense\nb h # the old one\n");
        assert_eq!(with(text, &parse("c h")[0]), format!("{text}c h\n"));
        assert_eq!(without(text, "B").as_deref(), Some("# lab\na 1.2.3.4\nnonsense\n"));
        assert_eq!(without(text, "z"), None);
    }
}
