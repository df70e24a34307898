//! A server of our own, and names for those of others.

use super::row::{MANY, ROW};
use super::{Arg, Command, shapes};
use crate::shell::handlers::{hosts, server};

pub(super) static ROWS: &[Command] = &[
    Command {
        name: "serve",
        args: &[Arg::Folder, Arg::Number("port")],
        takes: 0..=MANY,
        switches: &["--read-only", "--overwrite"],
        usage: &[
            "serve [directory [port]] [--read-only | --overwrite]",
            "serve status",
            "serve stop",
            "serve fault [fault-words]",
            "serve bug [ name | ? | off ]",
            "serve rexmt value",
            "serve blksize value",
            "serve options [ on | off ]",
        ],
        brief: "start a server to practise on",
        examples: &["serve", "serve . 6969", "serve . --read-only", "serve bug sorcerer", "serve stop"],
        see: &["connect", "get", "fault"],
        forms: shapes::SERVE,
        run: server::serve,
        ..ROW
    },
    Command {
        name: "host",
        args: &[
            Arg::Host,
            Arg::Host,
            Arg::Number("port"),
            Arg::Choice(&["mode=octet", "mode=netascii", "blksize=512"]),
        ],
        takes: 2..=5,
        usage: &["host name address [port] [mode=..] [blksize=..]", "host name off"],
        brief: "give a server a name",
        examples: &["host sw1 192.0.2.1", "host old 192.0.2.9 6969 mode=netascii blksize=512", "host sw1 off"],
        see: &["hosts", "connect", "uri"],
        run: hosts::host,
        ..ROW
    },
    Command {
        name: "hosts",
        usage: &["hosts"],
        brief: "list the servers with names",
        examples: &["hosts"],
        see: &["host", "connect"],
        run: hosts::hosts,
        ..ROW
    },
];
