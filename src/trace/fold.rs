use super::columns::{split, width};

/// Folds a long line into several, the later ones indented by `margin`. Words stay whole, and so does text in brackets,
/// as the source after a sentence.
pub(crate) fn fold(line: &str, columns: Option<usize>, margin: usize) -> String {
    let Some(columns) = columns.filter(|columns| width(line) > *columns && *columns > 2 * margin) else {
        return line.to_owned();
    };
    let (mut folded, mut length) = (String::new(), 0);
    for word in words(line, columns - margin) {
        let taken = width(word.trim_end());
        if length + taken > columns && length > margin {
            folded.truncate(folded.trim_end().len());
            folded.push_str(&format!("\n{:margin$}", ""));
            length = margin;
        }
        folded.push_str(word);
        length += width(word);
    }
    folded
}

/// Divides text into lines of at most `space` columns: between words, and within a word that is longer.
pub(super) fn parts(text: &str, space: usize) -> Vec<String> {
    let mut parts = Vec::new();
    for mut line in fold(text, Some(space), 0).lines() {
        while !line.is_empty() {
            // At least one character, so that this ends on any screen.
            let least = line.chars().next().map_or(0, char::len_utf8);
            let (part, rest) = split(line, space);
            let (part, rest) = if part.is_empty() { line.split_at(least) } else { (part, rest) };
            parts.push(part.to_owned());
            line = rest;
        }
    }
    parts
}

/// Joins parts with commas, as many on a line as fit. Each part stays whole.
pub(crate) fn fold_parts(parts: &[String], columns: Option<usize>) -> String {
    let (mut folded, mut length) = (String::new(), 0);
    for (place, part) in parts.iter().enumerate() {
        let comma = if place + 1 < parts.len() { "," } else { "" };
        let taken = width(part) + comma.len();
        if place > 0 {
            let fits = columns.is_none_or(|columns| length + 1 + taken <= columns);
            folded.push(if fits { ' ' } else { '\n' });
            length = if fits { length + 1 } else { 0 };
        }
        folded.push_str(part);
        folded.push_str(comma);
        length += taken;
    }
    folded
}

/// Splits a line into words, each with the spaces after it. Text in brackets is one word if it fits into a line, and a
/// number is one word with its unit.
fn words(line: &str, width: usize) -> impl Iterator<Item = &str> {
    let (mut rest, mut previous) = (line, "");
    std::iter::from_fn(move || {
        let bracket = rest.strip_prefix('[').and_then(|inside| inside.find(']')).map(|end| end + 2);
        let from = bracket.filter(|end| *end <= width).unwrap_or_default();
        let end_after = |from: usize| Some(rest.get(from..)?.find(' ').map_or(rest.len(), |space| from + space + 1));
        let mut end = end_after(from)?;
        // The number of an RFC has no unit.
        if rest.get(..end).is_some_and(is_number) && !previous.trim_end().ends_with("RFC") {
            end = end_after(end)?;
        }
        let (word, after) = rest.split_at_checked(end)?;
        (rest, previous) = (after, word);
        (!word.is_empty()).then_some(word)
    })
}

/// Whether a word is a number before its unit: not at the end of a sentence or of a part of one.
fn is_number(word: &str) -> bool {
    let number = word.trim_end();
    number.ends_with(|letter: char| letter.is_ascii_digit())
        && number.chars().all(|letter| letter.is_ascii_digit() || ".,".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::{fold, fold_parts};

    #[test]
    fn a_number_is_not_separated_from_its_unit() {
        assert_eq!(fold("resent after 1.0 second, 14 times", Some(16), 0), "resent after\n1.0 second,\n14 times");
        assert_eq!(fold("in 2010, 14 times", Some(11), 0), "in 2010,\n14 times");
        let parts = ["4.1 MB/s", "blksize 1468", "2 resent"].map(str::to_owned);
        assert_eq!(fold_parts(&parts, None), "4.1 MB/s, blksize 1468, 2 resent");
        assert_eq!(fold_parts(&parts, Some(24)), "4.1 MB/s, blksize 1468,\n2 resent");
        assert_eq!(fold_parts(&parts, Some(22)), "4.1 MB/s,\nblksize 1468, 2 resent");
    }

    #[test]
    fn brackets_are_not_torn() {
        let line = "why: a reason.  [RFC 1350 s4]";
        assert_eq!(fold(line, Some(24), 5), "why: a reason.\n     [RFC 1350 s4]");
        assert_eq!(fold(line, Some(15), 5), "why: a reason.\n     [RFC 1350\n     s4]", "no space");
        assert_eq!(fold("why: [open and never closed", Some(20), 5), "why: [open and never\n     closed");
    }

    #[test]
    fn long_lines_are_folded_with_a_margin() {
        let line = "  why: some words that are too many";
        assert_eq!(fold(line, None, 7), line);
        assert_eq!(fold(line, Some(35), 7), line);
        assert_eq!(fold(line, Some(20), 7), "  why: some words\n       that are too\n       many");
        assert_eq!(fold(line, Some(12), 7), line, "no space for anything");
        assert_eq!(fold("  a: averyveryverylongword b", Some(14), 4), "  a:\n    averyveryverylongword\n    b");
    }
}
