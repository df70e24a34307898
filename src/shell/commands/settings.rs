//! How transfers go, beyond what 4.3BSD could be told.

use super::row::SETTING;
use super::{Arg, Command};
use crate::shell::handlers::settings;

pub(super) static ROWS: &[Command] = &[
    Command {
        name: "blksize",
        aliases: &["blocksize"],
        args: &[Arg::Number("bytes")],
        takes: 1..=1,
        usage: &["blksize value"],
        ask: Some("(value) "),
        brief: "set block size to ask for",
        examples: &["blksize 1428", "blksize auto"],
        see: &["windowsize", "options"],
        run: settings::blksize,
        ..SETTING
    },
    Command {
        name: "windowsize",
        args: &[Arg::Number("blocks")],
        takes: 1..=1,
        usage: &["windowsize value"],
        ask: Some("(value) "),
        brief: "set blocks before each acknowledgement",
        examples: &["windowsize 16", "windowsize auto"],
        see: &["blksize", "options"],
        run: settings::windowsize,
        ..SETTING
    },
    Command {
        name: "tsize",
        args: &[Arg::Choice(&["on", "off", "auto"])],
        takes: 0..=1,
        usage: &["tsize [ on | off | auto ]"],
        brief: "toggle asking for the file size",
        examples: &["tsize", "tsize on"],
        see: &["options"],
        run: settings::tsize,
        ..SETTING
    },
    Command {
        name: "tout",
        args: &[Arg::Choice(&["on", "off", "auto"])],
        takes: 0..=1,
        usage: &["tout [ on | off | auto ]"],
        brief: "toggle asking for our own interval",
        examples: &["tout", "tout on"],
        see: &["rexmt", "options"],
        run: settings::tout,
        ..SETTING
    },
    Command {
        name: "options",
        args: &[Arg::Choice(&["auto", "on", "off"])],
        takes: 0..=1,
        usage: &["options [ auto | on | off ]"],
        brief: "set which options are asked for",
        examples: &["options off", "options auto"],
        see: &["blksize", "windowsize", "tsize", "tout"],
        run: settings::options,
        ..SETTING
    },
    Command {
        name: "literal",
        args: &[Arg::Switch],
        takes: 0..=1,
        usage: &["literal [ on | off ]"],
        brief: "toggle taking host:file as a file name",
        examples: &["literal", "literal on"],
        see: &["get", "uri"],
        run: settings::literal,
        ..SETTING
    },
    Command {
        name: "progress",
        args: &[Arg::Switch],
        takes: 0..=1,
        usage: &["progress [ on | off ]"],
        brief: "toggle showing how far a transfer is",
        examples: &["progress", "progress off"],
        see: &["status"],
        run: settings::progress,
        ..SETTING
    },
];
