//! A URI as typed.

use tftpsh::internals::Uri;

/// Parsing never panics, what is displayed is read as the same again, and neither it nor what is told of a bad one can
/// steer a terminal.
pub fn run(input: &[u8]) {
    let word = [b"tftp://", input].concat();
    match Uri::parse(&word).expect("it begins as a URI does") {
        Ok(uri) => {
            let displayed = uri.to_string();
            assert!(!displayed.chars().any(char::is_control), "{displayed:?}");
            assert_eq!(Uri::parse(displayed.as_bytes()), Some(Ok(uri)));
        }
        Err(bad) => assert!(!bad.to_string().chars().any(char::is_control), "{bad:?}"),
    }
    let _ = Uri::parse(input);
}
