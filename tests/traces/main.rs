//! Every view of hand-made transfers: what they show, that they agree, and that no input breaks them.

mod agreement;
mod both;
mod capture;
mod hostile;
mod kept;
mod live;
mod stories;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod two_ends;
mod views;

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use story::Story;
use tftpsh::trace::{Charset, Detail, Elided, Explain, Hex, Json, Ladder, Limit, Lines, Pcapng, Tracer, View, plain};

/// Output that can be read while a view holds it.
#[derive(Clone, Default)]
pub(crate) struct Page(Rc<RefCell<Vec<u8>>>);

impl Page {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("views write UTF-8")
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The views, by the names they have in the snapshots.
pub(crate) fn views() -> Vec<(&'static str, Box<dyn View>)> {
    fn elided(view: impl View + 'static) -> Box<dyn View> {
        Box::new(Elided::new(view, Limit::default(), None))
    }
    vec![
        ("classic", Box::new(Lines)),
        ("ladder", elided(Ladder::new(80, Charset::Unicode, plain))),
        ("ladder, ascii", elided(Ladder::new(80, Charset::Ascii, plain))),
        ("ladder, ascii, 70 columns", elided(Ladder::new(70, Charset::Ascii, plain))),
        ("ladder, narrow", elided(Ladder::new(40, Charset::Ascii, plain))),
        ("explain", elided(Explain::new(Detail::First, plain))),
        ("explain short", elided(Explain::new(Detail::Short, plain))),
        ("explain full", elided(Explain::new(Detail::Full, plain))),
        ("hex", elided(Hex::new(plain))),
        ("json", Box::new(Json)),
    ]
}

/// Returns the output of one view of a story.
pub(crate) fn page(story: &Story, view: Box<dyn View>) -> Page {
    let page = Page::default();
    let mut tracer = Tracer::new();
    tracer.add(view, Box::new(page.clone()));
    story.replay(&mut tracer);
    assert!(tracer.failed().is_empty());
    page
}

pub(crate) fn capture_of(story: &Story) -> Vec<u8> {
    page(story, Box::new(Pcapng::new(None))).bytes()
}
