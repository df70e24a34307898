use std::io::{self, Write};

use super::fold::fold;
use super::hex::dump;
use super::units::counted;
use super::{
    BothLadder, Charset, Detail, Elided, Ends, Explain, Hex, Json, Ladder, Limit, Lines, Paint, Paired, PerTransfer,
    View, ViewName, Views, plain,
};
use crate::analysis::{Kept, Relations};

/// The properties of the screen or file that a view is drawn on.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Characters in a line.
    pub columns: usize,
    /// The characters of drawings.
    pub charset: Charset,
    /// Whether long lines are folded: a screen would break words.
    pub folds: bool,
    /// Whether a line can be drawn again: a terminal with a cursor.
    pub redraws: bool,
    /// How many packets of a long run of ordinary ones are shown.
    pub limit: Limit,
    /// The colours.
    pub paint: Paint,
}

impl Page {
    /// Returns the properties of a file.
    pub fn file(charset: Charset, limit: Limit) -> Self {
        Self { columns: 80, charset, folds: false, redraws: false, limit, paint: plain }
    }

    /// Creates the view of this name, of one end or of both.
    pub fn view(&self, name: ViewName) -> Box<dyn View> {
        let explain = |detail| Explain::new(detail, self.paint).folded(self.fold());
        match name {
            ViewName::Classic => Box::new(Lines),
            ViewName::Explain(detail, Ends::One) => Box::new(self.elided(explain(detail))),
            ViewName::Explain(detail, Ends::Both) => Box::new(Paired::new(self.elided(explain(detail).of_both_ends()))),
            ViewName::Ladder(Ends::One) => Box::new(self.elided(Ladder::new(self.columns, self.charset, self.paint))),
            ViewName::Ladder(Ends::Both) => {
                Box::new(Paired::new(self.elided(BothLadder::new(self.columns, self.charset, self.paint))))
            }
            ViewName::Hex => Box::new(self.elided(Hex::new(self.paint))),
            ViewName::Json(_) => Box::new(Json),
        }
    }

    /// Creates the view of this name, with one for transfers of which only one end is known.
    pub fn views(&self, name: ViewName) -> Views<'static> {
        match name.ends() {
            Ends::One => Views::One(self.view(name)),
            Ends::Both => Views::Both(self.view(name), self.view(name.of_one_end())),
        }
    }

    /// Creates the view of this name for a server, whose transfers mix.
    pub fn view_of_server(&self, name: ViewName) -> Box<dyn View> {
        let page = *self;
        match name.of_one_end() {
            // Each record names its transfer.
            json @ ViewName::Json(_) => page.view(json),
            // What is drawn once more would cover the lines of another transfer.
            other => Box::new(PerTransfer::new(move || Self { redraws: false, ..page }.view(other))),
        }
    }

    /// Returns the columns at which lines are folded, if they are.
    pub fn fold(&self) -> Option<usize> {
        self.folds.then_some(self.columns)
    }

    fn elided<V: View>(&self, view: V) -> Elided<V> {
        Elided::new(view, self.limit, self.redraws.then_some(self.columns))
    }
}

/// Writes packet `n` of a kept transfer: every field, the reason, every byte kept, what it answers and repeats, and what
/// answers and repeats it.
///
/// Returns whether there is such a packet.
///
/// # Errors
///
/// Those of `out`.
pub fn show(kept: &Kept, n: u64, page: &Page, out: &mut dyn Write) -> io::Result<bool> {
    let Some(annotated) = kept.packet(n) else { return Ok(false) };
    Explain::new(Detail::Full, page.paint).folded(page.fold()).render(annotated, out)?;
    let Some(packet) = annotated.packet() else { return Ok(false) };
    let Relations { answers, answered_by, repeated_by, copied_as } = kept.relations(n);
    // With the round trip, the fields show it.
    let answers = answers.filter(|_| packet.answers.is_none());
    let lists = [
        ("answers", answers.as_slice()),
        ("answered by", answered_by.as_slice()),
        ("repeated by", &repeated_by),
        ("copied by a fault rule as", &copied_as),
    ];
    for (relation, packets) in lists.into_iter().filter(|(_, packets)| !packets.is_empty()) {
        writeln!(out, "{}", fold(&format!("      {relation} {}", listed(packets)), page.fold(), 8))?;
    }
    dump(&packet.bytes, packet.length, usize::MAX, out)?;
    if let Some(altered) = &packet.altered {
        writeln!(out, "      after the fault rules: {}", counted(altered.length as u64, "byte"))?;
        dump(&altered.bytes, altered.length, usize::MAX, out)?;
    }
    Ok(true)
}

/// Lists packets by their numbers: all of a few, and of many the first.
fn listed(packets: &[u64]) -> String {
    const MOST: usize = 8;
    let mut parts: Vec<_> = packets.iter().take(MOST).map(|n| format!("#{n}")).collect();
    parts.extend((packets.len() > MOST).then(|| format!("and {} more", packets.len() - MOST)));
    parts.join(", ")
}
