use crate::style::{Look, Style};

/// What a stretch of text is, for whoever colours it. Colour is never the only sign: each is told by a word too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tint {
    /// RRQ or WRQ: bold.
    Request,
    /// DATA: blue.
    Data,
    /// ACK: dim.
    Ack,
    /// OACK: cyan.
    Oack,
    /// ERROR, and what is no packet: reverse.
    Error,
    /// Lost, repeated, from a stranger, wrapped: yellow and bold.
    Notice,
}

/// Colours a text, or leaves it.
pub type Paint = fn(Tint, &str) -> String;

/// Leaves it.
pub fn plain(_: Tint, text: &str) -> String {
    text.to_owned()
}

/// The paint of a stream of this style: the palette colours that people with any eyes tell apart, and never one alone.
pub fn paint(style: Style) -> Paint {
    if style.is_on() { tinted } else { plain }
}

fn tinted(tint: Tint, text: &str) -> String {
    let look = match tint {
        Tint::Request => Look::Strong,
        Tint::Data => Look::Blue,
        Tint::Ack => Look::Faint,
        Tint::Oack => Look::Cyan,
        Tint::Error => Look::Reversed,
        Tint::Notice => Look::Notice,
    };
    look.on(text)
}
