//! Lesson 12, and scripts that are played alone.

use std::collections::BTreeSet;

use tftpsh::internals::Lesson;
use tftpsh::internals::ServerBug;

use crate::played::{drawn, play, run};
use crate::support::{NOWHERE, program};

#[test]
fn lesson_12_hides_a_bug_and_names_it_at_the_end() {
    let lesson = Lesson::find(12).expect("there is a lesson 12");
    assert!(lesson.script.contains("fault seed 1\n"));
    let played = play(12);
    assert_eq!(played.status, Some(0), "{}", played.stderr);
    let status = played.outputs("serve status")[0];
    let named = format!("Server bug active: {}, ", ServerBug::puzzle(1));
    assert!(status.iter().any(|line| line.starts_with(&named)), "{status:?}");
    let before: Vec<_> = played.commands.iter().take_while(|(given, _)| given != "serve status").collect();
    assert!(before.iter().all(|(_, lines)| lines.iter().all(|line| !line.starts_with(&named))), "no word before");
}

/// What the script of a lesson does when it is piped into the program is what the lesson does.
#[test]
fn a_script_does_alone_what_the_lesson_does() {
    for number in [8, 9] {
        let lesson = Lesson::find(number).expect("a lesson");
        let piped = program(NOWHERE).args(["lesson", &number.to_string(), "--script"]).output().expect("the program");
        assert_eq!(String::from_utf8_lossy(&piped.stdout), lesson.script);
        let folder = tempfile::tempdir().expect("a folder");
        let alone = run(folder.path(), lesson.script);
        assert_eq!(alone.status, Some(0), "{}", alone.stderr);
        let packets = |text: &str| {
            let drawn = text.lines().filter_map(drawn);
            drawn.map(|it| (it.sent, it.lost, it.label)).collect::<Vec<_>>()
        };
        let (alone, given) = (packets(&alone.text), packets(&play(number).text));
        assert!(alone.len() > 20 && alone.len() == given.len(), "{number}: {} and {}", alone.len(), given.len());
    }
}

/// A riddle that cannot be solved is none: whatever bug lesson 12 may choose, some packet tells.
#[test]
fn every_bug_that_lesson_12_may_choose_shows_itself() {
    let bugs: BTreeSet<_> = (0..200).map(|seed| ServerBug::puzzle(seed).name()).collect();
    let script = Lesson::find(12).expect("there is a lesson 12").script;
    let shown = |bug: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let played = run(folder.path(), &script.replace("serve bug random", &format!("serve bug {bug}")));
        assert_eq!(played.status, Some(0), "{bug}: {}", played.stderr);
        packets_in_words(&played.text)
    };
    std::thread::scope(|scope| {
        let shown = &shown;
        let honest = scope.spawn(move || shown("off"));
        let all: Vec<_> = bugs.iter().map(|bug| (bug, scope.spawn(move || shown(bug)))).collect();
        let honest = honest.join().expect("a lesson");
        assert!(honest.len() > 40, "{honest:?}");
        for (bug, thread) in all {
            assert_ne!(thread.join().expect("a lesson"), honest, "{bug} looks like an honest server");
        }
    });
}

/// Way, kind, length and errors of each packet of the explain view, and whether it is about the port that was asked.
fn packets_in_words(text: &str) -> Vec<String> {
    let mut asked = String::new();
    let heads = text.lines().filter(|line| {
        line.starts_with("Error code")
            || line.starts_with('#') && line.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
    });
    heads
        .map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [_, _, _, _, way, kind, _, _, port, length, ..] => {
                if ["RRQ", "WRQ"].contains(&kind) {
                    asked = port.to_owned();
                }
                format!("{way} {kind} {length} {}", if port == asked { "asked" } else { "other" })
            }
            _ => line.to_owned(),
        })
        .collect()
}
