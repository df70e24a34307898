//! Earlier lines. Up finds those that begin as the typed line does, and Down goes back to it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::Path;

use rustyline::Result;
use rustyline::history::{FileHistory, History, SearchDirection, SearchResult};

/// A history in which a search continues: the line that it showed is not the beginning of the next search.
pub(super) struct Recall {
    lines: FileHistory,
    search: RefCell<Search>,
}

/// The last search.
#[derive(Debug, Default)]
struct Search {
    /// The beginning that lines must have.
    typed: String,
    /// The line that was found.
    shown: String,
}

impl Recall {
    pub(super) fn new(lines: FileHistory) -> Self {
        Self { lines, search: RefCell::default() }
    }

    /// Forgets the last search, for a new line.
    pub(super) fn begin(&mut self) {
        self.search = RefCell::default();
    }

    /// The next line that begins as typed and is not shown already.
    fn find(&self, search: &Search, start: usize, direction: SearchDirection) -> Result<Option<(usize, String)>> {
        let places: Box<dyn Iterator<Item = usize>> = match direction {
            SearchDirection::Forward => Box::new(start..self.lines.len()),
            SearchDirection::Reverse => Box::new((0..self.lines.len()).take(start.saturating_add(1)).rev()),
        };
        for place in places {
            let line = self.lines.get(place, direction)?.map(|found| found.entry);
            if let Some(line) = line.filter(|line| line.starts_with(&search.typed) && **line != search.shown) {
                return Ok(Some((place, line.into_owned())));
            }
        }
        Ok(None)
    }
}

impl History for Recall {
    /// Finds the next line of a search that goes on, or begins one with this line. The cursor goes to its end.
    ///
    /// There is always a result, so that the editor's place in the history agrees with the line that it shows: at the
    /// oldest match the line stays, and after the newest one the typed line comes back.
    fn starts_with(&self, line: &str, start: usize, direction: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let mut search = self.search.borrow_mut();
        let (continues, is_back) = (search.shown == line, direction == SearchDirection::Reverse);
        if !continues {
            *search = Search { typed: line.to_owned(), shown: line.to_owned() };
        }
        // The line was edited after it was found: all of the history may match it.
        let first = if continues || !is_back { start } else { self.lines.len().saturating_sub(1) };
        let (idx, shown) = match self.find(&search, first, direction)? {
            Some(found) => found,
            None if is_back && continues => (start.saturating_add(1), search.shown.clone()),
            None => (self.lines.len(), search.typed.clone()),
        };
        search.shown.clone_from(&shown);
        Ok(Some(SearchResult { pos: shown.len(), entry: Cow::Owned(shown), idx }))
    }

    fn get(&self, index: usize, direction: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        self.lines.get(index, direction)
    }

    fn add(&mut self, line: &str) -> Result<bool> {
        self.lines.add(line)
    }

    fn add_owned(&mut self, line: String) -> Result<bool> {
        self.lines.add_owned(line)
    }

    fn len(&self) -> usize {
        self.lines.len()
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn set_max_len(&mut self, len: usize) -> Result<()> {
        self.lines.set_max_len(len)
    }

    fn ignore_dups(&mut self, yes: bool) -> Result<()> {
        self.lines.ignore_dups(yes)
    }

    fn ignore_space(&mut self, yes: bool) {
        self.lines.ignore_space(yes);
    }

    fn save(&mut self, path: &Path) -> Result<()> {
        self.lines.save(path)
    }

    fn append(&mut self, path: &Path) -> Result<()> {
        self.lines.append(path)
    }

    fn load(&mut self, path: &Path) -> Result<()> {
        self.lines.load(path)
    }

    fn clear(&mut self) -> Result<()> {
        self.lines.clear()
    }

    fn search(&self, term: &str, start: usize, direction: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        self.lines.search(term, start, direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An editor's line and its place in the history, which Up and Down change as rustyline changes them.
    struct Editor<'a> {
        recall: &'a Recall,
        line: String,
        place: usize,
    }

    impl Editor<'_> {
        fn up(&mut self) -> &str {
            self.search(SearchDirection::Reverse, self.place.checked_sub(1))
        }

        fn down(&mut self) -> &str {
            self.search(SearchDirection::Forward, Some(self.place + 1).filter(|next| *next <= self.recall.len()))
        }

        fn search(&mut self, direction: SearchDirection, start: Option<usize>) -> &str {
            if let Some(start) = start {
                let found = self.recall.starts_with(&self.line, start, direction).unwrap().unwrap();
                assert_eq!(found.pos, found.entry.len(), "the cursor is at the end");
                (self.line, self.place) = (found.entry.into_owned(), found.idx);
            }
            &self.line
        }
    }

    fn recall(lines: &[&str]) -> Recall {
        let mut recall = Recall::new(FileHistory::new());
        for line in lines {
            recall.add(line).unwrap();
        }
        recall
    }

    #[test]
    fn up_finds_lines_that_begin_as_typed_and_down_returns() {
        let recall = recall(&["get a", "mode", "get b", "status", "get b", "put c"]);
        let mut editor = Editor { recall: &recall, line: "get".to_owned(), place: recall.len() };
        assert_eq!(editor.up(), "get b");
        assert_eq!(editor.up(), "get a", "a line that is shown is not shown again");
        assert_eq!(editor.up(), "get a", "no older line begins so");
        assert_eq!(editor.down(), "get b");
        assert_eq!(editor.down(), "get", "the typed line");
        assert_eq!(editor.up(), "get b");
        editor.line = "mo".to_owned();
        assert_eq!(editor.up(), "mode", "an edited line begins a search of all lines");
    }

    #[test]
    fn an_empty_line_finds_every_line_and_an_unknown_one_none() {
        let recall = recall(&["get a", "mode"]);
        let mut editor = Editor { recall: &recall, line: String::new(), place: recall.len() };
        assert_eq!([editor.up().to_owned(), editor.up().to_owned()], ["mode", "get a"]);
        assert_eq!([editor.down().to_owned(), editor.down().to_owned()], ["mode", ""]);
        editor.line = "xyz".to_owned();
        assert_eq!(editor.up(), "xyz");
        assert_eq!(editor.place, 2);
        editor.line.clear();
        assert_eq!(editor.up(), "mode", "a search in vain changes nothing");
    }
}
