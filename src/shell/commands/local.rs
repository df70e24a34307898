//! What happens on this side: folders, digests, and lines carried out by themselves.

use super::row::{MANY, ROW};
use super::{Arg, Command};
use crate::shell::handlers::{escape, local_files, repeat};

pub(super) static ROWS: &[Command] = &[
    Command {
        name: "lcd",
        args: &[Arg::Folder],
        takes: 0..=1,
        usage: &["lcd [directory]"],
        brief: "change the local directory",
        examples: &["lcd /tmp", "lcd"],
        see: &["lpwd"],
        run: local_files::lcd,
        ..ROW
    },
    Command {
        name: "lpwd",
        usage: &["lpwd"],
        brief: "show the local directory",
        examples: &["lpwd"],
        see: &["lcd"],
        run: local_files::lpwd,
        ..ROW
    },
    Command {
        name: "!",
        args: &[Arg::Words],
        takes: 0..=MANY,
        usage: &["! [command]"],
        brief: "run a command of the system's shell",
        examples: &["! ls -l", "!sha256sum *.bin"],
        see: &["source", "lcd"],
        run: escape::escape,
        ..ROW
    },
    Command {
        name: "sha256",
        args: &[Arg::Local],
        takes: 1..=MANY,
        usage: &["sha256 file ...", "sha256 on | off"],
        ask: Some("(file) "),
        brief: "show the SHA-256 of a local file, or of each transferred one",
        examples: &["sha256 fw.bin", "sha256 on"],
        see: &["get", "scripts"],
        forms: &[&[Arg::Switch]],
        run: local_files::sha256,
        ..ROW
    },
    Command {
        name: "source",
        args: &[Arg::Local],
        takes: 1..=1,
        usage: &["source file"],
        ask: Some("(file) "),
        brief: "carry out the commands in a local file",
        examples: &["source provision.tftp"],
        see: &["repeat", "scripts"],
        run: repeat::source,
        ..ROW
    },
    Command {
        name: "repeat",
        args: &[Arg::Number("times"), Arg::Line],
        takes: 2..=MANY,
        usage: &["repeat number [every seconds] command", "repeat until-ok [every seconds] command"],
        brief: "carry out a command again and again",
        examples: &["repeat 10 get fw.bin /dev/null", "repeat until-ok every 5 get fw.bin"],
        see: &["source", "errors"],
        run: repeat::repeat,
        ..ROW
    },
];
