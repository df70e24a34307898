use super::{Elided, Explain, Hex, Json, Ladder, Limit, Lines, Paint, View, ViewName, plain};

/// What a view is drawn on, and what its reader wants.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Letters in a line.
    pub columns: usize,
    /// Nothing but ASCII can be shown.
    pub ascii: bool,
    /// What is longer than a line is folded: a screen would break words.
    pub folds: bool,
    /// What was drawn may be drawn over: a terminal with a cursor.
    pub redraws: bool,
    /// How much of a long run of ordinary packets is shown.
    pub limit: Limit,
    /// Its colours.
    pub paint: Paint,
}

impl Page {
    /// A file to be read later, by whatever means.
    pub fn file(ascii: bool, limit: Limit) -> Self {
        Self { columns: 80, ascii, folds: false, redraws: false, limit, paint: plain }
    }

    /// The view of this name, drawn here.
    pub fn view(&self, name: ViewName) -> Box<dyn View> {
        match name {
            ViewName::Classic => Box::new(Lines::new()),
            ViewName::Explain(detail) => self.elided(Explain::new(detail, self.paint).folded(self.fold())),
            ViewName::Ladder => self.elided(Ladder::new(self.columns, self.ascii, self.paint)),
            ViewName::Hex => self.elided(Hex::new(self.paint)),
            ViewName::Json => Box::new(Json::new()),
        }
    }

    /// Columns in which words in lines are to be kept whole.
    pub fn fold(&self) -> Option<usize> {
        self.folds.then_some(self.columns)
    }

    fn elided(&self, view: impl View + 'static) -> Box<dyn View> {
        Box::new(Elided::new(view, self.limit, self.redraws.then_some(self.columns)))
    }
}
