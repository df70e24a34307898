//! Tab, and what stands behind the cursor.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::person::{CTRL_U, Person, at, home};

#[test]
fn tab_completes_commands_values_and_files() {
    let home = home();
    for name in ["my image.bin", "grün.txt"] {
        fs::write(home.path().join(name), "bits").expect("a file");
    }
    let mut person = Person::begin(home, &["--practice"]);
    for (keys, line) in [
        ("conn\t", "connect "),
        ("mo\tnet\t", "mode netascii "),
        ("blksize 14\t", "blksize 1428 "),
        ("put my\t", "put my\\ image.bin "),
        ("put 'my\t", "put 'my image.bin' "),
        ("put \"my\t", "put \"my image.bin\" "),
        // Nobody has seen these yet; the practice server is known to have them.
        ("get wr\t", "get wrap.bin "),
        ("get h\t", "get hello.txt "),
        ("put gr\t", "put grün.txt "),
    ] {
        person.types(keys);
        person.sees(line);
        person.types(CTRL_U);
    }
    person.says("put my\t", "Sent 4 bytes");
}

#[test]
fn tab_completes_the_options_of_a_server_and_their_values() {
    let mut person = Person::begin(home(), &[]);
    for (keys, line) in [
        ("serve . --read\t", "serve . --read-only "),
        ("serve . --max-b\t14\t", "serve . --max-blksize 1428 "),
        ("serve . --max-blksize=14\t", "serve . --max-blksize=1428 "),
        ("serve --user nobody . --w\t", "serve --user nobody . --windows-names "),
    ] {
        person.types(keys);
        person.sees(line);
        person.types(CTRL_U);
    }
    person.says("serve . --single-port --port-range 5:6", "--single-port and --port-range exclude each other");
    person.says("serve . --per-host 3 --port 0", "Serving . at 127.0.0.1:");
}

#[test]
fn names_that_no_terminal_should_show_complete_as_codes() {
    let home = home();
    let names: [&[u8]; 4] = [b"latin\xe9.txt", b"clear\x1b[2J.bin", "left\u{202e}txt.exe".as_bytes(), b"dir\xff"];
    for name in &names[..3] {
        fs::write(home.path().join(OsStr::from_bytes(name)), "bits").expect("a file");
    }
    fs::create_dir(home.path().join(OsStr::from_bytes(names[3]))).expect("a directory");
    fs::write(home.path().join(OsStr::from_bytes(b"dir\xff/it's")), "more bits").expect("a file");
    let command = at(home.path(), &["--practice"]);
    let mut person = Person::meets(home, command, false);
    person.sees("tftp> ");
    for (number, (keys, line, sent)) in (1..).zip([
        ("put lat\t", r"put $'latin\xe9.txt' ", "Sent 4 bytes"),
        ("put cl\t", r"put $'clear\x1b[2J.bin' ", "Sent 4 bytes"),
        ("put le\t", r"put $'left\xe2\x80\xaetxt.exe' ", "Sent 4 bytes"),
        ("put dir\t\t", r"put $'dir\xff/it\'s' ", "Sent 9 bytes"),
    ]) {
        person.types(keys);
        person.sees(line);
        person.types(&format!("copy{number}\r"));
        person.sees(sent);
    }
    // A name on the server is remembered, and completes in the same way.
    person.types("put $'latin\\xe9.txt' $'caf\\xe9'\r");
    person.sees("Sent 4 bytes");
    person.types("get ca\t");
    person.sees(r"get $'caf\xe9' ");
    person.types(CTRL_U);
    person.types("put \t\t");
    // Two columns, read row by row.
    let listed = [r"clear\x1b[2J.bin", r"latin\xe9.txt", r"dir\xff/", r"left\xe2\x80\xaetxt.exe"];
    let listed = listed.map(|name| person.sees(name));
    assert!(!listed.concat().contains("\x1b[2J"), "{listed:?}");
}

#[test]
fn a_tilde_is_the_home_directory_and_a_star_any_name() {
    let home = home();
    fs::create_dir(home.path().join("deep")).expect("a directory");
    for name in ["my image.bin", "deep/a.cfg", "deep/b.cfg"] {
        fs::write(home.path().join(name), "bits").expect("a file");
    }
    let mut command = at(home.path(), &["--practice"]);
    command.current_dir("/");
    let mut person = Person::start(home, command);
    person.types("put ~/my\t");
    person.sees("put ~/my\\ image.bin ");
    person.types("\r");
    person.sees("Sent 4 bytes");
    person.sees("tftp> ");
    person.says("mput ~/deep/*.cfg", "Sent 4 bytes in 0.0 seconds (");
    // The names on the server begin after the home directory.
    person.says("lcd ~/deep", "Local directory: ");
    person.says("get 'my image.bin' new", "Received 4 bytes");
    person.says("get deep/b.cfg ~/new", "Received 4 bytes");
    let names = ["new", "deep/new"].map(|name| person.home.path().join(name).is_file());
    assert_eq!(names, [true, true]);
}

#[test]
fn tab_twice_lists_what_there_is() {
    let mut person = Person::begin(home(), &[]);
    person.types("mode \t\t");
    for mode in ["ascii", "netascii", "binary", "image", "octet"] {
        person.sees(mode);
    }
}

#[test]
fn tab_knows_what_is_asked_for() {
    let home = home();
    fs::write(home.path().join("fw.bin"), "bits").expect("a file");
    let mut person = Person::begin(home, &["--practice"]);
    person.types("put\r");
    person.sees("(file) ");
    person.types("f\t");
    person.sees("fw.bin ");
    person.types("new.bin\r");
    person.sees("Sent 4 bytes");
}

#[test]
fn the_arguments_still_missing_stand_behind_the_cursor() {
    let home = home();
    let mut command = at(home.path(), &[]);
    command.env_remove("NO_COLOR");
    let mut person = Person::start(home, command);
    person.types("connect");
    person.sees("connect host-name [port]");
    person.types(" h ");
    person.sees("connect h [port]");
    // A hint never needs a second row.
    person.types(CTRL_U);
    person.stty(&["cols", "40", "rows", "24"]);
    person.types("serve bug ");
    person.sees("serve bug [sorcerer | ..]");
    // A hint is never part of the line.
    person.types(CTRL_U);
    person.says("status", "Not connected.");
}
