use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::time::Duration;

use crate::transfer::Stats;
use crate::wire::{ErrorCode, Mode, RequestKind, Terms};

/// One thing the server did, for a line of a log: [`Display`] gives the line, without a control character in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// Who asked.
    pub client: SocketAddr,
    /// Which way the file goes.
    pub kind: RequestKind,
    /// The file as it was asked for, made safe to print.
    pub filename: String,
    /// What became of it.
    pub what: What,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// It is being answered.
    Begun {
        /// How the file is carried.
        mode: Mode,
        /// What was agreed.
        terms: Terms,
    },
    /// The file is safe on the other side, or on this one.
    Finished {
        /// The costs; bytes as they stood on the wire.
        stats: Stats,
        /// Since the request came.
        elapsed: Duration,
    },
    /// The transfer broke off.
    Failed {
        /// Why, made safe to print.
        reason: String,
        /// Since the request came.
        elapsed: Duration,
    },
    /// It was answered with an ERROR.
    Refused {
        /// The error's number.
        code: ErrorCode,
        /// The error's text, made safe to print.
        message: String,
    },
}

impl Display for Happening {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let command = match self.kind {
            RequestKind::Read => "get",
            RequestKind::Write => "put",
        };
        write!(f, "{} {command} {}", self.client, self.filename)?;
        match &self.what {
            What::Begun { mode, terms } => {
                write!(f, " [{mode}]")?;
                write_terms(f, terms)
            }
            What::Finished { stats, elapsed } => {
                write!(f, ": {} bytes in {:.1} seconds", stats.bytes, elapsed.as_secs_f64())?;
                match stats.resent {
                    0 => Ok(()),
                    1 => f.write_str(", 1 packet resent"),
                    resent => write!(f, ", {resent} packets resent"),
                }
            }
            What::Failed { reason, elapsed } => {
                write!(f, ": failed after {:.1} seconds: {reason}", elapsed.as_secs_f64())
            }
            What::Refused { code, message } => write!(f, ": refused with error {}: {message}", code.0),
        }
    }
}

fn write_terms(f: &mut Formatter<'_>, terms: &Terms) -> fmt::Result {
    let agreed = [
        ("tsize", terms.tsize),
        ("timeout", terms.timeout.map(|it| it.get().into())),
        ("blksize", Some(u64::from(terms.blksize.get())).filter(|_| terms.blksize != Default::default())),
        ("windowsize", Some(u64::from(terms.windowsize.get())).filter(|_| terms.windowsize != Default::default())),
    ];
    let agreed = agreed.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    for (index, (name, value)) in agreed.enumerate() {
        let separator = if index == 0 { ": " } else { ", " };
        write!(f, "{separator}{name}={value}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{BlockSize, Printable};

    fn line(what: What) -> String {
        let client = "127.0.0.1:40112".parse().unwrap();
        let filename = Printable(b"fw\x1b[2J.bin").to_string();
        Happening { client, kind: RequestKind::Read, filename, what }.to_string()
    }

    #[test]
    fn each_happening_is_one_readable_line() {
        let terms = Terms { blksize: BlockSize::new(1428).unwrap(), tsize: Some(3000), ..Terms::default() };
        let elapsed = Duration::from_millis(1249);
        for (what, expected) in [
            (What::Begun { mode: Mode::Octet, terms }, " [octet]: tsize=3000, blksize=1428"),
            (What::Begun { mode: Mode::Netascii, terms: Terms::default() }, " [netascii]"),
            (
                What::Finished { stats: Stats { bytes: 3000, resent: 2, ..Stats::default() }, elapsed },
                ": 3000 bytes in 1.2 seconds, 2 packets resent",
            ),
            (
                What::Failed { reason: "Transfer timed out.".to_owned(), elapsed },
                ": failed after 1.2 seconds: Transfer timed out.",
            ),
            (
                What::Refused { code: ErrorCode::NOT_FOUND, message: "File not found".to_owned() },
                ": refused with error 1: File not found",
            ),
        ] {
            assert_eq!(line(what), format!("127.0.0.1:40112 get fw\\x1b[2J.bin{expected}"));
        }
    }
}
