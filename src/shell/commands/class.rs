//! For a class: networks that fail, programs that err, and what both teach.

use super::row::{MANY, ROW};
use super::{Arg, Command, shapes};
use crate::shell::handlers::{faults, lessons};

pub(super) static ROWS: &[Command] = &[
    Command {
        name: "fault",
        args: &[Arg::Words],
        forms: shapes::FAULT,
        takes: 0..=MANY,
        usage: &[
            "fault",
            "fault action direction kind [which] [how]",
            "fault off [rule]",
            "fault seed number",
            "fault test rule",
            "fault remote [ on | off ]",
        ],
        brief: "make the network go wrong on purpose",
        examples: &["fault drop sent ack 2", "fault delay 5 both any", "fault drop both any rate 5%", "fault off"],
        see: &["packetdrop", "trace", "faults"],
        run: faults::fault,
        ..ROW
    },
    Command {
        name: "packetdrop",
        args: &[Arg::Number("percent")],
        takes: 1..=1,
        usage: &["packetdrop percent"],
        ask: Some("(percent) "),
        brief: "drop packets by chance, either way",
        examples: &["packetdrop 10", "packetdrop 0"],
        see: &["fault", "faults"],
        run: faults::packetdrop,
        ..ROW
    },
    Command {
        name: "client",
        args: &[Arg::Words],
        forms: shapes::CLIENT,
        takes: 1..=2,
        usage: &["client bug [ no-tid | no-dally | off ]"],
        brief: "make the client wrong on purpose",
        examples: &["client bug no-tid", "client bug off"],
        see: &["serve", "lesson"],
        run: faults::client,
        ..ROW
    },
    Command {
        name: "plan",
        args: &[Arg::Number("size"), Arg::Words],
        forms: shapes::PLAN,
        takes: 1..=7,
        usage: &["plan bytes [blksize value] [windowsize value] [rtt value]"],
        ask: Some("(bytes) "),
        brief: "count a transfer's packets in advance",
        examples: &["plan 2150", "plan 131072 blksize 1428 windowsize 8 rtt 10ms"],
        see: &["lesson", "blksize"],
        run: lessons::plan,
        ..ROW
    },
    Command {
        name: "lesson",
        args: &[Arg::Number("lesson")],
        takes: 0..=1,
        switches: &["--script"],
        usage: &["lesson", "lesson number [--script]"],
        brief: "see what the protocol does, and why",
        examples: &["lesson", "lesson 4", "lesson 4 --script"],
        see: &["plan", "trace", "fault"],
        run: lessons::lesson,
        ..ROW
    },
];
