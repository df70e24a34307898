use std::ffi::CString;
use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::unistd::{self, AccessFlags, Gid, Uid};
use thiserror::Error;

/// A user without privileges, which a server becomes once it has bound its ports.
#[derive(Debug)]
pub(crate) struct User {
    name: CString,
    uid: Uid,
    gid: Gid,
}

/// Why the process cannot become a user.
#[derive(Debug, Error)]
pub(crate) enum UserError {
    #[error("there is no such user")]
    Unknown,
    #[error("the user database cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("this user has all privileges; name one that has none")]
    Root,
    #[error("only root can become another user; start the program as this user instead")]
    NotPermitted,
    #[error("the process cannot become this user: {0}")]
    Refused(io::Error),
    #[error("the process could return to its old privileges")]
    Kept,
}

/// Returns whether the process has the rights of root.
pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Returns whether this process may look for files in a directory, which it may have opened as another user.
pub(crate) fn may_enter(directory: impl AsFd) -> bool {
    unistd::faccessat(directory, ".", AccessFlags::X_OK, AtFlags::empty()).is_ok()
}

impl User {
    /// Finds a user by name.
    ///
    /// # Errors
    ///
    /// There is none with this name, or it is root.
    pub(crate) fn find(name: &str) -> Result<Self, UserError> {
        let found = unistd::User::from_name(name).map_err(|errno| UserError::Unreadable(errno.into()))?;
        let user = found.ok_or(UserError::Unknown)?;
        if user.uid.is_root() {
            return Err(UserError::Root);
        }
        let name = CString::new(user.name).map_err(|_| UserError::Unknown)?;
        Ok(Self { name, uid: user.uid, gid: user.gid })
    }

    /// Becomes this user, for ever and in all threads, with its group and its other groups. On Linux, the process has
    /// no capability then, and gets none by running another program.
    ///
    /// # Errors
    ///
    /// The system does not permit it. The process may have lost some of its privileges, so it should end.
    pub(crate) fn assume(&self) -> Result<(), UserError> {
        if !self.is_current() {
            self.set_groups().map_err(refused)?;
            // With privileges, these set the real, the effective and the saved identity.
            unistd::setgid(self.gid).map_err(refused)?;
            unistd::setuid(self.uid).map_err(refused)?;
        }
        #[cfg(target_os = "linux")]
        nix::sys::prctl::set_no_new_privs().map_err(refused)?;
        let root = Gid::from_raw(0);
        let regained = unistd::setuid(Uid::from_raw(0)).is_ok() || self.gid != root && unistd::setgid(root).is_ok();
        if regained || !self.is_current() { Err(UserError::Kept) } else { Ok(()) }
    }

    fn is_current(&self) -> bool {
        [Uid::current(), Uid::effective()] == [self.uid; 2] && [Gid::current(), Gid::effective()] == [self.gid; 2]
    }

    #[cfg(not(target_vendor = "apple"))]
    fn set_groups(&self) -> nix::Result<()> {
        unistd::initgroups(&self.name, self.gid)
    }

    /// Not every user's groups can be set there: they come from a directory service.
    #[cfg(target_vendor = "apple")]
    fn set_groups(&self) -> nix::Result<()> {
        Err(Errno::ENOTSUP)
    }
}

fn refused(errno: Errno) -> UserError {
    if errno == Errno::EPERM { UserError::NotPermitted } else { UserError::Refused(errno.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_user_that_exists_and_is_not_root_is_found() {
        assert!(matches!(User::find("root"), Err(UserError::Root)));
        for name in ["", "no such user", "nobody\0", "-1"] {
            assert!(matches!(User::find(name), Err(UserError::Unknown)), "{name:?}");
        }
    }

    #[test]
    fn a_directory_that_the_process_owns_can_be_entered() {
        let directory = tempfile::tempdir().unwrap();
        assert!(may_enter(std::fs::File::open(&directory).unwrap()));
        assert!(!may_enter(std::fs::File::open("/dev/null").unwrap()), "not a directory");
    }
}
