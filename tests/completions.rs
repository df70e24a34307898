//! Completion in the shells that people live in: real ones, on a terminal, asking the real program.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use support::{Foreign, at_home, program};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/completions");

#[test]
fn the_files_beside_the_source_are_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, words) in [
        ("completions/tftp.bash", ["__completions", "bash"].as_slice()),
        ("completions/_tftp", &["__completions", "zsh"]),
        ("completions/tftp.fish", &["__completions", "fish"]),
        ("man/tftp.1", &["__man"]),
    ] {
        let kept = fs::read_to_string(root.join(file)).expect(file);
        assert!(kept == ask(words), "{file} is old: tftp {} > {file}", words.join(" "));
    }
}

#[test]
fn the_program_answers_with_value_and_help() {
    assert_eq!(ask(&["__complete", "--", "--mo"]).split('\t').next(), Some("--mode"));
    assert_eq!(ask(&["__complete", "--", "ge"]), "get\treceive file\n");
    assert_eq!(ask(&["__complete", "--", "mode", "net"]), "netascii\t\n");
    assert_eq!(ask(&["__complete-line", "--", "tftp get -m=net", " :="]), "");
    assert_eq!(ask(&["__complete-line", "--", "tftp --mode=net", " :="]), "netascii\t\n");
    assert_eq!(ask(&["__complete-line", "--", "tftp '--mode=net", " :="]), "--mode=netascii\t\n");
}

#[test]
fn bash_completes() {
    let setup = format!("bind 'set bell-style none'; source {SCRIPTS}/tftp.bash");
    let listed = [
        ("tftp lesson \t\t", &["9 ", "10 ", "11 ", "12"][..]),
        // A slash more would be shown before the space.
        ("tftp put sub\t\t", &["sub1/ ", "sub2/ "]),
    ];
    play("bash", &["--noprofile", "--norc", "-i"], &setup, &listed);
}

#[test]
fn zsh_completes() {
    let setup = format!("PS1='> '; fpath=({SCRIPTS} $fpath); autoload -Uz compinit; compinit -u -D");
    let listed = [
        ("tftp lesson \t", &["9   -- Bargaining", "10  -- Roll-over"][..]),
        ("tftp t\t", &["trace    -- toggle packet tracing", "timeout  -- set total"]),
    ];
    play("zsh", &["-f", "-i"], &setup, &listed);
}

#[test]
fn fish_completes() {
    play("fish", &["--no-config", "-i"], &format!("source {SCRIPTS}/tftp.fish"), &[]);
}

fn ask(words: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a directory");
    let output = program(home.path()).args(words).output().expect("the program");
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Types lines with Tab in them and looks at the arguments that the program gets, then at what Tab lists, in order.
fn play(shell: &'static str, args: &[&str], setup: &str, listed: &[(&str, &[&str])]) {
    let foreign = Foreign { name: shell, program: shell, asked: "--version", says: shell, needs_root: false };
    let Some(program) = foreign.find() else { return };
    let home = tempfile::tempdir().expect("a directory");
    remember(home.path());
    let mut session = start(&program, args, home.path());
    session.send_line(setup).expect("a terminal");
    // What is typed is echoed; only what is run joins the halves.
    session.send_line("echo rea\"\"dy").expect("a terminal");
    session.exp_string("ready").unwrap_or_else(|error| panic!("{shell}: {error}"));
    for (typed, expected) in [
        ("tftp --mo\t", "<--mode>"),
        ("tftp g\t", "<get>"),
        ("tftp sw1 get \t", "<sw1> <get> <fw.bin>"),
        ("tftp get sw1:f\t", "<get> <sw1:fw.bin>"),
        ("tftp get 127.0.0.1:f\t", "<get> <127.0.0.1:fw.bin>"),
        ("tftp get 127.\tf\t", "<get> <127.0.0.1:fw.bin>"),
        ("tftp get old:my\t", "<get> <old:my file>"),
        ("tftp put sub1\ta\t", "<put> <sub1/a.cfg>"),
        ("tftp --mode=net\t", "<--mode=netascii>"),
        ("tftp old get \t", "<old> <get> <my file>"),
        ("tftp put my\t", "<put> <my local file>"),
        ("tftp put 'my\t", "<put> <my local file>"),
    ] {
        session.send_line(typed).expect("a terminal");
        let expected = format!("ran {expected} end");
        session.exp_string(&expected).unwrap_or_else(|error| panic!("{shell}: {typed}: {error}"));
    }
    for (typed, candidates) in listed {
        session.send(typed).expect("a terminal");
        session.flush().expect("a terminal");
        for candidate in *candidates {
            session.exp_string(candidate).unwrap_or_else(|error| panic!("{shell}: {typed}: {error}"));
        }
        // Drops the line.
        session.send_line("\x15").expect("a terminal");
    }
    session.send_line("exit").expect("a terminal");
    session.exp_eof().unwrap_or_else(|error| panic!("{shell}: {error}"));
}

/// A home with a bookmark, names that were seen, a file to send, and a `tftp` that shows its arguments.
fn remember(home: &Path) {
    let [config, state, bin] = [".config/tftpsh", ".local/state/tftpsh", "bin"].map(|name| home.join(name));
    for directory in [&config, &state, &bin] {
        fs::create_dir_all(directory).expect("a directory");
    }
    fs::write(config.join("hosts"), "sw1 192.0.2.1\nold 192.0.2.9\n").expect("a file");
    fs::write(state.join("seen"), "192.0.2.1\n\tfw.bin\n192.0.2.9\n\tmy file\n127.0.0.1\n\tfw.bin\n").expect("a file");
    fs::write(home.join("my local file"), "").expect("a file");
    for directory in ["sub1", "sub2"] {
        fs::create_dir(home.join(directory)).expect("a directory");
        fs::write(home.join(directory).join("a.cfg"), "").expect("a file");
    }
    let real = env!("CARGO_BIN_EXE_tftp");
    let script = format!(
        "#!/bin/sh\ncase $1 in __complete*) exec '{real}' \"$@\";; esac\nprintf ran; printf ' <%s>' \"$@\"; echo ' end'\n"
    );
    let program = bin.join("tftp");
    fs::write(&program, script).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
}

fn start(shell: &Path, args: &[&str], home: &Path) -> PtySession {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(shell);
    at_home(&mut command, home).args(args).current_dir(home).env("TERM", "xterm").env("PS1", "> ");
    command.env("PATH", format!("{}:{path}", home.join("bin").display()));
    for name in ["XDG_DATA_HOME", "INPUTRC", "ZDOTDIR"] {
        command.env_remove(name);
    }
    spawn_with_options(command, Options::new().timeout_ms(Some(20_000)).strip_ansi_escape_codes(true))
        .expect("a terminal")
}
