use std::io::{self, Write};

use super::fold::fold;
use super::hex::Dump;
use super::{
    BothLadder, Charset, Content, Detail, Elided, Ends, Explain, Hex, Json, Ladder, Limit, Lines, Paint, Paired,
    Pcapng, PerTransfer, View, ViewName, Views, plain,
};
use crate::analysis::{Annotated, KEPT_DATA, Kept, Relations};
use crate::units::counted;

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
            ViewName::Hex => Box::new(self.elided(Hex::new(self.paint).folded(self.fold()))),
            ViewName::Json(_) => Box::new(Json),
        }
    }

    /// Creates the view, or what writes the file, of this content.
    pub fn content(&self, content: Content) -> Box<dyn View> {
        match content {
            Content::View(name) => self.view(name),
            Content::Capture { snap, lost } => Box::new(Pcapng::new(snap).with_lost(lost)),
        }
    }

    /// Creates the same, with a view for transfers of which only one end is known.
    pub fn views(&self, content: Content) -> Views<'static> {
        match content {
            Content::View(name) if name.ends() == Ends::Both => {
                Views::Both(self.view(name), self.view(name.of_one_end()))
            }
            _ => Views::One(self.content(content)),
        }
    }

    /// Creates the same for a server, whose transfers mix.
    pub fn of_server(&self, content: Content) -> Box<dyn View> {
        let page = *self;
        match content {
            // What is drawn once more would cover the lines of another transfer.
            Content::View(name) if !name.is_for_programs() => {
                Box::new(PerTransfer::new(move || Self { redraws: false, ..page }.view(name.of_one_end())))
            }
            // Each record names its transfer.
            _ => page.content(content),
        }
    }

    /// Creates the same for a kept transfer. A file says what was not kept; a screen shows it.
    pub fn again(&self, content: Content, kept: &Kept) -> Box<dyn View> {
        let Content::Capture { snap, lost } = content else { return self.content(content) };
        let mut capture = Pcapng::new(snap).with_lost(lost);
        if kept.again(None).any(Annotated::is_cut) {
            capture = capture.noting(&format!("Blocks have their first {KEPT_DATA} bytes; their lengths are whole."));
        }
        if kept.forgotten() > 0 {
            capture = capture.noting(&format!("{} in the middle are missing.", counted(kept.forgotten(), "record")));
        }
        Box::new(capture)
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
    let dump = Dump::within(page.fold());
    dump.write(&packet.bytes, packet.length, usize::MAX, out)?;
    if let Some(altered) = &packet.altered {
        writeln!(out, "      after the fault rules: {}", counted(altered.length as u64, "byte"))?;
        dump.write(&altered.bytes, altered.length, usize::MAX, out)?;
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
