//! The program on the crate's front page, unchanged, in a crate of its own that depends on this one by its path.

use std::fs;
use std::path::Path;
use std::process::Command;

const FRONT_PAGE: &str = include_str!("../src/lib.rs");
const README: &str = include_str!("../README.md");

/// The first example, without the lines that documentation hides.
fn program() -> String {
    let lines = FRONT_PAGE.lines().map_while(|line| line.strip_prefix("//!"));
    let example = lines.skip_while(|line| line.trim() != "```").skip(1).take_while(|line| line.trim() != "```");
    example.filter(|line| !line.starts_with(" #")).map(|line| format!("{}\n", line.get(1..).unwrap_or(""))).collect()
}

/// The dependencies are compiled as for this package, so that they need not be compiled again.
fn manifest(root: &Path) -> String {
    let root = root.display();
    format!(
        "[package]\nname = \"dependent\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\ntftpsh = {{ path = \"{root}\" }}\n\n\
         [profile.dev.package.\"*\"]\nopt-level = 1\ndebug = false\n\n\
         [profile.dev.package.tftpsh]\nopt-level = 0\ndebug = false\n\n[workspace]\n"
    )
}

#[test]
fn the_readme_shows_the_same_program() {
    assert!(README.contains(&format!("```rust\n{}```\n", program())));
}

#[test]
fn the_program_of_the_front_page_runs_in_a_crate_of_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    let crate_ = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| crate_.path().join(name);
    fs::create_dir(at("src")).expect("a directory");
    fs::write(at("src/main.rs"), program()).expect("a file");
    fs::write(at("Cargo.toml"), manifest(root)).expect("a file");
    fs::copy(root.join("Cargo.lock"), at("Cargo.lock")).expect("a lock file");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline", "--target-dir"])
        .arg(target)
        .current_dir(crate_.path())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "8 bytes\n");
    assert_eq!(fs::read(at("fw.out")).expect("the file it fetched"), b"firmware");
}
