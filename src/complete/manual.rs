//! The manual page, generated from the tables of options, commands and topics. The only file that names `clap_mangen`.

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use crate::cli::Cli;
use crate::language::help::rows;
use crate::language::{self, STATUSES, TOPICS};

/// The page in roff, as `man` reads it.
pub(super) fn page() -> String {
    let version = concat!("tftp ", env!("CARGO_PKG_VERSION"));
    let mut roff = Roff::new();
    roff.control("TH", ["TFTP", "1", DATE, version, "User Commands"]);
    section(&mut roff, "NAME").text([roman(NAME)]);
    section(&mut roff, "SYNOPSIS").text([bold("tftp"), roman(" [OPTIONS] [HOST [PORT]] [COMMAND ARGS...]")]);
    section(&mut roff, "DESCRIPTION").text([roman(DESCRIPTION)]);
    let before = roff.render();
    let mut roff = Roff::new();
    commands(&mut roff);
    for topic in TOPICS {
        preformatted(section(&mut roff, &topic.brief.to_uppercase()), topic.text);
    }
    entries(section(&mut roff, "EXIT STATUS"), STATUSES);
    entries(section(&mut roff, "ENVIRONMENT"), ENVIRONMENT);
    entries(section(&mut roff, "FILES"), FILES);
    for (number, (lines, what)) in EXAMPLES.iter().enumerate() {
        if number == 0 {
            section(&mut roff, "EXAMPLES");
        } else {
            roff.control("PP", []);
        }
        preformatted(roff.text([roman(*what)]), lines);
    }
    section(&mut roff, "SEE ALSO").text([roman(SEE_ALSO)]);
    [before, options(), roff.to_roff()].concat()
}

/// The day on which the text last changed. A page without a date has no valid title.
const DATE: &str = "2026-11-28";

const NAME: &str = "tftp - transfer files interactively, with packet traces and a practice server";

const DESCRIPTION: &str = "An interactive TFTP client that speaks the language of the BSD tftp> shell, with packet traces and a \
                           practice server. Without a command, it reads lines from the terminal or from standard input.";

const ENVIRONMENT: &[(&str, &str)] = &[
    ("HOME", "The directory of the files below, and of \"lcd\" without a name."),
    ("XDG_CONFIG_HOME", "The directory of settings and bookmarks; ~/.config by default."),
    ("XDG_STATE_HOME", "The directory of the history; ~/.local/state by default."),
    ("NO_COLOR", "If it is not empty, nothing is coloured, unless --color says otherwise."),
    ("CLICOLOR, CLICOLOR_FORCE", "0 switches colour off; with CLICOLOR_FORCE=1, files and pipes are coloured too."),
    ("TERM", "A terminal that is \"dumb\" or has no name is treated as with --plain."),
    ("LC_ALL, LC_CTYPE, LANG", "Traces are drawn with ASCII unless the locale is UTF-8."),
    ("SHELL", "What \"!\" without a command starts."),
];

const FILES: &[(&str, &str)] = &[
    ("$XDG_CONFIG_HOME/tftpsh/hosts", "Names for servers, one per line: NAME ADDRESS [PORT] [mode=..] [blksize=..]"),
    ("$XDG_CONFIG_HOME/tftpsh/rc", "Settings for each interactive shell."),
    ("$XDG_STATE_HOME/tftpsh/history", "Lines typed at the prompt, except those that begin with a space."),
    ("$XDG_STATE_HOME/tftpsh/seen", "Known hosts and the names of their files, for Tab."),
];

const EXAMPLES: &[(&str, &str)] = &[
    ("tftp 192.0.2.1 get fw.bin\ntftp put fw.bin 192.0.2.1:images/fw.bin", "Receive a file, and send one:"),
    ("tftp 192.0.2.1 get fw.bin - | sha256sum", "Write a file to standard output:"),
    ("tftp --trace=ladder,pcap=fw.pcapng 192.0.2.1 get fw.bin", "Show every packet, and keep a capture for Wireshark:"),
    ("printf 'get fw.bin\\nget run.cfg\\n' | tftp --stop-on-error 192.0.2.1", "Run a script:"),
    ("tftp serve . --port 6969", "Serve a directory on this computer:"),
    ("tftp --practice\ntftp lesson 4", "Practise:"),
];

const SEE_ALSO: &str = "RFC 1350, RFC 2347, RFC 2348, RFC 2349, RFC 3617, RFC 7440";

fn section<'a>(roff: &'a mut Roff, title: &str) -> &'a mut Roff {
    roff.control("SH", [title])
}

/// The options. The generator repeats what only the beginning of a page needs.
fn options() -> String {
    let mut section = Vec::new();
    // Writing to memory does not fail.
    let _ = Man::new(Cli::command()).render_options_section(&mut section);
    let section = String::from_utf8_lossy(&section).into_owned();
    section.find(".SH ").and_then(|start| section.get(start..)).unwrap_or_default().to_owned()
}

/// Each command as `help` prints it.
fn commands(roff: &mut Roff) {
    section(roff, "COMMANDS").text([roman("Commands can be abbreviated.")]);
    for command in language::commands() {
        tagged(roff, command.usage.iter().map(|form| bold(*form)));
        let also = command.aliases.join(", ");
        let also = if also.is_empty() { also } else { format!(" Also: {also}.") };
        roff.text([roman(format!("{}.{also}", capitalised(command.brief)))]);
        if !command.about.is_empty() {
            roff.control("PP", []).text([roman(command.about.replace('\n', " "))]);
        }
        let examples = command.examples.join("\n");
        preformatted(roff, &[rows(&command.option_rows(true)), rows(&(command.words)()), examples].concat());
    }
}

/// Adds words and their meanings.
fn entries(roff: &mut Roff, rows: &[(&str, &str)]) {
    for (word, meaning) in rows {
        tagged(roff, [bold(*word)]);
        roff.text([roman(*meaning)]);
    }
}

/// Begins a paragraph under tags.
fn tagged(roff: &mut Roff, tags: impl IntoIterator<Item = Inline>) {
    for (number, tag) in tags.into_iter().enumerate() {
        roff.control(if number == 0 { "TP" } else { "TQ" }, []).text([tag]);
    }
}

/// Adds lines without filling them, so far to the left that 78 characters fit.
fn preformatted(roff: &mut Roff, text: &str) {
    roff.control("nf", []).control("in", ["2n"]);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("in", []).control("fi", []);
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_has_its_five_parts_and_every_section_is_there() {
        let page = page();
        let version = env!("CARGO_PKG_VERSION");
        let title = format!(".TH TFTP 1 {DATE} \"tftp {version}\" \"User Commands\"\n");
        assert!(page.contains(&title), "{}", page.lines().take(5).collect::<Vec<_>>().join("\n"));
        for name in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES"]
        {
            assert_eq!(page.matches(&format!(".SH {name}\n")).count(), 1, "{name}");
        }
        assert!(page.contains(".SH EXAMPLES\n") && page.contains(".SH \"SEE ALSO\"\n"));
        assert_eq!(page.matches(".ie ").count(), 1, "the beginning of a page, once");
    }
}
