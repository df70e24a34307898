//! The settings that neither 4.3BSD nor NetBSD has.

use super::arguments::ON_OFF;
use super::command::{Command, SETTING};
use super::verb::{Choice, Verb};

const AUTO_ON_OFF: [(&str, Choice); 3] = [("auto", Choice::Auto), ("on", Choice::On), ("off", Choice::Off)];

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) static ROWS: &[Command] = &[
    Command {
        name: "windowsize", usage: &["windowsize value"], ask: Some("(value) "),
        brief: "set the blocks sent for each acknowledgement", examples: &["windowsize 16", "windowsize auto"],
        see: &["blksize", "options"],
        parse: |args| args.only_value_or_auto().map(Verb::Windowsize), ..SETTING
    },
    Command {
        name: "options", usage: &["options [ auto | on | off ]"], brief: "choose the options to ask for",
        examples: &["options off", "options auto"], see: &["blksize", "windowsize", "tsize", "tout"],
        parse: |args| args.only_choice(&AUTO_ON_OFF).map(Verb::Options), ..SETTING
    },
    Command {
        name: "literal", usage: &["literal [ on | off ]"], brief: "toggle treating host:file as a file name",
        examples: &["literal", "literal on"], see: &["get", "uri"], parse: |args| args.only_choice(&ON_OFF).map(Verb::Literal),
        ..SETTING
    },
    Command {
        name: "progress", usage: &["progress [ on | off ]"], brief: "toggle the progress display",
        examples: &["progress", "progress off"], see: &["status"], parse: |args| args.only_choice(&ON_OFF).map(Verb::Progress),
        ..SETTING
    },
];

#[cfg(test)]
mod tests {
    use super::super::{Word, commands, following};

    #[test]
    fn a_switch_has_one_usage_line_with_its_two_positions() {
        let is_switch = |name: &str| {
            let expected = following(&[Word::new(name)]).expected;
            expected.iter().map(|it| it.name()).eq(["on", "off"])
        };
        let switches: Vec<_> = commands().filter(|command| is_switch(command.name)).collect();
        for switch in &switches {
            assert_eq!(switch.usage, [format!("{} [ on | off ]", switch.name)]);
        }
        let names: Vec<_> = switches.iter().map(|switch| switch.name).collect();
        assert_eq!(names, ["verbose", "literal", "progress"]);
    }
}
