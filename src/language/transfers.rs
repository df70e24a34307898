//! Commands for files on servers that 4.3BSD does not have.

use super::arguments::Arguments;
use super::command::{Command, Group, ROW};
use super::expected::Source;
use super::mistake::Mistake;
use super::verb::{Get, Put, Verb};

#[rustfmt::skip] // Rows of a table, a few lines each.
pub(super) static ROWS: &[Command] = &[
    Command {
        name: "mget", group: Group::Transfer, usage: &["mget file ..."], ask: Some("(files) "),
        brief: "receive files, each under its own name", examples: &["mget a.cfg b.cfg"], see: &["get", "mput"],
        parse: mget, ..ROW
    },
    Command {
        name: "mput", group: Group::Transfer, usage: &["mput file ..."], ask: Some("(files) "),
        brief: "send files, each under its own name", examples: &["mput *.cfg", "mput a.cfg b.cfg"],
        see: &["put", "mget"], parse: mput, ..ROW
    },
    Command {
        name: "size", group: Group::Transfer, usage: &["size file"], ask: Some("(file) "),
        brief: "show the size of a file on the server in bytes", examples: &["size fw.bin", "size switch1:fw.bin"],
        see: &["get", "tsize", "scripts"],
        parse: |args| { args.at_most(1)?; args.name(Source::Remote, "file").map(Verb::Size) }, ..ROW
    },
];

fn mget(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let mut remotes = vec![args.name(Source::Remote, "file")?];
    remotes.extend(args.names(Source::Remote, "file"));
    if remotes.iter().skip(1).any(|name| name.is("verify")) {
        return Err(
            args.breaks("verify is for one file: get FILE [LOCAL] verify DIGEST (or ./verify for a file of that name)")
        );
    }
    Ok(Verb::Get(Get { remotes, local: None, digest: None }))
}

fn mput(args: &mut Arguments<'_>) -> Result<Verb, Mistake> {
    let mut locals = vec![args.name(Source::Local, "file")?];
    locals.extend(args.names(Source::Local, "file"));
    if locals.iter().any(|local| local.is("-")) {
        return Err(args.breaks("standard input has no name; use put - FILE, or write ./- for a file of that name"));
    }
    Ok(Verb::Put(Put { locals, to: None }))
}
