use super::{BadRule, Rule};

/// What a line that begins with `fault` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instruction {
    /// `fault`: list the rules.
    List,
    /// `fault RULE`: add it.
    Add(Rule),
    /// `fault seed N`.
    Seed(u64),
    /// `fault off [N]`: remove a rule by its number, or all.
    Off(Option<u32>),
    /// `fault test "RULE"`: which packets of the last transfer would it have hit?
    Test(Rule),
    /// `fault remote on|off`: whether rules act beyond this computer.
    Remote(bool),
}

impl Instruction {
    /// Reads the words behind `fault`. A rule may stand in quotes, as one word, or not.
    ///
    /// # Errors
    ///
    /// The words are not an instruction; the error says what was expected.
    pub fn parse(words: &[&str]) -> Result<Self, BadRule> {
        let Some((first, rest)) = words.split_first() else { return Ok(Self::List) };
        let rule = |words: &[&str]| Rule::parse(words.iter().flat_map(|word| word.split_whitespace()));
        let is = |name: &str| first.eq_ignore_ascii_case(name);
        if is("seed") {
            return Ok(Self::Seed(single("seed", "a number", rest, |word| word.parse().ok())?));
        }
        if is("off") && rest.is_empty() {
            return Ok(Self::Off(None));
        }
        if is("off") {
            return Ok(Self::Off(Some(single("rule", "its number, or nothing for all", rest, |word| {
                word.parse().ok()
            })?)));
        }
        if is("remote") {
            let switch = |word: &str| [("on", true), ("off", false)].into_iter().find(|(name, _)| *name == word);
            return Ok(Self::Remote(single("switch", "on, off", rest, |word| Some(switch(word)?.1))?));
        }
        if is("test") {
            return rule(rest).map(Self::Test);
        }
        rule(words).map(Self::Add)
    }
}

/// The one word that follows.
fn single<T>(
    what: &'static str,
    choices: &str,
    words: &[&str],
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, BadRule> {
    let choices = choices.to_owned();
    match words {
        [] => Err(BadRule::Missing { what, choices }),
        [word] => read(word).ok_or_else(|| BadRule::Unknown { what, word: (*word).to_owned(), choices }),
        [_, more, ..] => Err(BadRule::TooMuch((*more).to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_command_is_understood() {
        let rule: Rule = "drop sent ack 2".parse().unwrap();
        for (line, instruction) in [
            (&[][..], Instruction::List),
            (&["drop", "sent", "ack", "2"], Instruction::Add(rule)),
            (&["drop sent ack 2"], Instruction::Add(rule)),
            (&["test", "drop sent ack 2"], Instruction::Test(rule)),
            (&["test", "drop", "sent", "ack", "2"], Instruction::Test(rule)),
            (&["seed", "7"], Instruction::Seed(7)),
            (&["off"], Instruction::Off(None)),
            (&["OFF", "2"], Instruction::Off(Some(2))),
            (&["remote", "on"], Instruction::Remote(true)),
            (&["remote", "off"], Instruction::Remote(false)),
        ] {
            assert_eq!(Instruction::parse(line), Ok(instruction), "{line:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, words) in [
            (&["seed"][..], "the seed is missing: a number"),
            (&["seed", "x"], "\"x\" is no seed: a number"),
            (&["off", "1", "2"], "\"2\" is too much: the rule is complete before it"),
            (&["remote", "maybe"], "\"maybe\" is no switch: on, off"),
            (&["test"], "the action is missing: drop, dup, delay, swap, corrupt, cut, stranger"),
        ] {
            assert_eq!(Instruction::parse(line).map_err(|it| it.to_string()), Err(words.to_owned()));
        }
    }
}
