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
