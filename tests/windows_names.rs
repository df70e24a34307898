//! Names as the boot programs of Windows write them: what they find, and that they lead no further than others.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;

use support::{House, names};
use tftpsh::files::WriteMode;

/// A served directory as a deployment server fills it.
fn windows() -> House {
    let house = House::serving(|root| root.windows_names(true));
    for (name, content) in [("boot/x64/wdsnbp.com", "wdsnbp"), ("boot/bcd", "bcd"), ("Twin", "Twin"), ("tWIN", "tWIN")]
    {
        fs::create_dir_all(house.inside(name).parent().unwrap()).unwrap();
        fs::write(house.inside(name), content).unwrap();
    }
    house
}

fn message(house: &House, name: &str) -> (u16, String) {
    house.read(name.as_bytes()).map_err(|denied| (denied.code.0, denied.message)).unwrap_err()
}

#[test]
fn a_name_finds_the_only_file_whatever_its_case() {
    let house = windows();
    symlink("x64", house.inside("boot/X86")).unwrap();
    for (name, content) in [
        ("\\Boot\\x64\\wdsnbp.com", "wdsnbp"),
        ("boot\\X64\\WDSNBP.COM", "wdsnbp"),
        ("/BOOT/x64\\WdsNbp.Com", "wdsnbp"),
        ("C:\\Boot\\BCD", "bcd"),
        ("\\boot\\..\\BOOT\\.\\\\bcd", "bcd"),
        ("Boot\\x86\\wdsnbp.com", "wdsnbp"),
        ("FILE", "file"),
        ("Sub/Deep", "deep"),
    ] {
        assert_eq!(house.read(name.as_bytes()).as_deref(), Ok(content.as_bytes()), "{name}");
    }
}

#[test]
fn the_exact_name_wins_and_several_others_are_not_guessed_between() {
    let house = windows();
    assert_eq!(house.read(b"Twin").as_deref(), Ok(&b"Twin"[..]));
    assert_eq!(house.read(b"\\tWIN").as_deref(), Ok(&b"tWIN"[..]));
    assert_eq!(message(&house, "twin"), (1, "several names differ from this one in letter case only".into()));
    assert_eq!(house.write(b"twin", WriteMode::CreateOrReplace).unwrap_err().code.0, 1);
    assert_eq!(message(&house, "boot\\none"), (1, "File not found".into()));
}

#[test]
fn uploads_go_into_the_directories_that_exist() {
    let house = windows();
    house.write(b"\\BOOT\\X64\\New.bin", WriteMode::CreateNew).unwrap();
    assert_eq!(names(&house.inside("boot/x64")), ["New.bin", "wdsnbp.com"]);
    house.write(b"\\BOOT\\BCD", WriteMode::Replace).unwrap();
    assert_eq!(fs::read(house.inside("boot/bcd")).unwrap(), b"new");
    assert_eq!(house.write(b"boot\\BCD", WriteMode::CreateNew).unwrap_err().code.0, 6, "the file exists");
    let denied = house.write(b"\\none\\new", WriteMode::CreateNew).unwrap_err();
    assert_eq!((denied.code.0, denied.message.as_str()), (1, "Directory not found"));
    assert_eq!(names(&house.inside("boot")), ["bcd", "x64"]);
}

#[test]
fn no_such_name_leads_out_or_to_an_unfinished_file() {
    let house = windows();
    symlink("../outside", house.inside("Folder")).unwrap();
    fs::write(house.inside(".left.1-1.part"), "unfinished").unwrap();
    for name in [
        "..\\outside\\secret",
        "\\..\\OUTSIDE\\SECRET",
        "C:\\..\\outside\\secret",
        "sub\\..\\..\\outside\\secret",
        "FOLDER\\secret",
        "FOLDER\\SECRET",
        ".LEFT.1-1.PART",
        "\\sub\\..\\.left.1-1.part",
        "boot\\",
        "boot\\..",
        "\\",
        "C:\\",
    ] {
        let (read, write) = house.refusal(name.as_bytes());
        assert!([1, 2].contains(&read) && [1, 2].contains(&write), "{name}: {read}, {write}");
    }
    assert_eq!(names(&house.directory.path().join("outside")), ["secret"]);
}

#[test]
fn in_a_very_full_directory_letter_case_counts() {
    let house = windows();
    for number in 0..4096 {
        fs::write(house.inside(&format!("boot/{number}")), "").unwrap();
    }
    assert_eq!(house.read(b"BOOT\\bcd").as_deref(), Ok(&b"bcd"[..]));
    assert_eq!(message(&house, "boot\\BCD").0, 1);
}

#[test]
fn without_the_option_every_byte_of_a_name_counts() {
    let house = House::new();
    fs::write(house.inside("back\\slash"), "one name").unwrap();
    assert_eq!(house.read(b"back\\slash").as_deref(), Ok(&b"one name"[..]));
    assert_eq!(house.read(b"FILE").unwrap_err().code.0, 1);
}
