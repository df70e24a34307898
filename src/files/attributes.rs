//! What a new file keeps of the file that it replaces.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

use nix::errno::Errno;
use xattr::FileExt;

/// Gives `new` the owner, the permission bits, the ACL and the extended attributes of `old`, where the system permits.
/// No user gets a permission that `old` does not give, not even for a moment: what cannot be kept is dropped.
///
/// What belongs to the old content goes with it: the setuid and setgid bits, capabilities and signatures. A write to
/// the old file would have cleared them too.
pub(super) fn keep(old: &File, new: &File) -> io::Result<()> {
    let (theirs, ours) = (old.metadata()?, new.metadata()?);
    let bits = theirs.mode() & 0o777;
    if ours.mode() & 0o7777 & !bits != 0 {
        set_bits(new, bits & 0o700)?;
    }
    let group_kept = keep_owner(new, &theirs, &ours)?;
    let bits = match (keep_attributes(old, new, group_kept)?, group_kept) {
        // Only the ACL knew who is in which class.
        (false, _) => bits & 0o700,
        (true, true) => bits,
        // Members of the new group were in either class, and so are those of the old group now.
        (true, false) => {
            let common = (bits >> 3) & bits & 0o7;
            bits & 0o700 | common << 3 | common
        }
    };
    set_bits(new, bits)
}

/// Sets the permission bits, unless the system forbids it and they are narrower already.
fn set_bits(file: &File, bits: u32) -> io::Result<()> {
    let now = file.metadata()?.mode() & 0o7777;
    if now == bits {
        return Ok(());
    }
    match permitted(file.set_permissions(Permissions::from_mode(bits)))? {
        None if now & !bits != 0 => Err(Errno::EPERM.into()),
        _ => Ok(()),
    }
}

/// Gives the file to the owner and the group of the old one; returns whether it has the group.
fn keep_owner(new: &File, theirs: &Metadata, ours: &Metadata) -> io::Result<bool> {
    if theirs.uid() != ours.uid() && permitted(fchown(new, Some(theirs.uid()), Some(theirs.gid())))?.is_some() {
        return Ok(true);
    }
    Ok(theirs.gid() == ours.gid() || permitted(fchown(new, None, Some(theirs.gid())))?.is_some())
}

/// Copies the extended attributes; returns whether `new` has exactly the ACL of `old`. An ACL speaks of the group of
/// its file, so it is not copied to a file of another group.
fn keep_attributes(old: &File, new: &File, group_kept: bool) -> io::Result<bool> {
    let (Some(theirs), Some(ours)) = (names(old)?, names(new)?) else { return Ok(false) };
    let mut acl_kept = true;
    // A directory can give every new file an ACL.
    for name in ours.iter().filter(|name| is_acl(name) && !theirs.contains(name)) {
        acl_kept &= permitted(new.remove_xattr(name))?.is_some();
    }
    for name in theirs.iter().filter(|name| is_kept(name)) {
        let may_copy = group_kept || !is_acl(name);
        let copied = may_copy && permitted(copy(name, old, new, ours.contains(name)))?.is_some();
        acl_kept &= copied || !is_acl(name);
    }
    Ok(acl_kept)
}

fn copy(name: &OsStr, old: &File, new: &File, is_there: bool) -> io::Result<()> {
    match old.get_xattr(name)? {
        // Setting a security label may be forbidden even where the file has it already.
        Some(value) if is_there && new.get_xattr(name)?.as_ref() == Some(&value) => Ok(()),
        Some(value) => new.set_xattr(name, &value),
        None => Ok(()),
    }
}

/// Returns the names of the attributes; `None` if the system does not show them.
fn names(file: &File) -> io::Result<Option<Vec<OsString>>> {
    match file.list_xattr() {
        Err(error) if matches!(errno(&error), Some(Errno::EOPNOTSUPP | Errno::ENOSYS)) => Ok(Some(Vec::new())),
        result => permitted(result.map(Iterator::collect)),
    }
}

/// Whether an attribute is an access control list: `system.posix_acl_access`, `system.nfs4_acl` and the like.
fn is_acl(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(b"system.") && name.windows(3).any(|part| part == b"acl")
}

/// Whether an attribute belongs to the file and not to its content or to the file system.
fn is_kept(name: &OsStr) -> bool {
    match name.as_bytes() {
        b"security.capability" | b"security.ima" | b"security.evm" => false,
        bytes if bytes.starts_with(b"user.") || bytes.starts_with(b"security.") => true,
        // Other systems have no such classes.
        _ => is_acl(name) || cfg!(not(target_os = "linux")),
    }
}

/// Turns an error that means "not here" or "not for you" into `None`. A full disk is an error.
fn permitted<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    use Errno::{EACCES, EINVAL, ENOSYS, EOPNOTSUPP, EPERM};
    match result {
        Err(error) if matches!(errno(&error), Some(EPERM | EACCES | EOPNOTSUPP | ENOSYS | EINVAL)) => Ok(None),
        result => result.map(Some),
    }
}

fn errno(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw)
}
