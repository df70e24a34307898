//! The manual page as a reader sees it. Where groff is not installed, the test says so and passes.

use std::process::{Command, Stdio};

#[test]
fn the_manual_page_is_valid_and_fits_80_columns() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/man/tftp.1");
    let mut groff = Command::new("groff");
    let output = groff.args(["-man", "-ww", "-Tascii", "-P-cbou", "-rLL=80n", page]).stdin(Stdio::null()).output();
    let Ok(output) = output else {
        eprintln!("skipped: groff is not installed");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "groff has no warnings");
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for section in ["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"] {
        assert!(text.lines().any(|line| line == section), "{section}");
    }
}
