/// Folds a long line into several, the later ones indented by `margin`. Words stay whole, and so does text in brackets,
/// as the source after a sentence.
pub(crate) fn fold(line: &str, columns: Option<usize>, margin: usize) -> String {
    let Some(columns) = columns.filter(|columns| line.chars().count() > *columns && *columns > 2 * margin) else {
        return line.to_owned();
    };
    let (mut folded, mut length) = (String::new(), 0);
    for word in words(line, columns - margin) {
        let width = word.trim_end().chars().count();
        if length + width > columns && length > margin {
            folded.truncate(folded.trim_end().len());
            folded.push_str(&format!("\n{:margin$}", ""));
            length = margin;
        }
        folded.push_str(word);
        length += word.chars().count();
    }
    folded
}

/// Splits a line into words, each with the spaces after it; text in brackets is one word if it fits into a line.
fn words(line: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let bracket = rest.strip_prefix('[').and_then(|inside| inside.find(']')).map(|end| end + 2);
        let from = bracket.filter(|end| *end <= width).unwrap_or_default();
        let end = rest.get(from..)?.find(' ').map_or(rest.len(), |space| from + space + 1);
        let (word, after) = rest.split_at_checked(end)?;
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::fold;

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
