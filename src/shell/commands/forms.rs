//! The forms that the arguments of a command take, and what each lets follow.

use super::{Arg, Command, begins};
use crate::shell::words::Word;

/// One form: its arguments in order.
pub type Form = &'static [Arg];

/// What may stand behind these arguments: something of each form that they fit. A whole word of a form leaves only the
/// forms with that word, as in `serve bug`, which is no folder.
pub fn next(command: &Command, args: &[Word]) -> Vec<Arg> {
    if args.len() >= *command.takes.end() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for form in command.forms {
        follow(form, args, &mut found);
    }
    if !is_led(command, args) {
        found.extend(command.args.get(args.len()).or(command.args.last()));
    }
    found
}

/// Whether the first of these arguments is a word of a form, and so nothing else.
pub fn is_led(command: &Command, args: &[Word]) -> bool {
    args.first().is_some_and(|first| command.forms.iter().any(|form| leads(form, first)))
}

fn follow(form: Form, args: &[Word], found: &mut Vec<Arg>) {
    match (form.split_first(), args.split_first()) {
        (None, _) => {}
        (Some((Arg::Rest(forms), _)), _) => forms.iter().for_each(|form| follow(form, args, found)),
        (Some((arg, _)), None) if found.contains(arg) => {}
        (Some((arg, _)), None) => found.push(*arg),
        (Some((arg, rest)), Some((word, args))) if fits(*arg, word) => follow(rest, args, found),
        (Some(_), Some(_)) => {}
    }
}

fn leads(form: Form, word: &Word) -> bool {
    match form.first() {
        Some(Arg::Word(name)) => word.is(name),
        Some(Arg::Choice(names)) => names.iter().any(|name| word.is(name)),
        Some(Arg::Switch) => ["on", "off"].iter().any(|name| word.is(name)),
        _ => false,
    }
}

/// Whether the word can be this argument; what is typed may be short for a word.
fn fits(arg: Arg, word: &Word) -> bool {
    let short_for = |name: &str| !word.bytes().is_empty() && begins(name, word.bytes());
    match arg {
        Arg::Word(name) => short_for(name),
        Arg::Choice(names) => names.iter().any(|name| short_for(name)),
        Arg::Switch => short_for("on") || short_for("off"),
        Arg::Number(_) => word.bytes().first().is_some_and(u8::is_ascii_digit) || word.is("auto"),
        _ => true,
    }
}
