use std::io::{self, Write};

use super::explain::{Detail, Explain};
use super::hex::dump;
use super::{Page, View};
use crate::analysis::Kept;

/// One packet of a kept transfer: every field, every octet kept, why, what it answers and what answered it.
///
/// Tells whether there is such a packet.
///
/// # Errors
///
/// Those of `out`.
pub fn show(kept: &Kept, n: u64, page: &Page, out: &mut dyn Write) -> io::Result<bool> {
    let Some(annotated) = kept.packet(n) else { return Ok(false) };
    Explain::new(Detail::Full, page.paint).folded(page.fold()).render(annotated, out)?;
    if let Some(answer) = kept.answer_to(n) {
        writeln!(out, "      answered by #{answer}")?;
    }
    if let Some(packet) = annotated.packet() {
        dump(packet, usize::MAX, out)?;
    }
    Ok(true)
}
