//! The settings that 4.3BSD does not have.

use super::arguments::Arguments;
use super::command::{Command, SETTING};
use super::mistake::Mistake;
use super::verb::{Choice, Verb};

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) static ROWS: &[Command] = &[
    Command {
        name: "blksize", aliases: &["blocksize"], usage: &["blksize value"], ask: Some("(value) "),
        brief: "set the block size to ask for", examples: &["blksize 1428", "blksize auto"],
        see: &["windowsize", "options"],
        parse: |args| args.at_most(1).and_then(|()| args.value_or_auto()).map(Verb::Blksize), ..SETTING
    },
    Command {
        name: "windowsize", usage: &["windowsize value"], ask: Some("(value) "),
        brief: "set the blocks sent for each acknowledgement", examples: &["windowsize 16", "windowsize auto"],
        see: &["blksize", "options"],
        parse: |args| args.at_most(1).and_then(|()| args.value_or_auto()).map(Verb::Windowsize), ..SETTING
    },
    Command {
        name: "tsize", usage: &["tsize [ on | off | auto ]"], brief: "toggle asking for the file size",
        examples: &["tsize", "tsize on"], see: &["options"], parse: |args| on_off_auto(args).map(Verb::Tsize),
        ..SETTING
    },
    Command {
        name: "tout", usage: &["tout [ on | off | auto ]"], brief: "toggle asking for the retransmission interval",
        examples: &["tout", "tout on"], see: &["rexmt", "options"], parse: |args| on_off_auto(args).map(Verb::Tout),
        ..SETTING
    },
    Command {
        name: "options", usage: &["options [ auto | on | off ]"], brief: "choose the options to ask for",
        examples: &["options off", "options auto"], see: &["blksize", "windowsize", "tsize", "tout"], parse: options,
        ..SETTING
    },
    Command {
        name: "literal", usage: &["literal [ on | off ]"], brief: "toggle treating host:file as a file name",
        examples: &["literal", "literal on"], see: &["get", "uri"], parse: |args| args.on_off().map(Verb::Literal),
        ..SETTING
    },
    Command {
        name: "progress", usage: &["progress [ on | off ]"], brief: "toggle the progress display",
        examples: &["progress", "progress off"], see: &["status"], parse: |args| args.on_off().map(Verb::Progress),
        ..SETTING
    },
];

fn on_off_auto(args: &mut Arguments<'_>) -> Result<Option<Choice>, Mistake> {
    args.at_most(1)?;
    args.setting().choice_or_end("switch", &[("on", Choice::On), ("off", Choice::Off), ("auto", Choice::Auto)])
}

fn options(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    args.at_most(1)?;
    let choices = [("auto", Choice::Auto), ("on", Choice::On), ("off", Choice::Off)];
    args.setting().choice_or_end("switch", &choices).map(Verb::Options)
}
