//! Block numbers: 64 bits in the file, 16 on the wire.

/// How wire numbers continue after 65535. No RFC specifies it: senders wrap to 0, a few old ones to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Wrap {
    #[default]
    ToZero,
    ToOne,
}

impl Wrap {
    /// Returns the wire number of a block of the file; an ACK of nothing has block 0.
    pub(crate) fn wire(self, block: u64) -> u16 {
        let number = match self {
            Self::ToOne if block > 0 => block.wrapping_sub(1) % 65535 + 1,
            _ => block % 65536,
        };
        // The remainder fits by construction.
        u16::try_from(number).unwrap_or(u16::MAX)
    }

    /// Returns how many blocks the wire number `wire` is ahead of block `from`: less than one round of numbers.
    pub(crate) fn ahead(self, wire: u16, from: u64) -> u64 {
        let round = self.round();
        (u64::from(wire) + round).saturating_sub(u64::from(self.wire(from))) % round
    }

    /// Returns the latest block before `from` with the number `wire`.
    pub(crate) fn before(self, wire: u16, from: u64) -> Option<u64> {
        from.checked_sub(self.round() - self.ahead(wire, from))
    }

    /// Returns how many numbers there are.
    fn round(self) -> u64 {
        match self {
            Self::ToZero => 65536,
            Self::ToOne => 65535,
        }
    }
}

/// Returns the block with the number `wire` that is nearest to `block`, whose own number is `number`.
pub(crate) fn nearest(wire: u16, block: u64, number: u16) -> u64 {
    let ahead = wire.wrapping_sub(number).cast_signed();
    block.checked_add_signed(ahead.into()).unwrap_or_else(|| wire.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_to_zero_or_to_one() {
        assert_eq!([1, 65535, 65536, 65537, 131_072].map(|block| Wrap::ToZero.wire(block)), [1, 65535, 0, 1, 0]);
        assert_eq!([0, 1, 65535, 65536, 131_071].map(|block| Wrap::ToOne.wire(block)), [0, 1, 65535, 1, 1]);
    }

    #[test]
    fn the_distance_is_right_across_the_wrap() {
        assert_eq!(Wrap::ToZero.ahead(2, 65534), 4);
        assert_eq!(Wrap::ToZero.ahead(65534, 65536), 65534);
        assert_eq!(Wrap::ToOne.ahead(2, 65534), 3);
        for wrap in [Wrap::ToZero, Wrap::ToOne] {
            for block in [1, 7, 65530, 65535, 65536, 131_072, 10_000_000] {
                for step in [0, 1, 16, 60000] {
                    assert_eq!(wrap.ahead(wrap.wire(block + step), block), step, "{wrap:?} {block} {step}");
                }
            }
        }
    }
}
