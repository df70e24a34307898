//! What a server is started with: the directory, the port and the options of `serve`.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use ipnet::IpNet;

use super::arguments::{Arguments, GivenOptions};
use super::expected::{Expected, Source};
use super::mistake::Mistake;
use super::option::{CommandOption, SWITCH, valued};
use super::value::{AnyPort, FileSize};
use super::verb::Service;
use crate::wire::{BlockSize, WindowSize};

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) static OPTIONS: &[CommandOption] = &[
    CommandOption {
        name: "--host", short: Some("-H"), value: valued::<IpAddr>("ADDRESS"), repeats: true, instead_of: &["-4", "-6"],
        brief: "listens there; 0.0.0.0 is every IPv4 address", ..SWITCH
    },
    CommandOption {
        name: "--port", short: Some("-p"), value: valued::<AnyPort>("PORT"),
        brief: "listens at this port; 0 is any free one", ..SWITCH
    },
    CommandOption { name: "--read-only", excludes: &["--create", "--overwrite"], brief: "refuses uploads", ..SWITCH },
    CommandOption { name: "--create", brief: "accepts uploads of new files (the default)", ..SWITCH },
    CommandOption { name: "--overwrite", brief: "also lets uploads replace files", ..SWITCH },
    CommandOption {
        name: "--single-port", excludes: &["--port-range"], brief: "answers from that port too (containers)", ..SWITCH
    },
    CommandOption {
        name: "--port-range", value: valued::<RangeInclusive<u16>>("LOW:HIGH"), instead_of: &["-R"],
        brief: "answers from one of these ports (firewalls)", ..SWITCH
    },
    CommandOption {
        name: "--max-blksize", value: valued::<BlockSize>("BYTES"), instead_of: &["--blksize"],
        brief: "grants at most this block size", ..SWITCH
    },
    CommandOption {
        name: "--max-windowsize", value: valued::<WindowSize>("BLOCKS"), instead_of: &["--windowsize"],
        brief: "grants at most this window; 64 by default", ..SWITCH
    },
    CommandOption {
        name: "--max-size", value: valued::<FileSize>("SIZE"), brief: "refuses larger uploads", ..SWITCH
    },
    CommandOption {
        name: "--max-transfers", value: valued::<NonZeroUsize>("NUMBER"),
        brief: "limits simultaneous transfers; 1000 by default", ..SWITCH
    },
    CommandOption {
        name: "--per-host", value: valued::<NonZeroUsize>("NUMBER"),
        brief: "limits those with one address; 300 by default", ..SWITCH
    },
    CommandOption {
        name: "--allow", value: valued::<IpNet>("NETWORK"), repeats: true,
        brief: "serves only this network; may be repeated", ..SWITCH
    },
    CommandOption {
        name: "--windows-names", brief: "reads \\ as /, and ignores letter case", ..SWITCH
    },
    CommandOption {
        name: "--user", value: Some(Expected::Name(Source::Anything, "NAME")),
        brief: "becomes this user once the ports are open", ..SWITCH
    },
    CommandOption {
        name: "--trace", value: Some(Expected::Name(Source::Anything, "[=VIEWS]")), of_program: true,
        brief: "shows every packet; \"tftp help trace\"", ..SWITCH
    },
    CommandOption { name: "--json", of_program: true, brief: "writes the log as JSON", ..SWITCH },
    CommandOption {
        name: "--quiet", short: Some("-q"), of_program: true, brief: "prints errors only, and no log", ..SWITCH
    },
];

/// Reads the directory and the port after the options.
pub(super) fn service(args: &mut Arguments<'_>, options: &GivenOptions) -> Result<Service, Mistake> {
    if options.has("--port") && args.rest().len() > 1 {
        return Err(args.breaks("the port is either the second word or the value of --port"));
    }
    args.at_most(2)?;
    let directory = args.name_if(Source::Directory, "directory");
    let option: Option<AnyPort> = options.value("--port")?;
    let port = if directory.is_some() && option.is_none() { args.port_if()? } else { option.map(|AnyPort(port)| port) };
    if directory.is_some() && option.is_none() && port.is_some() {
        args.offer_only(|name| name != "--port");
    }
    let number = |name| options.value(name).map(|number| number.map(NonZeroUsize::get));
    args.end(Service {
        directory,
        port,
        listen: options.values("--host")?,
        read_only: options.has("--read-only"),
        overwrite: options.has("--overwrite"),
        single_port: options.has("--single-port"),
        port_range: options.value("--port-range")?,
        max_blksize: options.value("--max-blksize")?,
        max_windowsize: options.value("--max-windowsize")?,
        max_size: options.value("--max-size")?.map(|FileSize(bytes)| bytes),
        max_transfers: number("--max-transfers")?,
        per_host: number("--per-host")?,
        allow: options.values("--allow")?,
        windows_names: options.has("--windows-names"),
        user: options.word("--user"),
    })
}
