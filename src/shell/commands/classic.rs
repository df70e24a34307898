//! The thirteen of 4.3BSD, in its order.

use super::row::{CLASSIC, CLASSIC_SETTING, MANY};
use super::{Arg, Command, MODES, shapes};
use crate::shell::handlers::{local_files, settings, trace, transfer};

pub(super) static ROWS: &[Command] = &[
    Command {
        name: "connect",
        args: &[Arg::Host, Arg::Number("port")],
        takes: 1..=2,
        usage: &["connect host-name [port]"],
        ask: Some("(to) "),
        brief: "connect to remote tftp",
        examples: &["connect 192.0.2.1", "connect switch1 6969"],
        see: &["get", "host", "status"],
        run: settings::connect,
        ..CLASSIC
    },
    Command {
        name: "mode",
        args: &[Arg::Choice(MODES)],
        takes: 0..=1,
        usage: &["mode [ ascii | netascii | binary | image | octet ]"],
        brief: "set file transfer mode",
        examples: &["mode", "mode octet"],
        see: &["ascii", "binary", "modes"],
        run: settings::mode,
        ..CLASSIC_SETTING
    },
    Command {
        name: "put",
        args: &[Arg::Local, Arg::Remote],
        takes: 1..=MANY,
        usage: &["put file", "put localname remotename", "put file file ... remote-directory"],
        ask: Some("(file) "),
        brief: "send file",
        examples: &["put fw.bin", "put fw.bin switch1:images/fw.bin", "put a.cfg b.cfg configs"],
        see: &["get", "mode", "options", "errors"],
        run: transfer::put,
        ..CLASSIC
    },
    Command {
        name: "get",
        args: &[Arg::Remote, Arg::Local, Arg::Remote],
        takes: 1..=MANY,
        usage: &[
            "get file",
            "get remotename localname",
            "get file file file ...",
            "get file [localname] verify sha256-digest",
        ],
        ask: Some("(files) "),
        brief: "receive file",
        examples: &["get fw.bin", "get switch1:fw.bin new.bin", "get a.cfg b.cfg c.cfg"],
        see: &["put", "connect", "options", "uri"],
        run: transfer::get,
        ..CLASSIC
    },
    Command {
        name: "quit",
        aliases: &["exit", "bye"],
        usage: &["quit"],
        brief: "exit tftp",
        examples: &["quit"],
        see: &["connect"],
        run: local_files::quit,
        ..CLASSIC
    },
    Command {
        name: "verbose",
        args: &[Arg::Switch],
        takes: 0..=1,
        usage: &["verbose [ on | off ]"],
        brief: "toggle verbose mode",
        examples: &["verbose", "verbose on"],
        see: &["trace", "status"],
        run: settings::verbose,
        ..CLASSIC_SETTING
    },
    Command {
        name: "trace",
        args: &[Arg::Words],
        forms: shapes::TRACE,
        takes: 0..=MANY,
        usage: &[
            "trace [ on | off ]",
            "trace classic | explain [ short | full ] | ladder | hex | json",
            "trace view to file",
            "trace view off",
            "trace pcap file [ snap bytes ] [ lost ]",
            "trace pcap off",
            "trace again [view] [first-last]",
            "trace show packet",
            "trace limit pairs | all",
            "trace ascii on | off | auto",
            "trace status",
            "trace ?",
        ],
        brief: "toggle packet tracing",
        examples: &[
            "trace",
            "trace ladder",
            "trace json to packets.json",
            "trace pcap fw.pcapng",
            "trace again explain 1-5",
        ],
        see: &["verbose", "status", "fault", "lesson"],
        run: trace::trace,
        ..CLASSIC
    },
    Command {
        name: "status",
        usage: &["status"],
        brief: "show current status",
        examples: &["status"],
        see: &["options", "modes"],
        run: settings::status,
        ..CLASSIC
    },
    Command {
        name: "binary",
        usage: &["binary"],
        brief: "set mode to octet",
        examples: &["binary"],
        see: &["mode", "modes"],
        run: settings::binary,
        ..CLASSIC_SETTING
    },
    Command {
        name: "ascii",
        usage: &["ascii"],
        brief: "set mode to netascii",
        examples: &["ascii"],
        see: &["mode", "modes"],
        run: settings::ascii,
        ..CLASSIC_SETTING
    },
    Command {
        name: "rexmt",
        args: &[Arg::Number("seconds")],
        takes: 1..=1,
        usage: &["rexmt value"],
        ask: Some("(value) "),
        brief: "set per-packet retransmission timeout",
        examples: &["rexmt 5", "rexmt 0.2", "rexmt auto"],
        see: &["timeout", "tout"],
        run: settings::rexmt,
        ..CLASSIC_SETTING
    },
    Command {
        name: "timeout",
        args: &[Arg::Number("seconds")],
        takes: 1..=1,
        usage: &["timeout value"],
        ask: Some("(value) "),
        brief: "set total retransmission timeout",
        examples: &["timeout 60", "timeout auto"],
        see: &["rexmt", "errors"],
        run: settings::timeout,
        ..CLASSIC_SETTING
    },
    Command {
        name: "?",
        aliases: &["help"],
        args: &[Arg::Topic],
        takes: 0..=MANY,
        usage: &["? [command or topic ...]"],
        brief: "print help information",
        examples: &["?", "help get", "help options"],
        see: &["status", "modes", "options", "errors", "scripts", "uri"],
        run: local_files::help,
        ..CLASSIC
    },
];
