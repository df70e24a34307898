//! Views of both ends: what they show of each loss, that they do not depend on which thread was faster, and what they do
//! where only one end is known.

use tftpsh::event::Side::{Client, Server};
use tftpsh::trace::{Charset, Content, Detail, Ends, Limit, Page as Screen, ViewName, Views};
use tftpsh::transfer::Failure;
use tftpsh::wire::{Mode, Offer};

use unicode_width::UnicodeWidthStr;

use crate::story::{ack, data, rrq};
use crate::two_ends::{TwoEnds, copied, copy, dropped, held as held_by, untouched};

const PLAIN: Offer = Offer { tsize: None, timeout: None, blksize: None, windowsize: None };

/// A get of `blocks` blocks without faults up to here: the next packet of the client leaves at the returned time.
fn begun() -> TwoEnds {
    let story = TwoEnds::asking(rrq("fw.bin", Mode::Octet, PLAIN), 0.1);
    let story = story.sends(Server, 0.2, 0.3, data(1, 512), untouched());
    story.sends(Client, 0.4, 0.5, ack(1), untouched())
}

/// The last block and its ACK.
fn ended(story: TwoEnds, block: u16, at: f64) -> TwoEnds {
    let story = story.sends(Server, at, at + 0.1, data(block, 100), untouched());
    let story = story.sends(Client, at + 0.2, at + 0.3, ack(block), untouched());
    story.ends(Client, at + 0.25).ends(Server, at + 0.35)
}

fn plain_get() -> TwoEnds {
    ended(begun(), 2, 0.6)
}

fn lost_data() -> TwoEnds {
    let story = begun().leaves(Server, 0.6, data(2, 512), dropped(1)).timer(Server, 1000.7, 1.0);
    let story = story.sends(Server, 1000.8, 1000.9, data(2, 512), untouched());
    ended(story.sends(Client, 1001.0, 1001.1, ack(2), untouched()), 3, 1001.2)
}

fn lost_on_arrival() -> TwoEnds {
    let story = begun().leaves(Server, 0.6, data(2, 512), untouched());
    let story = story.arrives(Client, 0.7, data(2, 512), dropped(1)).timer(Server, 1000.7, 1.0);
    let story = story.sends(Server, 1000.8, 1000.9, data(2, 512), untouched());
    ended(story.sends(Client, 1001.0, 1001.1, ack(2), untouched()), 3, 1001.2)
}

fn lost_ack() -> TwoEnds {
    let story = begun().sends(Server, 0.6, 0.7, data(2, 512), untouched());
    let story = story.leaves(Client, 0.8, ack(2), dropped(1)).timer(Server, 1000.6, 1.0);
    let story = story.sends(Server, 1000.7, 1000.8, data(2, 512), untouched());
    ended(story.sends(Client, 1000.9, 1001.0, ack(2), untouched()), 3, 1001.1)
}

/// A rule of the client sends an ACK twice.
fn duplicate() -> TwoEnds {
    let story = begun().sends(Server, 0.6, 0.7, data(2, 512), untouched());
    let story = story.sends(Client, 0.8, 0.9, ack(2), copied(1)).sends(Client, 0.81, 0.91, ack(2), copy());
    ended(story, 3, 1.0)
}

/// A rule of the client copies a block on reception.
fn copied_on_arrival() -> TwoEnds {
    let story = begun().leaves(Server, 0.6, data(2, 512), untouched());
    let story = story.arrives(Client, 0.7, data(2, 512), copied(1)).arrives(Client, 0.71, data(2, 512), copy());
    let story = story.sends(Client, 0.8, 0.9, ack(2), untouched());
    ended(story.sends(Client, 0.82, 0.92, ack(2), untouched()), 3, 1.0)
}

/// A rule of the client holds a block, and the server's timer does not expire meanwhile.
fn held() -> TwoEnds {
    let story = begun().leaves(Server, 0.6, data(2, 512), untouched()).holds(Client, 0.7, 200.7, data(2, 512));
    ended(story.sends(Client, 200.8, 200.9, ack(2), untouched()), 3, 201.0)
}

/// Blocks in a window; the network loses the third, so that two of the same flow are on their way at once.
fn lost_in_the_network() -> TwoEnds {
    let story = begun().sends(Server, 0.6, 0.9, data(2, 512), untouched());
    let story = story.leaves(Server, 0.7, data(3, 512), untouched());
    let story = story.sends(Server, 0.8, 1.0, data(4, 512), untouched());
    let story = story.sends(Client, 1.1, 1.2, ack(2), untouched());
    let story = story.sends(Server, 1.3, 1.4, data(3, 512), untouched());
    ended(story.sends(Client, 1.5, 1.6, ack(3), untouched()), 4, 1.7)
}

/// The client gives up; its ERROR arrives.
fn given_up() -> TwoEnds {
    let story = begun().leaves(Server, 0.6, data(2, 512), dropped(1)).timer(Client, 5000.4, 5.0);
    let story = story.leaves(Client, 5000.5, ack(1), dropped(1));
    story.fails(Client, 25000.0, Failure::TimedOut { answered: true })
}

fn all() -> Vec<(&'static str, TwoEnds)> {
    vec![
        ("get", plain_get()),
        ("lost DATA", lost_data()),
        ("DATA lost on arrival", lost_on_arrival()),
        ("lost ACK", lost_ack()),
        ("duplicate ACK", duplicate()),
        ("DATA copied on arrival", copied_on_arrival()),
        ("DATA held", held()),
        ("lost in the network", lost_in_the_network()),
        ("given up", given_up()),
    ]
}

fn screen(columns: usize) -> Screen {
    Screen { columns, folds: true, ..Screen::file(Charset::Unicode, Limit::default()) }
}

fn views(columns: usize, name: ViewName) -> Views<'static> {
    screen(columns).views(Content::View(name))
}

const LADDER: ViewName = ViewName::Ladder(Ends::Both);
const EXPLAIN: ViewName = ViewName::Explain(Detail::Short, Ends::Both);

#[test]
fn both_ends_of_every_story_are_drawn_as_kept() {
    let page = |columns, view, story: &TwoEnds| story.page(views(columns, view), 0.0).text();
    let mut text = String::new();
    for (name, story) in all() {
        text.push_str(&format!("== {name}\n{}\n", page(80, LADDER, &story)));
    }
    for (columns, name, story) in [(112, "wide", lost_data()), (60, "narrow", lost_ack()), (40, "narrow", duplicate())]
    {
        text.push_str(&format!("== {name}: {columns} columns\n{}\n", page(columns, LADDER, &story)));
    }
    let ascii = Screen { charset: Charset::Ascii, ..screen(80) }.views(Content::View(LADDER));
    text.push_str(&format!("== ASCII\n{}\n", lost_data().page(ascii, 0.0).text()));
    for (name, story) in [("lost DATA", lost_data()), ("DATA copied on arrival", copied_on_arrival())] {
        text.push_str(&format!("== explain: {name}\n{}\n", page(80, EXPLAIN, &story)));
    }
    text.push_str(&format!("== json\n{}\n", page(80, ViewName::Json(Ends::Both), &duplicate())));
    insta::with_settings!({ snapshot_path => ".", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("both", text);
    });
}

#[test]
fn it_does_not_matter_which_thread_was_faster() {
    for (name, story) in all() {
        for view in [LADDER, EXPLAIN, ViewName::Json(Ends::Both)] {
            let page = |late| story.page(views(80, view), late).text();
            for late in [0.15, 1.0, 100.0, 249.0] {
                assert_eq!(page(0.0), page(late), "{name}, {view}: {late} ms late");
            }
        }
    }
}

#[test]
fn no_line_of_both_ends_is_wider_than_the_screen() {
    for (name, story) in all() {
        for columns in [40, 47, 48, 60, 75, 76, 80, 100, 140, 200] {
            for view in [LADDER, EXPLAIN] {
                let text = story.page(views(columns, view), 0.0).text();
                let widest = text.lines().max_by_key(|line| line.width()).unwrap_or_default();
                // Columns of numbers are not folded.
                let least = if view == EXPLAIN { 60 } else { 0 };
                assert!(widest.width() <= columns.max(least), "{name}, {columns} columns: {widest}");
            }
        }
    }
}

#[test]
fn a_long_run_is_shortened_as_in_other_views() {
    let mut story = begun();
    for block in 2..=40 {
        let at = f64::from(block) - 1.0;
        let block = block as u16;
        story = story.sends(Server, at, at + 0.1, data(block, 512), untouched());
        story = story.sends(Client, at + 0.2, at + 0.3, ack(block), untouched());
    }
    let text = ended(story, 41, 40.0).page(views(80, LADDER), 0.0).text();
    assert_eq!(text.lines().filter(|line| line.contains("as expected")).count(), 1, "{text}");
    assert!(text.lines().count() < 25, "{text}");
}

#[test]
fn a_rule_that_held_a_packet_is_not_blamed_for_its_loss() {
    let story = begun().sends(Server, 0.6, 0.7, data(2, 512), untouched());
    let story = story.leaves(Client, 300.8, ack(2), held_by(1, 300)).timer(Server, 1000.6, 1.0);
    let story = story.sends(Server, 1000.7, 1000.8, data(2, 512), untouched());
    let story = ended(story.sends(Client, 1000.9, 1001.0, ack(2), untouched()), 3, 1001.1);
    let text = story.page(views(80, LADDER), 0.0).text();
    assert!(text.contains("lost: network") && text.contains("held 300 ms: rule 1"), "{text}");
    assert!(!text.contains("lost: client rule"), "{text}");
}
