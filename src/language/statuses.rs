//! The exit statuses, as the help, the manual page and the topic `scripts` explain them.

/// Each status and its meaning. `shell::status` defines the numbers.
pub(crate) const STATUSES: &[(&str, &str)] = &[
    ("0", "every command succeeded"),
    ("1", "a local reason: a file, a name look-up, an invalid command"),
    ("2", "invalid command line"),
    ("3", "no answer"),
    ("4", "connection refused, host unreachable, or protocol violation"),
    ("5", "a digest differs"),
    ("10+N", "the server sent error N (see \"help errors\")"),
    ("130", "interrupted"),
    ("141", "the reader of the output went away before every command ran"),
];

#[cfg(test)]
mod tests {
    use super::super::TOPICS;
    use super::*;

    #[test]
    fn the_topic_about_scripts_has_the_same_rows() {
        let scripts = TOPICS.iter().find(|topic| topic.name == "scripts").expect("a topic").text;
        for (status, meaning) in STATUSES {
            let row = format!("\n  {status:<4}  {meaning}\n");
            assert!(scripts.contains(&row), "{row}");
        }
    }
}
