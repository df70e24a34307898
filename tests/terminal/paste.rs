//! Text pasted from elsewhere: typed, line by line.

use std::fs;

use crate::person::{CTRL_D, CTRL_U, Person, STATE, home};

/// What a terminal sends for a paste, as the program asked for it.
fn pasted(text: &str) -> String {
    format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r"))
}

#[test]
fn pasted_lines_run_one_after_the_other_and_the_rest_stays_at_the_prompt() {
    let mut person = Person::begin(home(), &["--practice"]);
    person.types(&pasted("mode\nget hello.txt\nverbose on\nmode net"));
    // Each is echoed after its prompt, then answered.
    for part in [
        "mode\r\n",
        "Using octet mode to transfer files.\r\n",
        "tftp> ",
        "get hello.txt\r\n",
        "Received 13 bytes",
        "tftp> ",
        "verbose on\r\n",
        "Verbose mode on.\r\n",
        "tftp> ",
        "mode net",
    ] {
        person.sees(part);
    }
    person.types("ascii\r");
    person.sees("mode set to netascii");
    person.types(CTRL_D);
    let (status, home) = person.ends();
    assert_eq!(status, 0);
    let history = fs::read_to_string(home.path().join(STATE).join("history")).expect("the history");
    assert!(history.ends_with("mode\nget hello.txt\nverbose on\nmode netascii\n"), "{history}");
}

#[test]
fn lines_typed_ahead_run_one_after_the_other() {
    let mut person = Person::begin(home(), &[]);
    person.types("mode\rverbose on\rstatus\rmode netascii\r");
    for answer in ["Using octet mode", "Verbose mode on.", "Not connected.", "mode set to netascii"] {
        person.sees(answer);
    }
}

#[test]
fn a_pasted_tab_is_a_space_and_a_pasted_control_character_nothing() {
    let mut person = Person::begin(home(), &[]);
    // Tab would complete this to "verbose on", and ^D end the shell.
    person.types(&pasted("verbose\to\tn\nmode\tnet\x04ascii\r\nmode\n"));
    for answer in ["usage: verbose [ on | off ]", "Using netascii mode"] {
        person.sees(answer);
    }
    // After the paste, keys are keys again.
    person.sees("tftp> ");
    person.types("conn\t");
    person.sees("connect ");
    person.types(CTRL_U);
}

#[test]
fn a_paste_of_many_lines_loses_none() {
    let mut person = Person::begin(home(), &[]);
    let lines: String = (0..500).map(|number| format!("help no{number:03}\n")).collect();
    person.types(&pasted(&lines));
    for number in 0..500 {
        person.sees(&format!("?Invalid help command no{number:03}"));
    }
}
