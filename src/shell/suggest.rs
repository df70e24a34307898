//! What a mistyped command most likely means.

use super::commands::{COMMANDS, names};
use super::words::Word;

/// The command name nearest to the word: one slip away from a short name, two from a long one.
pub(super) fn suggest(word: &Word) -> Option<&'static str> {
    let typed = word.text()?.to_ascii_lowercase();
    let near = |name: &&str| {
        let allowed = if name.len() < 5 { 1 } else { 2 };
        // Every letter more or less is a slip, which spares most names the table.
        typed.len() >= 3 && typed.len().abs_diff(name.len()) <= allowed && distance(&typed, name) <= allowed
    };
    COMMANDS.iter().flat_map(names).filter(near).min_by_key(|name| distance(&typed, name))
}

/// How many letters must be inserted, dropped or changed, or neighbours swapped, to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i];
        for j in 1..=b.len() {
            let change = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let suggestion = |word: &str| suggest(&Word::new(word));
        assert_eq!(suggestion("gett"), Some("get"));
        assert_eq!(suggestion("gte"), Some("get"));
        assert_eq!(suggestion("conect"), Some("connect"));
        assert_eq!(suggestion("STAUTS"), Some("status"));
        assert_eq!(suggestion("switch1"), None);
        assert_eq!(suggestion("x"), None);
    }
}
