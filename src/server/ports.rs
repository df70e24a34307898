use std::io;
use std::ops::RangeInclusive;

/// The ports of a server's transfers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Ports {
    /// A free one for each: its transfer id (RFC 1350 section 4).
    #[default]
    Any,
    /// One of these for each, for a firewall that lets only them through.
    Range(RangeInclusive<u16>),
    /// The one that receives requests, for all: networks in between need to know no other.
    Single,
}

impl Ports {
    /// Makes the ports of the settings `single_port` and `port_range`.
    ///
    /// # Errors
    ///
    /// Both are set, or the range has no port.
    pub(super) fn new(single: bool, range: Option<RangeInclusive<u16>>) -> io::Result<Self> {
        let wrong = |reason: String| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        match range {
            None if single => Ok(Self::Single),
            None => Ok(Self::Any),
            Some(_) if single => wrong("a server has a single port or a range of ports, not both".to_owned()),
            Some(range) if range.is_empty() || *range.start() == 0 => {
                let (low, high) = range.into_inner();
                wrong(format!("{low} to {high} is not a range of ports: they are 1 to 65535, the lower one first"))
            }
            Some(range) => Ok(Self::Range(range)),
        }
    }

    /// Returns the only ports that a transfer may have, if it needs one of its own.
    pub(super) fn range(&self) -> Option<&RangeInclusive<u16>> {
        match self {
            Self::Range(range) => Some(range),
            Self::Any | Self::Single => None,
        }
    }

    /// Returns the most transfers that have ports at the same time.
    pub(super) fn most(&self) -> usize {
        self.range().map_or(usize::MAX, ExactSizeIterator::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_port_excludes_a_range_and_a_range_has_ports() {
        assert_eq!(Ports::new(true, None).unwrap(), Ports::Single);
        assert_eq!(Ports::new(false, None).unwrap().most(), usize::MAX);
        assert_eq!(Ports::new(false, Some(7400..=7402)).unwrap().most(), 3);
        #[expect(clippy::reversed_empty_ranges, reason = "a mistake that is refused")]
        for (single, range) in [(true, 7400..=7402), (false, 7402..=7400), (false, 0..=9)] {
            let error = Ports::new(single, Some(range)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
        }
    }
}
