//! Lessons: scripts of plain shell commands. Each shows one thing that the protocol does.
//!
//! A script begins with `# Lesson N: TITLE`. Comments before the commands explain them. On a terminal, the shell shows
//! the comments and pauses; from a pipe, it only runs the commands.

/// One lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// The number, from 1.
    pub number: usize,
    /// The title, in a few words.
    pub title: &'static str,
    /// The text of the file.
    pub script: &'static str,
}

/// Comments, and the commands that they explain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step<'a> {
    /// Lines for people, without their `#`; an empty one separates paragraphs.
    pub words: Vec<&'a str>,
    /// Lines for the shell; the last step of a lesson has none.
    pub commands: Vec<&'a str>,
}

macro_rules! lesson {
    ($number:literal, $title:literal, $file:literal) => {
        Lesson { number: $number, title: $title, script: include_str!(concat!("lessons/", $file)) }
    };
}

/// All lessons, in order.
pub(crate) const LESSONS: [Lesson; 12] = [
    lesson!(1, "Hello", "01-hello.tftp"),
    lesson!(2, "Text and bytes", "02-text-and-bytes.tftp"),
    lesson!(3, "How many packets?", "03-how-many-packets.tftp"),
    lesson!(4, "The ACK is lost", "04-lost-ack.tftp"),
    lesson!(5, "The request is lost, the data is lost", "05-lost-request.tftp"),
    lesson!(6, "The last ACK", "06-last-ack.tftp"),
    lesson!(7, "Two answers, and a stranger", "07-stranger.tftp"),
    lesson!(8, "Sorcerer's Apprentice", "08-sorcerer.tftp"),
    lesson!(9, "Bargaining", "09-bargaining.tftp"),
    lesson!(10, "Roll-over", "10-roll-over.tftp"),
    lesson!(11, "Faster: blksize and window", "11-faster.tftp"),
    lesson!(12, "Find the bug", "12-find-the-bug.tftp"),
];

impl Lesson {
    /// Finds the lesson with this number.
    pub fn find(number: usize) -> Option<&'static Self> {
        LESSONS.iter().find(|lesson| lesson.number == number)
    }

    /// Returns the steps of the script. The first begins with the title.
    pub fn steps(&self) -> impl Iterator<Item = Step<'static>> + use<> {
        steps(self.script)
    }
}

/// Splits a script: each step is a block of comments, with its empty lines, and the commands up to the next block.
fn steps(script: &str) -> impl Iterator<Item = Step<'_>> {
    let mut lines = script.trim_start().lines().peekable();
    std::iter::from_fn(move || {
        let mut step = Step::default();
        while let Some(line) = lines.next_if(|line| comment(line).is_some() || is_blank(line)) {
            step.words.push(comment(line).unwrap_or_default());
        }
        while step.words.last().is_some_and(|line| line.is_empty()) {
            step.words.pop();
        }
        while let Some(line) = lines.next_if(|line| comment(line).is_none()) {
            step.commands.extend((!is_blank(line)).then_some(line));
        }
        (step != Step::default()).then_some(step)
    })
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn comment(line: &str) -> Option<&str> {
    Some(line.trim().strip_prefix('#')?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{parse, split};

    fn commands() -> impl Iterator<Item = (usize, &'static str)> {
        LESSONS.iter().flat_map(|lesson| lesson.steps().flat_map(|it| it.commands).map(|line| (lesson.number, line)))
    }

    #[test]
    fn a_script_is_split_into_words_and_commands() {
        let script = "# Title\n#\n# What comes.\n\nserve\n\nget a\n# Then:\nget b\n\n# A question?\n\n# Another?\n\n";
        let step = |words: &[&'static str], commands: &[&'static str]| Step {
            words: words.to_vec(),
            commands: commands.to_vec(),
        };
        let all: Vec<_> = steps(script).collect();
        assert_eq!(
            all,
            [
                step(&["Title", "", "What comes."], &["serve", "get a"]),
                step(&["Then:"], &["get b"]),
                step(&["A question?", "", "Another?"], &[]),
            ]
        );
        assert_eq!(steps("\n\n").count(), 0);
        assert_eq!(steps("get a").collect::<Vec<_>>(), [step(&[], &["get a"])]);
    }

    #[test]
    fn each_lesson_has_its_title_and_asks_a_question() {
        for (place, lesson) in LESSONS.iter().enumerate() {
            assert_eq!(lesson.number, place + 1);
            assert_eq!(Lesson::find(lesson.number), Some(lesson));
            let title = format!("# Lesson {}: {}", lesson.number, lesson.title);
            assert_eq!(lesson.script.lines().next(), Some(title.as_str()));
            let last = lesson.steps().last().unwrap_or_default();
            assert!(last.commands.is_empty() && last.words.concat().contains('?'), "{title}");
            assert!(lesson.script.lines().all(|line| line.len() <= 80 && line.is_ascii()), "{title}");
            assert!(lesson.steps().all(|step| !step.words.is_empty()), "{title}: every command is explained");
        }
        assert_eq!(Lesson::find(13), None);
    }

    #[test]
    fn every_lesson_begins_with_fixed_timers() {
        for lesson in LESSONS {
            let commands: Vec<_> = lesson.steps().flat_map(|step| step.commands).take(4).collect();
            assert_eq!(commands, ["serve", "options off", "rexmt 5", "serve rexmt 1"], "lesson {}", lesson.number);
        }
    }

    #[test]
    fn every_command_of_a_lesson_is_understood() {
        let lines = commands().map(|(number, line)| (number, line.trim_start_matches('-')));
        for (number, line) in lines.filter(|(_, line)| !line.starts_with('!')) {
            let words = split(line.as_bytes()).unwrap().words;
            assert!(parse(&words).is_ok(), "lesson {number}: {line}");
        }
    }
}
