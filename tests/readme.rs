//! The README's list of commands equals the table of commands.

use tftpsh::internals::commands;

const README: &str = include_str!("../README.md");

#[test]
fn the_readme_lists_every_command_as_the_table_has_it() {
    let (_, rest) = README.split_once("<!-- commands -->\n").expect("the mark before the list");
    let (listed, _) = rest.split_once("<!-- /commands -->").expect("the mark after the list");
    let expected = list();
    if std::env::var_os("README").is_some_and(|it| it == "rewrite") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        std::fs::write(path, README.replace(listed, &expected)).expect("a writable README.md");
    }
    assert!(listed == expected, "README.md should list between its marks:\n{expected}");
}

fn list() -> String {
    let mut list = String::from("| command | what it does |\n| --- | --- |\n");
    for command in commands() {
        // A bar would end the cell.
        let forms: Vec<_> = command.usage.iter().map(|form| format!("`{}`", form.replace('|', "\\|"))).collect();
        list += &format!("| {} | {} |\n", forms.join("<br>"), command.brief);
    }
    list
}
