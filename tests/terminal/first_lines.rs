//! Lines of the command line that run before a person types.

use crate::person::{CTRL_D, Person, STATE, at, home};

#[test]
fn lines_of_e_run_and_leave_the_person_at_the_prompt() {
    let home = home();
    let command = at(home.path(), &["--practice", "-e", "get nosuch", "-e", "get", "-e", "mode"]);
    let mut person = Person::meets(home, command, true);
    person.sees("File not found");
    person.sees("(files) ");
    person.types("hello.txt\r");
    person.sees("Received 13 bytes");
    person.sees("Using octet mode");
    person.sees("tftp> ");
    person.says("verbose", "Verbose mode on.");
    person.types(CTRL_D);
    let (status, home) = person.ends();
    assert_eq!(status, 0, "as after a failure at the prompt");
    let history = std::fs::read_to_string(home.path().join(STATE).join("history")).expect("the history");
    assert!(history.contains("verbose") && !history.contains("nosuch"), "{history}");
}

#[test]
fn quit_in_e_leaves() {
    let home = home();
    let command = at(home.path(), &["-e", "quit"]);
    let (status, _) = Person::meets(home, command, true).ends();
    assert_eq!(status, 0);
}
