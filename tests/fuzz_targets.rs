//! The fuzz targets on stable: their corpus, and random bytes.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "shares its modules with a package of its own")]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

type Target = fn(&[u8]);

#[test]
fn the_corpus_breaks_no_promise() {
    let targets: [(&str, Target); 6] = [
        ("line", targets::line::run),
        ("machine", targets::machine::run),
        ("netascii", targets::netascii::run),
        ("options", targets::options::run),
        ("packet", targets::packet::run),
        ("uri", targets::uri::run),
    ];
    for (name, target) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let mut inputs = 0;
        for input in fs::read_dir(&folder).unwrap() {
            target(&fs::read(input.unwrap().path()).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{}", folder.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_line(input in prop::collection::vec(any::<u8>(), 0..60)) {
        targets::line::run(&input);
    }

    #[test]
    fn any_script_for_a_machine(input in prop::collection::vec(any::<u8>(), 0..200)) {
        targets::machine::run(&input);
    }

    #[test]
    fn any_text(input in prop::collection::vec(any::<u8>(), 0..600)) {
        targets::netascii::run(&input);
    }

    #[test]
    fn any_options(input in prop::collection::vec(any::<u8>(), 0..60)) {
        targets::options::run(&input);
    }

    #[test]
    fn any_packet(input in prop::collection::vec(any::<u8>(), 0..60)) {
        targets::packet::run(&input);
    }

    #[test]
    fn any_uri(input in "[a-z:;=/%@#?0-9\\[\\]]{0,40}|(?s).{0,20}") {
        targets::uri::run(input.as_bytes());
    }
}
