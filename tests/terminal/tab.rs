//! Tab, and what stands behind the cursor.

use std::fs;

use crate::person::{CTRL_U, Person, at, home};

#[test]
fn tab_completes_commands_values_and_files() {
    let home = home();
    for name in ["my image.bin", "grün.txt", "evil\x1b[2Jname", "evil"] {
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
        // What would move the cursor is no name to choose.
        ("put ev\t", "put evil "),
    ] {
        person.types(keys);
        person.sees(line);
        person.types(CTRL_U);
    }
    person.says("put my\t", "Sent 4 bytes");
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
    // A hint is never part of the line.
    person.types(CTRL_U);
    person.says("status", "Not connected.");
}
