//! A mistake in the arguments of the program, in one line.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::language::{Command, Word};
use crate::wire::Printable;

/// The mistake in the arguments, in one line: `--blksize 7: must be 8 to 65464 bytes`. They may be those of a command.
pub(crate) fn sentence(error: &clap::Error, command: Option<&Command>) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    // `--blksize <BYTES>` is the option with the name of its value.
    let option = text(ContextKind::InvalidArg).map(|name| name.split([' ', '[']).next().unwrap_or(name));
    let value = text(ContextKind::InvalidValue).filter(|value| !value.is_empty());
    let printable = |text: &str| Printable(text.as_bytes()).to_string();
    match (error.kind(), option, value) {
        (ErrorKind::ValueValidation | ErrorKind::InvalidValue, Some(option), Some(value)) => {
            let reason = error.source().map_or_else(|| "invalid value".to_owned(), ToString::to_string);
            let between = if text(ContextKind::InvalidArg).is_some_and(|name| name.contains("[=")) { "=" } else { " " };
            format!("{option}{between}{}: {reason}", printable(value))
        }
        (ErrorKind::InvalidValue, Some(option), None) => {
            let of_command = command.filter(|command| command.options.iter().any(|own| own.name == option));
            let name = of_command.map_or_else(String::new, |command| format!("{} ", command.name));
            format!("{option} needs a value; \"tftp {name}--help\" says which")
        }
        (ErrorKind::TooManyValues, Some(option), _) => format!("{option} takes no value"),
        (ErrorKind::UnknownArgument, Some(option), _) => {
            let of_command = command.filter(|command| !command.options.is_empty());
            let near = of_command.and_then(|command| command.nearest_option(&Word::new(option)));
            let hint = match (near.or(text(ContextKind::SuggestedArg)), of_command) {
                (Some(near), _) => format!("did you mean \"{near}\"?"),
                (None, Some(command)) => format!("\"tftp {} --help\" lists the options", command.name),
                (None, None) => "\"tftp --help\" lists the options".to_owned(),
            };
            format!("{}: no such option; {hint}", printable(option))
        }
        (ErrorKind::ArgumentConflict, Some(option), _) => {
            let other = text(ContextKind::PriorArg).and_then(|other| other.split([' ', '[']).next());
            format!("{option} and {} exclude each other", other.unwrap_or("another option"))
        }
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;
    use crate::language::exact;

    #[test]
    fn a_mistake_is_one_line_that_names_the_option() {
        for (line, expected) in [
            ("-b 7", "--blksize 7: must be 8 to 65464 bytes"),
            ("--blksize=x get f", "--blksize x: must be 8 to 65464 bytes"),
            ("-p 65536", "--port 65536: must be 1 to 65535, or 0 for any free port of serve"),
            ("--port", "--port needs a value; \"tftp --help\" says which"),
            ("--quiet=5", "--quiet takes no value"),
            ("--bogus", "--bogus: no such option; \"tftp --help\" lists the options"),
            ("--plane", "--plane: no such option; did you mean \"--plain\"?"),
            ("-i -m octet", "-i and --mode exclude each other"),
            ("--trace ladder", "a view belongs to its option: write --trace=ladder"),
        ] {
            assert_eq!(read(line).map_err(|error| sentence(&error, None)).err().as_deref(), Some(expected), "{line}");
        }
        let serve = exact(&Word::new("serve"));
        for (line, expected) in [
            ("serve --read-olny", "--read-olny: no such option; did you mean \"--read-only\"?"),
            ("serve --port", "--port needs a value; \"tftp serve --help\" says which"),
            ("serve --mode", "--mode needs a value; \"tftp --help\" says which"),
            ("serve --bogus=1", "--bogus: no such option; \"tftp serve --help\" lists the options"),
        ] {
            assert_eq!(read(line).map_err(|error| sentence(&error, serve)).err().as_deref(), Some(expected), "{line}");
        }
    }
}
