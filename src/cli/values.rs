//! The values of options that no command has.

use std::ops::RangeInclusive;

use crate::language::{Port, Value, Word, value};
use crate::style::When;
use crate::transfer::Rexmt;

pub(super) fn ports(text: &str) -> Result<RangeInclusive<u16>, &'static str> {
    let port = |digits: &str| Port::read(&Word::new(digits)).map(|Port(port)| port);
    let (low, high) = text.split_once(':').unwrap_or((text, text));
    match (port(low), port(high)) {
        (Some(low), Some(high)) if low <= high => Ok(low..=high),
        _ => Err("LOW:HIGH, two ports from 1 to 65535, the lower one first"),
    }
}

pub(super) fn port_or_any(text: &str) -> Result<u16, &'static str> {
    text.parse().map_err(|_| "must be 1 to 65535, or 0 for any free port of serve")
}

pub(super) fn when(text: &str) -> Result<When, &'static str> {
    match text {
        "auto" => Ok(When::Auto),
        "always" => Ok(When::Always),
        "never" => Ok(When::Never),
        _ => Err("auto, always or never"),
    }
}

pub(super) fn rexmt(text: &str) -> Result<Rexmt, String> {
    match text {
        "auto" => Ok(Rexmt::Auto),
        _ => value(text).map(Rexmt::Fixed),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn invalid_values_are_refused() {
        for line in [
            "-R 0",
            "-R 9:8",
            "-R 1:2:3",
            "-R a",
            "-R +5",
            "-b 7",
            "-b 65465",
            "-w 0",
            "-t 0",
            "--rexmt never",
            "-m mail",
            "-p 65536",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
