//! The options of the command line. The shell reads the other words.

mod sentence;
mod values;

use std::ffi::OsString;
use std::io;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser};

pub(crate) use self::sentence::sentence;

use self::values::{rexmt, when};
use crate::client::Family;
use crate::language::{
    AnyPort, CommandOption, STATUSES, Scope, TraceVerb, Word, is_option, is_view, options, trace_list, value,
};
use crate::style::When;
use crate::transfer::Rexmt;
use crate::wire::{BlockSize, Mode, WindowSize};

/// An interactive TFTP client that speaks the BSD tftp> language, with packet traces and a practice server.
#[derive(Debug, Default, Parser)]
#[command(
    name = "tftp",
    version,
    override_usage = "tftp [OPTIONS] [HOST [PORT]] [COMMAND ARGS...]",
    after_help = after_help(),
    disable_help_flag = true,
    max_term_width = 80,
    args_override_self = true
)]
pub(crate) struct Cli {
    /// The host, its port and one command line: `192.0.2.1 get fw.bin`, `get 192.0.2.1:fw.bin`, `serve DIR`.
    #[arg(value_name = "HOST PORT COMMAND ARGS", hide = true)]
    pub words: Vec<OsString>,

    /// The options of commands with their values, from any place.
    #[arg(skip)]
    pub aside: Vec<OsString>,

    /// The options that were given, as the user finds them in the help, and what they set.
    #[arg(skip)]
    pub given: Vec<(String, Scope)>,

    /// The number of words before `-c`; `None` without `-c`.
    #[arg(skip)]
    pub words_before_command: Option<usize>,

    /// The rest is a command (several words, or one quoted string).
    #[arg(short = 'c')]
    command_follows: bool,

    /// The server; the words are then one command. For serve: the address to listen on.
    #[arg(short = 'H', long = "host", value_name = "HOST")]
    pub hosts: Vec<String>,

    /// The port of the server, unless a command names one. For serve: the port to listen on, 0 for any free port.
    #[arg(short, long, value_name = "PORT", value_parser = value::<AnyPort>)]
    port: Option<AnyPort>,

    /// The transfer mode: ascii, netascii, binary, image or octet.
    #[arg(short, long, value_name = "MODE", value_parser = value::<Mode>)]
    pub mode: Option<Mode>,

    /// Use octet mode (the Windows spelling).
    #[arg(short = 'i', conflicts_with = "mode")]
    pub image: bool,

    /// Ask for blocks of this many bytes, 8 to 65464.
    #[arg(short, long, value_name = "BYTES", value_parser = value::<BlockSize>)]
    pub blksize: Option<BlockSize>,

    /// Ask for this many blocks before each acknowledgement.
    #[arg(short, long, value_name = "BLOCKS", value_parser = value::<WindowSize>)]
    pub windowsize: Option<WindowSize>,

    /// End a transfer after this long without progress.
    #[arg(short, long, value_name = "SECONDS", value_parser = value::<Duration>)]
    pub timeout: Option<Duration>,

    /// Retransmit an unanswered packet after this long, or `auto`.
    #[arg(long, value_name = "SECONDS", value_parser = rexmt)]
    pub rexmt: Option<Rexmt>,

    /// Ask for no options (plain RFC 1350).
    #[arg(long)]
    pub no_options: bool,

    /// Use IPv4 only.
    #[arg(short = '4', overrides_with = "v6")]
    pub v4: bool,

    /// Use IPv6 only.
    #[arg(short = '6', overrides_with = "v4")]
    pub v6: bool,

    /// Send from one of these local ports: LOW:HIGH, or one port.
    #[arg(short = 'R', value_name = "LOW:HIGH", value_parser = value::<RangeInclusive<u16>>)]
    pub local_ports: Option<RangeInclusive<u16>>,

    /// Treat host:file as a file name.
    #[arg(short, long)]
    pub literal: bool,

    /// Print more about each transfer.
    #[arg(short, long, overrides_with = "quiet")]
    pub verbose: bool,

    /// Print nothing about successful transfers.
    #[arg(short, long, overrides_with = "verbose")]
    pub quiet: bool,

    /// Show every packet: classic, explain, ladder, hex, json, pcap=FILE, VIEW=FILE; separate several with commas.
    #[arg(long, value_name = "VIEWS", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = trace_list)]
    pub trace: Option<TraceList>,

    /// Replay the BSD session: netascii, no options, fixed intervals.
    #[arg(long)]
    pub classic: bool,

    /// Start the built-in server with sample files, and connect to it.
    #[arg(long, conflicts_with = "hosts")]
    pub practice: bool,

    /// Read commands from this file.
    #[arg(short, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Run this line first, then read lines as usual. Several lines run in their order.
    #[arg(short = 'e', value_name = "LINE", allow_hyphen_values = true)]
    pub lines: Vec<OsString>,

    /// Do not read the start-up file.
    #[arg(long)]
    pub no_rc: bool,

    /// Print the outcome of each command as a line of JSON on standard output, and all else on standard error.
    #[arg(long)]
    pub json: bool,

    /// End a script at its first failure.
    #[arg(long)]
    pub stop_on_error: bool,

    /// Use colour: auto, always or never.
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_default_value = true, value_parser = when)]
    color: When,

    /// Use no colour, no cursor movement, and words instead of symbols.
    #[arg(long)]
    pub plain: bool,

    /// Print help: about the command, if there is one.
    #[arg(short, long)]
    pub help: bool,
}

impl Cli {
    /// Reads arguments; the first is the program's name. The error is a mistake in them, or the text for
    /// `--version`. The options of commands are put aside for them.
    pub(crate) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let (aside, args) = split_off_options(args);
        if let Some(view) = stray_view(&args) {
            let reason = format!("a view belongs to its option: write --trace={view}");
            return Err(Self::command().error(ErrorKind::ValueValidation, reason));
        }
        let mut options = Self::command();
        let matches = options.try_get_matches_from_mut(args)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if cli.command_follows {
            let place = matches.index_of("command_follows").unwrap_or_default();
            let before = |indices: clap::parser::Indices<'_>| indices.filter(|&index| index < place).count();
            cli.words_before_command = Some(matches.indices_of("words").map_or(0, before));
        }
        cli.aside = aside;
        cli.given = given(&options, &matches);
        Ok(cli)
    }

    /// Returns the host of `-H`.
    pub(crate) fn host(&self) -> Option<&str> {
        self.hosts.last().map(String::as_str)
    }

    /// Returns the port of `-p`.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port.map(|AnyPort(port)| port)
    }

    /// Returns the options for a command, as its words. Those of a server include the addresses and the port.
    pub(crate) fn options_for_command(&self, serves: bool) -> Vec<OsString> {
        let hosts = self.hosts.iter().map(|host| format!("--host={host}"));
        let port = self.port().map(|port| format!("--port={port}"));
        let named = hosts.chain(port).filter(|_| serves).map(OsString::from);
        self.aside.iter().cloned().chain(named).collect()
    }

    /// Prints the help of the program.
    pub(crate) fn print_help() -> io::Result<()> {
        Self::command().print_help()
    }

    /// Returns when streams are coloured.
    pub(crate) fn color(&self) -> When {
        if self.plain { When::Never } else { self.color }
    }

    /// Returns the address family to use.
    pub(crate) fn family(&self) -> Family {
        match (self.v4, self.v6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }
}

/// The end of `--help`.
fn after_help() -> String {
    let statuses: String = STATUSES.iter().map(|(status, meaning)| format!("\n  {status:<4}  {meaning}")).collect();
    format!(
        "Without a command, tftp reads lines from the terminal or from standard input.\n\n\
         Examples:\n  \
           tftp 192.0.2.1                    begin to type commands; \"?\" lists them\n  \
           tftp 192.0.2.1 get fw.bin         receive one file\n  \
           tftp put fw.bin 192.0.2.1:fw.bin  send one file\n  \
           tftp serve .                      serve this directory\n\n\
         Exit status:{statuses}\n\n\
         \"tftp get --help\" explains a command, \"tftp serve --help\" the server,\n\"tftp help scripts\" a topic."
    )
}

/// Returns the options of commands that the program does not have itself.
pub(crate) fn foreign_options(program: &clap::Command) -> impl Iterator<Item = &'static CommandOption> {
    let is_own = |name: &str| program.get_arguments().any(|own| own.get_long() == name.strip_prefix("--"));
    options().filter(move |option| !is_own(option.name))
}

/// Splits off the options of commands, which the program does not have itself, with their values.
fn split_off_options(args: impl IntoIterator<Item = OsString>) -> (Vec<OsString>, Vec<OsString>) {
    let own = Cli::command();
    let foreign: Vec<_> = foreign_options(&own).collect();
    let (mut aside, mut rest) = (Vec::new(), Vec::new());
    let mut args = args.into_iter().peekable();
    while let Some(arg) = args.next() {
        if arg == "--" {
            rest.push(arg);
            rest.extend(args);
            break;
        }
        match foreign.iter().find(|option| option.is_in(arg.as_bytes())) {
            Some(option) => {
                let value = option.needs_next(arg.as_bytes());
                aside.push(arg);
                aside.extend(args.next_if(|next| value && !is_option(&Word::new(next.as_bytes()))));
            }
            None => rest.push(arg),
        }
    }
    (aside, rest)
}

/// The options that were given.
fn given(options: &clap::Command, matches: &ArgMatches) -> Vec<(String, Scope)> {
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let given = options.get_arguments().filter(|it| !it.is_positional() && is_given(it.get_id().as_str()));
    given.map(|option| (name(option), scope(option))).collect()
}

/// The name of an option in mistakes: the long one, if it has one.
pub(crate) fn name(option: &Arg) -> String {
    match (option.get_long(), option.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, short) => format!("-{}", short.unwrap_or_default()),
    }
}

/// What an option sets. A new option sets something of the session.
pub(crate) fn scope(option: &Arg) -> Scope {
    match option.get_id().as_str() {
        "command_follows" | "json" | "color" | "plain" | "help" | "version" => Scope::Output,
        "file" | "lines" | "no_rc" | "classic" => Scope::Lines,
        _ => Scope::Session,
    }
}

/// Finds `--trace VIEW` with a space. The view would be a word, and often the local name of a file.
fn stray_view(args: &[OsString]) -> Option<&str> {
    let options = args.iter().take_while(|arg| *arg != "--");
    let next = options.zip(args.iter().skip(1)).filter(|(option, _)| *option == "--trace").map(|(_, next)| next);
    next.filter_map(|next| next.to_str()).find(|next| is_view(next))
}

/// The value of `--trace`; under its own name, clap does not read it as an option that repeats.
type TraceList = Vec<TraceVerb>;

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(format!("tftp {line}").split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_options_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_fits_80_columns_and_ends_with_examples_and_statuses() {
        let help = Cli::command().render_help().to_string();
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        let end = help.split("Examples:").nth(1).expect("examples");
        assert!(
            end.contains("tftp serve --help") && STATUSES.iter().all(|(_, meaning)| end.contains(meaning)),
            "{end}"
        );
    }

    #[test]
    fn options_may_come_before_or_after_the_words() {
        for line in ["-v -p 12345 h put f", "h -p 12345 put f -v", "h put f -vp12345", "h -v put --port=12345 f"] {
            let cli = read(line).expect(line);
            assert_eq!((cli.verbose, cli.port(), cli.words.len()), (true, Some(12345), 3), "{line}");
        }
    }

    #[test]
    fn the_words_before_c_are_counted() {
        for (line, before) in
            [("h get f", None), ("-c get f", Some(0)), ("h -v -c get f", Some(1)), ("h 69 -c", Some(2))]
        {
            assert_eq!(read(line).expect(line).words_before_command, before, "{line}");
        }
    }

    #[test]
    fn options_of_commands_are_put_aside_with_their_values() {
        for (line, aside) in [
            ("serve . --read-only", "--read-only"),
            ("--read-only serve .", "--read-only"),
            ("serve --max-size 5M . --allow=192.0.2.0/24", "--max-size 5M --allow=192.0.2.0/24"),
            ("serve --user -v .", "--user"),
            ("serve -H :: . -p 6969 -H 0.0.0.0", "--host=:: --host=0.0.0.0 --port=6969"),
        ] {
            let cli = read(line).expect(line);
            assert_eq!(cli.words, ["serve", "."], "{line}");
            assert_eq!(cli.options_for_command(true).join(" ".as_ref()), aside, "{line}");
        }
        assert_eq!(read("get -- --read-only").expect("words").words, ["get", "--read-only"]);
        assert!(read("serve . --read").is_err(), "a whole name");
        assert_eq!(read("-p 69 get f").expect("words").options_for_command(false), [""; 0]);
    }

    #[test]
    fn a_value_of_trace_needs_its_sign() {
        assert_eq!(read("--trace get f").expect("words").words, ["get", "f"]);
        for views in ["", "classic", "explain,pcap=x.pcapng", "json=x.json,lad"] {
            assert_eq!(read(&format!("--trace={views} get f")).expect(views).words.len(), 2, "{views}");
        }
        let refused = |line: &str| read(line).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused("--trace=nonsense").contains("use classic, explain, ladder, hex, json or pcap"));
        for line in ["--trace ladder h get f", "h get f --trace LADDER", "h get f --trace explain,pcap=x"] {
            assert!(refused(line).contains("write --trace="), "{line}");
        }
        for line in ["h get f --trace ./ladder", "h get f ladder --trace", "h get -- --trace ladder", "--trace lad"] {
            assert_eq!(refused(line), "", "{line}");
        }
    }

    #[test]
    fn the_options_that_were_given_are_known_with_what_they_set() {
        let cli = read("-R 5:6 -b 512 -4 --trace --json -p 69 serve").expect("a line");
        let mut given: Vec<_> = cli.given.iter().map(|(name, scope)| (name.as_str(), *scope)).collect();
        given.sort_unstable();
        let session = |name| (name, Scope::Session);
        let [blksize, port, trace] = ["--blksize", "--port", "--trace"].map(session);
        assert_eq!(given, [blksize, ("--json", Scope::Output), port, trace, session("-4"), session("-R")]);
        assert_eq!(read("get f").expect("a line").given, []);
    }
}
