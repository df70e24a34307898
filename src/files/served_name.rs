//! The name in a request, as a path below the served directory.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Denied;
use super::store::relative;
use super::temp_name::is_temporary_name;
use crate::wire::ErrorCode;

/// Reads a name; with `windows`, `\` is `/` and a drive is ignored. Refuses names of directories: [`Path`] ignores the
/// endings `/` and `/.`.
pub(super) fn parse(name: &[u8], windows: bool) -> Result<Cow<'_, Path>, Denied> {
    let name = if windows { with_slashes(name) } else { Cow::Borrowed(name) };
    let path = relative(&name);
    let file = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    if path.contains(&0) || matches!(file, b"" | b"." | b"..") {
        return Err(ErrorCode::ACCESS.into());
    }
    must_not_be_temporary(OsStr::from_bytes(file))?;
    Ok(match name {
        Cow::Borrowed(name) => Cow::Borrowed(Path::new(OsStr::from_bytes(relative(name)))),
        Cow::Owned(ref name) => Cow::Owned(PathBuf::from(OsStr::from_bytes(relative(name)))),
    })
}

/// Refuses the name of a temporary file: an unfinished upload may not be read or written.
pub(super) fn must_not_be_temporary(file: &OsStr) -> Result<(), Denied> {
    if is_temporary_name(file) { Err(ErrorCode::ACCESS.into()) } else { Ok(()) }
}

/// Turns `C:\Boot\BCD` into `/Boot/BCD`.
fn with_slashes(name: &[u8]) -> Cow<'_, [u8]> {
    let name = match name {
        [drive, b':', rest @ ..] if drive.is_ascii_alphabetic() && rest.starts_with(b"/") => rest,
        [drive, b':', rest @ ..] if drive.is_ascii_alphabetic() && rest.starts_with(b"\\") => rest,
        name => name,
    };
    if !name.contains(&b'\\') {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str, windows: bool) -> Option<String> {
        parse(name.as_bytes(), windows).ok()?.to_str().map(str::to_owned)
    }

    #[test]
    fn names_are_below_the_directory() {
        for (name, plain) in [
            ("fw.bin", Some("fw.bin")),
            ("//sub/fw.bin", Some("sub/fw.bin")),
            ("a\\b", Some("a\\b")),
            ("C:/fw.bin", Some("C:/fw.bin")),
            ("", None),
            ("/", None),
            ("sub/", None),
            ("sub/..", None),
            ("a\0b", None),
            (".f.1-1.part", None),
        ] {
            assert_eq!(path(name, false).as_deref(), plain, "{name:?}");
        }
    }

    #[test]
    fn names_of_windows_have_backslashes_and_perhaps_a_drive() {
        for (name, slashes) in [
            ("\\Boot\\x64\\wdsnbp.com", Some("Boot/x64/wdsnbp.com")),
            ("Boot\\x64/pxeboot.n12", Some("Boot/x64/pxeboot.n12")),
            ("C:\\Boot\\BCD", Some("Boot/BCD")),
            ("c:/fw.bin", Some("fw.bin")),
            ("C:\\\\fw.bin", Some("fw.bin")),
            // Neither is a drive before an absolute name.
            ("C:fw.bin", Some("C:fw.bin")),
            ("CD:\\fw.bin", Some("CD:/fw.bin")),
            ("Boot\\", None),
            ("Boot\\..", None),
            ("C:\\", None),
            ("sub\\.f.1-1.part", None),
        ] {
            assert_eq!(path(name, true).as_deref(), slashes, "{name:?}");
        }
    }
}
