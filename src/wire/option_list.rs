use std::fmt::{self, Display, Formatter};

use super::packet::text;
use super::{Field, Malformed, Printable};

/// The name and value pairs of a request or an OACK, as on the wire (RFC 2347).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OptionList<'a>(&'a [u8]);

impl<'a> OptionList<'a> {
    /// Checks that `bytes` are whole pairs. NULs that pad the end are left out.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (name, after) = text(rest, Field::OptionName)?;
            if name.is_empty() {
                let padding = rest.iter().all(|&byte| byte == 0);
                let end = bytes.len().saturating_sub(rest.len());
                return if padding {
                    Ok(Self(bytes.get(..end).unwrap_or_default()))
                } else {
                    Err(Malformed::TrailingBytes(rest.len()))
                };
            }
            (_, rest) = text(after, Field::OptionValue)?;
        }
        Ok(Self(bytes))
    }

    /// Returns the pairs in the order sent, names in the letter case sent.
    pub fn pairs(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut fields = self.0.split(|&byte| byte == 0);
        // After the last NUL there is an empty field, which never becomes a pair.
        std::iter::from_fn(move || Some((fields.next()?, fields.next()?)))
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn emit(&self, datagram: &mut Vec<u8>) {
        datagram.extend_from_slice(self.0);
    }
}

impl Display for OptionList<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, value) in self.pairs() {
            write!(f, "{separator}{}={}", Printable(name), Printable(value))?;
            separator = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_as_it_was_read() {
        let list = OptionList::parse(b"tsize\x000\0Unheard\0\0").unwrap();
        let mut again = Vec::new();
        list.emit(&mut again);
        assert_eq!(again, b"tsize\x000\0Unheard\0\0");
        assert!(!list.is_empty() && OptionList::parse(b"").unwrap().is_empty());
    }

    #[test]
    fn padding_after_the_last_pair_is_left_out() {
        let list = OptionList::parse(b"tsize\x000\0\0\0").unwrap();
        assert_eq!(list.pairs().collect::<Vec<_>>(), [(&b"tsize"[..], &b"0"[..])]);
    }
}
