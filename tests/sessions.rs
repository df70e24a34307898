//! Plays the sessions of `tests/sessions/*.txt`: typed lines in; both outputs, the files left and the status compared.
//!
//! A session is text in parts, each begun by its name in brackets. What stands before the first part says what the
//! session is about.
//!
//! | part | meaning |
//! | --- | --- |
//! | `[args]` | arguments of the program, one a line |
//! | `[files]` | files in its folder beforehand: `name = content`, `\n`, `\r`, `\0` and `\xNN` understood |
//! | `[stdin]` | typed lines; `\xNN` is a byte |
//! | `[stdout]`, `[stderr]` | what must be printed |
//! | `[left]` | files in its folder afterwards: `name = content` or `name: N bytes`; none where left out |
//! | `[status]` | the exit status, 0 where left out |
//!
//! In arguments and typed lines `{port}` is the port of a practice server, `{silent}` one that never answers, `{dead}`
//! one where nobody listens. In outputs these numbers become the same words again, the port of `--practice` becomes
//! `{practice}`; times, rates, a server's counts and a resolver's reasons become `S`, `R`, `COUNTS` and `REASON`.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{Peers, Ran, run};

#[test]
fn every_session_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions");
    let mut paths: Vec<_> = fs::read_dir(folder).expect("sessions").map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    assert!(paths.len() >= 12, "the sessions are gone");
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let plays: Vec<_> = paths.iter().map(|path| (path, scope.spawn(|| play(path)))).collect();
        for (path, play) in plays {
            match play.join() {
                Ok(Ok(())) => {}
                Ok(Err(difference)) => wrong.push(format!("{}: {difference}", path.display())),
                Err(_) => wrong.push(format!("{}: broken", path.display())),
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn play(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).expect("a session");
    let session = parts(&text);
    let part = |name: &str| session.get(name).map(String::as_str).unwrap_or_default();
    let folder = tempfile::tempdir().expect("a folder");
    for line in part("files").lines() {
        let (name, content) = line.split_once(" = ").expect("name = content");
        fs::write(folder.path().join(name), bytes(content)).expect("a file");
    }
    let peers = Peers::new();
    let args: Vec<_> = part("args").lines().map(|arg| peers.fill_in(arg)).collect();
    let ran = run(folder.path(), &args, &bytes(&peers.fill_in(part("stdin"))));
    let Ran { stdout, stderr, status } = peers.normalise(ran);
    let expected_status = part("status").trim().parse().unwrap_or(0);
    compare("stdout", part("stdout"), &stdout)?;
    compare("stderr", part("stderr"), &stderr)?;
    compare("status", &expected_status.to_string(), &status.to_string())?;
    if session.contains_key("left") {
        compare("left", part("left"), &left(folder.path(), part("left")))?;
    }
    Ok(())
}

/// The parts by name; the text of each ends in a line feed, blank lines behind it left out.
fn parts(text: &str) -> BTreeMap<String, String> {
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(next) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            parts.insert(next.to_owned(), String::new());
            name = Some(next.to_owned());
        } else if let Some(part) = name.as_ref().and_then(|name| parts.get_mut(name)) {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts.into_iter().map(|(name, part)| (name, part.trim_end_matches('\n').to_owned() + "\n")).collect()
}

/// Text with `\n`, `\r`, `\0`, `\\` and `\xNN` taken as bytes. Other backslashes stay.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find('\\') {
        let (before, escape) = rest.split_at(place);
        bytes.extend_from_slice(before.as_bytes());
        let (byte, length) = match escape.as_bytes().get(1) {
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'0') => (0, 2),
            Some(b'x') => (u8::from_str_radix(&escape[2..4], 16).expect("two digits"), 4),
            _ => (b'\\', 1),
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The folder in the words of `expected`, which tells for each file whether its content or its size is of interest.
fn left(folder: &Path, expected: &str) -> String {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder") {
        let entry = entry.expect("entry");
        let (name, content) = (entry.file_name(), fs::read(entry.path()).unwrap_or_default());
        let name = name.to_string_lossy();
        lines.push(if expected.lines().any(|line| line.starts_with(&format!("{name}: "))) {
            format!("{name}: {} bytes\n", content.len())
        } else {
            format!("{name} = {}\n", content.escape_ascii().to_string().replace("\\x00", "\\0"))
        });
    }
    lines.sort();
    lines.concat()
}

fn compare(what: &str, expected: &str, found: &str) -> Result<(), String> {
    let [expected, found] = [expected, found].map(|text| text.trim_end_matches('\n'));
    if expected == found { Ok(()) } else { Err(format!("{what}\n--- expected\n{expected}\n--- found\n{found}\n---")) }
}
