//! The values of options that no command has.

use crate::language::value;
use crate::style::When;
use crate::transfer::Rexmt;

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
