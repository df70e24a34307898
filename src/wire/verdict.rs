//! What a client holds against an OACK.

use thiserror::Error;

use super::Printable;

/// Why an OACK cannot be accepted: ERROR 8 and the end (RFC 2347).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the server answered {name}={value}, {fault}")]
pub struct BadOption {
    /// The option, made safe to print.
    pub name: String,
    /// The value that came, made safe to print.
    pub value: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with one option of an OACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// RFC 2347 forbids a server to bring up options.
    #[error("which was not asked for")]
    Unasked,
    /// Larger than asked, or a timeout other than asked.
    #[error("which is not what was asked for")]
    Raised,
    /// The same option twice.
    #[error("for the second time")]
    Doubled,
    /// Not a number its RFC allows.
    #[error("which is not a valid value")]
    Invalid,
}

impl BadOption {
    pub(super) fn unasked(name: &[u8], value: &[u8]) -> Self {
        Self { name: Printable(name).brief(), value: Printable(value).brief(), fault: Fault::Unasked }
    }
}

/// Takes one option of an OACK: asked for, valid, within what was asked, and for the first time.
pub(super) fn fill<T: Copy>(
    place: &mut Option<T>,
    got: Option<T>,
    asked: Option<T>,
    within: fn(T, T) -> bool,
) -> Result<(), Fault> {
    let asked = asked.ok_or(Fault::Unasked)?;
    let got = got.ok_or(Fault::Invalid)?;
    if !within(got, asked) {
        return Err(Fault::Raised);
    }
    match place.replace(got) {
        None => Ok(()),
        Some(_) => Err(Fault::Doubled),
    }
}
