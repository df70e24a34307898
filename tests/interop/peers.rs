//! The other TFTP programs, known by what they print.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::Foreign;

pub(crate) const TFTP_HPA: Foreign =
    Foreign { name: "tftp-hpa", program: "tftp", asked: "-V", says: "tftp-hpa", needs_root: false };
pub(crate) const ATFTP: Foreign =
    Foreign { name: "atftp", program: "atftp", asked: "-V", says: "(client)", needs_root: false };
pub(crate) const CURL: Foreign =
    Foreign { name: "curl with TFTP", program: "curl", asked: "-V", says: " tftp", needs_root: false };
pub(crate) const BUSYBOX: Foreign =
    Foreign { name: "busybox tftp", program: "busybox", asked: "--list", says: "tftp\n", needs_root: false };
pub(crate) const IN_TFTPD: Foreign =
    Foreign { name: "in.tftpd of tftp-hpa", program: "in.tftpd", asked: "-V", says: "tftp-hpa", needs_root: true };
pub(crate) const ATFTPD: Foreign =
    Foreign { name: "atftpd", program: "atftpd", asked: "-V", says: "(server)", needs_root: true };
pub(crate) const DNSMASQ: Foreign =
    Foreign { name: "dnsmasq with TFTP", program: "dnsmasq", asked: "--version", says: " TFTP", needs_root: true };

#[test]
fn a_program_is_what_it_prints_and_not_what_its_file_is_called() {
    let directories = [(); 2].map(|()| tempfile::tempdir().expect("a temporary directory"));
    let [first, second] = directories.each_ref().map(|directory| directory.path());
    for (directory, name, words) in
        [(first, "atftpd", "atftp-0.8.0 (server)"), (second, "in.tftpd", "tftp-hpa 5.2, with remap")]
    {
        let file = directory.join(name);
        fs::write(&file, format!("#!/bin/sh\necho '{words}'\n")).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
    }
    symlink("atftpd", first.join("in.tftpd")).expect("a link");
    let places = || [first, second].map(ToOwned::to_owned);
    assert_eq!(IN_TFTPD.find_in(places()), Some(second.join("in.tftpd")));
    assert_eq!(IN_TFTPD.find_in([first.to_owned()]), None, "a link to another server");
    assert_eq!(ATFTPD.find_in(places()), Some(first.join("atftpd")));
}
