//! The rows, in the order that `?` lists them.

use super::{Arg, Command, MODES};
use crate::shell::handlers::{escape, faults, hosts, lessons, lines, local, server, settings, trace, transfer};

const MANY: usize = usize::MAX;

/// What most rows have in common.
const ROW: Command = Command {
    name: "",
    aliases: &[],
    classic: false,
    args: &[],
    takes: 0..=0,
    switches: &[],
    usage: &[],
    ask: None,
    brief: "",
    examples: &[],
    see: &[],
    subwords: &[],
    setting: false,
    run: local::quit,
};

const CLASSIC: Command = Command { classic: true, ..ROW };
const CLASSIC_SETTING: Command = Command { setting: true, ..CLASSIC };
const SETTING: Command = Command { setting: true, ..ROW };

/// Every command.
pub static COMMANDS: &[Command] = &[
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
        run: local::quit,
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
        run: local::help,
        ..CLASSIC
    },
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
    Command {
        name: "serve",
        args: &[Arg::Local, Arg::Number("port")],
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
        subwords: &["status", "stop", "fault", "bug", "rexmt", "blksize", "options"],
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
    Command {
        name: "lcd",
        args: &[Arg::Local],
        takes: 0..=1,
        usage: &["lcd [directory]"],
        brief: "change the local directory",
        examples: &["lcd /tmp", "lcd"],
        see: &["lpwd"],
        run: local::lcd,
        ..ROW
    },
    Command {
        name: "lpwd",
        usage: &["lpwd"],
        brief: "show the local directory",
        examples: &["lpwd"],
        see: &["lcd"],
        run: local::lpwd,
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
        subwords: &["on", "off"],
        run: local::sha256,
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
        run: lines::source,
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
        run: lines::repeat,
        ..ROW
    },
    // For a class.
    Command {
        name: "fault",
        args: &[Arg::Words],
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
        args: &[Arg::Words, Arg::Choice(&["no-tid", "no-dally", "off"])],
        takes: 1..=2,
        usage: &["client bug [ no-tid | no-dally | off ]"],
        brief: "make the client wrong on purpose",
        examples: &["client bug no-tid", "client bug off"],
        see: &["serve", "lesson"],
        subwords: &["bug"],
        run: faults::client,
        ..ROW
    },
    Command {
        name: "plan",
        args: &[Arg::Number("bytes"), Arg::Words],
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
