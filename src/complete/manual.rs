//! The manual page, generated from the tables of options, commands and topics. The only file that names `clap_mangen`.

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::language::{self, TOPICS};

/// The page in roff, as `man` reads it.
pub(super) fn page() -> String {
    let mut page = Vec::new();
    let man = Man::new(Cli::command()).manual("User Commands");
    // Writing to memory does not fail.
    let _ = man.render_title(&mut page);
    let _ = man.render_name_section(&mut page);
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold("tftp"), roman(" [OPTIONS] [HOST [PORT]] [COMMAND ARGS...]")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(DESCRIPTION)]);
    let _ = roff.to_writer(&mut page);
    let _ = man.render_options_section(&mut page);
    let _ = commands().to_writer(&mut page);
    for topic in TOPICS {
        let mut roff = Roff::new();
        roff.control("SH", [topic.brief.to_uppercase().as_str()]);
        preformatted(&mut roff, topic.text);
        let _ = roff.to_writer(&mut page);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["FILES"]);
    for (file, what) in FILES {
        roff.control("TP", []).text([bold(*file)]).text([roman(*what)]);
    }
    roff.control("SH", ["SEE ALSO"]).text([roman(SEE_ALSO)]);
    let _ = roff.to_writer(&mut page);
    String::from_utf8_lossy(&page).into_owned()
}

const DESCRIPTION: &str = "An interactive TFTP client that speaks the language of the BSD tftp> shell, with packet traces and a \
                           practice server. Without a command, it reads lines from the terminal or from standard input.";

const FILES: &[(&str, &str)] = &[
    ("$XDG_CONFIG_HOME/tftpsh/hosts", "Names for servers, one per line: NAME ADDRESS [PORT] [mode=..] [blksize=..]"),
    ("$XDG_CONFIG_HOME/tftpsh/rc", "Settings for each interactive shell."),
    ("$XDG_STATE_HOME/tftpsh/history", "Lines typed at the prompt, except those that begin with a space."),
    ("$XDG_STATE_HOME/tftpsh/seen", "Known hosts and the names of their files, for Tab."),
];

const SEE_ALSO: &str = "RFC 1350, RFC 2347, RFC 2348, RFC 2349, RFC 3617, RFC 7440";

/// Each command as `help` prints it.
fn commands() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    roff.text([roman("Commands can be abbreviated.")]);
    for command in language::commands() {
        for (number, form) in command.usage.iter().enumerate() {
            roff.control(if number == 0 { "TP" } else { "TQ" }, []).text([bold(*form)]);
        }
        let also = command.aliases.join(", ");
        let also = if also.is_empty() { also } else { format!(" Also: {also}.") };
        roff.text([roman(format!("{}.{also}", capitalised(command.brief)))]);
        preformatted(&mut roff, &command.examples.join("\n"));
    }
    roff
}

/// Adds lines without filling them.
fn preformatted(roff: &mut Roff, text: &str) {
    roff.control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
