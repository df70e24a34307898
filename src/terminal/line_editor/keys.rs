//! Keys with a meaning of our own: a paste is typed, Up and Down search, and Ctrl-C is noticed.

use std::sync::{Arc, Mutex, PoisonError};

use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, RepeatCount};

/// What the keys so far mean for the next one. Clones share it: the editor owns one, the shell asks another.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The terminal types a paste.
    pastes: bool,
    /// The last key ended a line of the paste.
    ended_line: bool,
    /// The line was empty when the last key was pressed.
    was_empty: bool,
}

impl Keys {
    /// Whether the last key was pressed on an empty line.
    pub(super) fn pressed_on_empty_line(&self) -> bool {
        self.with(|state| state.was_empty)
    }

    /// Forgets a paste of which the rest was dropped, as Ctrl-C does.
    pub(super) fn end_paste(&self) {
        self.with(|state| state.pastes = false);
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ConditionalEventHandler for Keys {
    fn handle(&self, event: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let Event::KeySeq(keys) = event else { return None };
        let &[KeyEvent(code, modifiers)] = keys.as_slice() else { return None };
        self.with(|state| state.press(code, modifiers, context.line().is_empty()))
    }
}

impl State {
    /// The command of a key, `None` for the usual one.
    fn press(&mut self, code: KeyCode, modifiers: Modifiers, is_empty: bool) -> Option<Cmd> {
        self.was_empty = is_empty;
        match code {
            // The editor would insert a whole paste as one line; without the brackets its lines are typed.
            KeyCode::BracketedPasteStart | KeyCode::BracketedPasteEnd => {
                self.pastes = code == KeyCode::BracketedPasteStart;
                self.ended_line = false;
                Some(Cmd::Noop)
            }
            _ if self.pastes => self.paste(code, modifiers),
            KeyCode::Up if modifiers.is_empty() => Some(Cmd::HistorySearchBackward),
            KeyCode::Down if modifiers.is_empty() => Some(Cmd::HistorySearchForward),
            _ => None,
        }
    }

    /// The command of a pasted key: text is typed and ends of lines run it; no other key of a paste edits or completes.
    fn paste(&mut self, code: KeyCode, modifiers: Modifiers) -> Option<Cmd> {
        let is_return = code == KeyCode::Enter;
        let is_feed = code == KeyCode::Char('J') && modifiers == Modifiers::CTRL;
        // A line may end in both.
        let is_repeated = std::mem::replace(&mut self.ended_line, is_return) && is_feed;
        match code {
            _ if is_repeated => Some(Cmd::Noop),
            _ if is_return || is_feed => Some(Cmd::AcceptLine),
            KeyCode::Char(_) if modifiers.is_empty() => None,
            KeyCode::Tab => Some(Cmd::Insert(1, "\t".to_owned())),
            _ => Some(Cmd::Noop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Modifiers = Modifiers::NONE;

    #[test]
    fn a_pasted_line_runs_at_its_end_and_no_key_in_it_edits() {
        let mut state = State::default();
        let feed = (KeyCode::Char('J'), Modifiers::CTRL);
        for ((code, modifiers), command) in [
            ((KeyCode::Tab, NONE), None),
            ((KeyCode::BracketedPasteStart, NONE), Some(Cmd::Noop)),
            ((KeyCode::Char('a'), NONE), None),
            ((KeyCode::Tab, NONE), Some(Cmd::Insert(1, "\t".to_owned()))),
            ((KeyCode::Char('D'), Modifiers::CTRL), Some(Cmd::Noop)),
            ((KeyCode::Up, NONE), Some(Cmd::Noop)),
            ((KeyCode::Enter, NONE), Some(Cmd::AcceptLine)),
            (feed, Some(Cmd::Noop)),
            (feed, Some(Cmd::AcceptLine)),
            ((KeyCode::Enter, NONE), Some(Cmd::AcceptLine)),
            ((KeyCode::BracketedPasteEnd, NONE), Some(Cmd::Noop)),
            (feed, None),
            ((KeyCode::Tab, NONE), None),
            ((KeyCode::Up, NONE), Some(Cmd::HistorySearchBackward)),
        ] {
            assert_eq!(state.press(code, modifiers, false), command, "{code:?}");
        }
    }
}
