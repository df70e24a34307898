//! Plays the sessions of `tests/sessions/*.txt`: typed lines in; both outputs, the files left and the status compared.
//!
//! A session is text in parts, each begun by its name in brackets. What stands before the first part says what the
//! session is about.
//!
//! | part | meaning |
//! | --- | --- |
//! | `[args]` | arguments of the program, one a line |
//! | `[files]` | files in its folder beforehand: `name = content`, `\n`, `\r`, `\0` and `\xNN` understood |
//! | `[served]` | files in a folder that `{folder}` serves, written in the same way |
//! | `[peer]` | what `{peer}` answers: see [`peer`] |
//! | `[stdin]` | typed lines; `\xNN` is a byte |
//! | `[stdout]`, `[stderr]` | what must be printed |
//! | `[left]` | files in its folder afterwards: `name = content` or `name: N bytes`; not looked at where left out |
//! | `[status]` | the exit status, 0 where left out |
//!
//! In arguments, files and typed lines `{port}` is the port of a practice server, `{folder}` of a server of the folder,
//! `{peer}` of the scripted one, `{silent}` one that never answers, `{dead}` one where nobody listens. In outputs these
//! numbers become the same words again, the port of `--practice` becomes `{practice}`; times, rates, a server's counts
//! and a resolver's reasons become `S`, `R`, `COUNTS` and `REASON`.
//!
//! With `SESSIONS=rewrite` in the environment what was found is written into the sessions, to be read before it is kept.

mod coverage;
mod peer;
mod session;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use peer::Peer;
use session::{Session, bytes, left, write_files};
use support::{Peers, Ran, patient, run_and_meet, serve_directory};

/// As many at once: some wait for their time to run out, and none should wait for a processor as well.
const AT_ONCE: usize = 4;

#[test]
fn every_session_goes_as_written() {
    let paths = paths();
    let rewrite = std::env::var_os("SESSIONS").is_some_and(|value| value == "rewrite");
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            let expected = Session::read(path);
            let found = play(&expected);
            if rewrite {
                fs::write(path, found.to_string()).expect("the session is rewritten");
            } else if let Some(difference) = expected.difference(&found) {
                wrong.push(format!("{}: {difference}", path.display()));
            }
        }
        wrong
    };
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a session that is written well")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn paths() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions");
    let paths = fs::read_dir(folder).expect("sessions").map(|entry| entry.expect("entry").path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    paths.sort();
    paths
}

/// The session with what really happened in the place of what should.
fn play(session: &Session) -> Session {
    let folder = tempfile::tempdir().expect("a folder");
    let served = tempfile::tempdir().expect("a folder");
    write_files(served.path(), session.part("served"));
    let peer = Peer::new(session.part("peer"));
    let server = serve_directory(served.path(), patient());
    let peers = Peers::new(&[("{peer}", peer.port()), ("{folder}", server.port())]);
    write_files(folder.path(), &peers.fill_in(session.part("files")));
    let args: Vec<_> = session.part("args").lines().map(|arg| peers.fill_in(arg)).collect();
    let stdin = bytes(&peers.fill_in(session.part("stdin")));
    let ran = run_and_meet(folder.path(), &args, &stdin, |program| peer.meet(program));
    let Ran { stdout, stderr, status } = peers.normalise(ran);
    let status = if status == 0 { String::new() } else { format!("{status}\n") };
    let left = if session.has("left") { left(folder.path(), session.part("left")) } else { String::new() };
    let found = [("stdout", stdout), ("stderr", stderr), ("left", left), ("status", status)];
    session.with(found.map(|(name, text)| (name, text.replace('\x1b', "{esc}"))))
}
