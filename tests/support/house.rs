//! A served directory with something outside, and what its store answers.

use std::fs;
use std::path::PathBuf;

use tempfile::{TempDir, tempdir};
use tftpsh::files::{Denied, DirStore, ReadFile, Store, WriteFile, WriteMode};
use tftpsh::wire::Mode;

use super::names;

/// A served directory `root`, next to a directory `outside` with a file `secret`.
pub(crate) struct House {
    pub(crate) directory: TempDir,
    pub(crate) root: DirStore,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::serving(|root| root)
    }

    /// With a store of this kind.
    pub(crate) fn serving(kind: impl FnOnce(DirStore) -> DirStore) -> Self {
        let directory = tempdir().unwrap();
        for (name, content) in [("outside/secret", "secret"), ("root/file", "file"), ("root/sub/deep", "deep")] {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let root = DirStore::open(directory.path().join("root")).unwrap();
        Self { directory, root: kind(root) }
    }

    pub(crate) fn inside(&self, name: &str) -> PathBuf {
        self.directory.path().join("root").join(name)
    }

    pub(crate) fn read(&self, name: &[u8]) -> Result<Vec<u8>, Denied> {
        let mut room = [0; 100];
        let filled = self.root.read(name, Mode::Octet)?.fill(&mut room).unwrap();
        Ok(room[..filled].to_vec())
    }

    pub(crate) fn write(&self, name: &[u8], write_mode: WriteMode) -> Result<(), Denied> {
        let mut target = self.root.create(name, Mode::Octet, write_mode)?;
        target.deliver(b"new")?;
        Ok(target.commit()?)
    }

    /// Returns the refusal of a request.
    pub(crate) fn refusal(&self, name: &[u8]) -> (u16, u16) {
        let [read, write] = [self.read(name).map(drop), self.write(name, WriteMode::CreateOrReplace)]
            .map(|outcome| outcome.expect_err(&String::from_utf8_lossy(name)).code.0);
        (read, write)
    }

    pub(crate) fn count(&self) -> usize {
        names(&self.inside("")).len()
    }
}
