use crate::style::{Look, Style};

/// The meaning of a piece of text, which gives its colour. Colour is never the only sign: a word says the same.
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
    /// ERROR, and malformed packets: reverse.
    Error,
    /// Lost, repeated, from a stranger, wrapped: yellow and bold.
    Notice,
}

/// A function that colours a text, or returns it as it is.
pub type Paint = fn(Tint, &str) -> String;

/// Returns the text as it is.
pub fn plain(_: Tint, text: &str) -> String {
    text.to_owned()
}

/// Returns the paint for this style: palette colours that colour-blind people can distinguish.
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
