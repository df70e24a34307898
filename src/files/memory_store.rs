use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::store::relative;
use super::{Denied, Source, Store, Target, WriteMode};
use crate::wire::{ErrorCode, Mode};

/// The most bytes of all uploads together, finished or not.
const UPLOADS: usize = 64 * 1024 * 1024;

/// The bytes that each upload counts in addition, so that the number of empty ones is bounded too.
const OVERHEAD: usize = 512;

/// Files in memory, by name. Clones share them.
///
/// Uploads take at most 64 MiB together, like a full disk. Files of [`MemoryStore::insert`] do not count.
///
/// ```
/// use tftpsh::MemoryStore;
///
/// let store = MemoryStore::from([("boot/fw.bin", b"firmware".to_vec())]);
/// store.insert("motd", "hello");
/// assert_eq!(store.get("/boot/fw.bin").as_deref(), Some(&b"firmware"[..]));
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<Vec<u8>, File>,
    charged: usize,
}

struct File {
    bytes: Arc<[u8]>,
    /// Its share of [`UPLOADS`].
    charge: usize,
}

impl MemoryStore {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Inserts a file, in place of any other of its name.
    pub fn insert(&self, name: impl AsRef<[u8]>, bytes: impl Into<Vec<u8>>) {
        self.lock().put(relative(name.as_ref()), File { bytes: bytes.into().into(), charge: 0 });
    }

    /// Returns the file of this name.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<Arc<[u8]>> {
        self.lock().files.get(relative(name.as_ref())).map(|file| Arc::clone(&file.bytes))
    }

    /// A panic elsewhere cannot leave the files half changed, so a poisoned lock is fine.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, name: &[u8], file: File) {
        if let Some(old) = self.files.insert(name.to_vec(), file) {
            self.charged -= old.charge;
        }
    }

    fn charge(&mut self, bytes: usize) -> io::Result<()> {
        if bytes > UPLOADS - self.charged {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.charged += bytes;
        Ok(())
    }
}

impl<N: AsRef<[u8]>, B: Into<Vec<u8>>, const COUNT: usize> From<[(N, B); COUNT]> for MemoryStore {
    fn from(files: [(N, B); COUNT]) -> Self {
        let store = Self::new();
        for (name, bytes) in files {
            store.insert(name, bytes);
        }
        store
    }
}

impl Store for MemoryStore {
    fn read(&self, name: &[u8], mode: Mode) -> Result<Source, Denied> {
        let bytes = self.get(name).ok_or(ErrorCode::NOT_FOUND)?;
        Ok(Source::bytes(bytes, mode))
    }

    fn create(&self, name: &[u8], mode: Mode, write_mode: WriteMode) -> Result<Target, Denied> {
        let name = relative(name);
        if name.is_empty() {
            return Err(ErrorCode::ACCESS.into());
        }
        let mut inner = self.lock();
        write_mode.check(inner.files.contains_key(name))?;
        inner.charge(OVERHEAD)?;
        drop(inner);
        let (store, name) = (self.clone(), name.to_vec());
        Ok(Target::upload(Upload { store, name, bytes: Vec::new(), charge: OVERHEAD, write_mode }, mode))
    }

    fn room(&self) -> Option<u64> {
        u64::try_from(UPLOADS.saturating_sub(self.lock().charged + OVERHEAD)).ok()
    }
}

/// An upload that is not finished; dropping it gives back its share of [`UPLOADS`].
pub(super) struct Upload {
    store: MemoryStore,
    name: Vec<u8>,
    bytes: Vec<u8>,
    charge: usize,
    write_mode: WriteMode,
}

impl Upload {
    pub(super) fn commit(mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.bytes).into();
        let store = self.store.clone();
        let mut inner = store.lock();
        if self.write_mode == WriteMode::CreateNew && inner.files.contains_key(&self.name) {
            drop(inner);
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        inner.put(&self.name, File { bytes, charge: std::mem::take(&mut self.charge) });
        drop(inner);
        Ok(())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.store.lock().charge(bytes.len())?;
        self.charge += bytes.len();
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.store.lock().charged -= self.charge;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{ReadFile, WriteFile};

    fn upload(store: &MemoryStore, name: &[u8], write_mode: WriteMode) -> Target {
        store.create(name, Mode::Octet, write_mode).expect("accepted")
    }

    fn code<T>(result: Result<T, Denied>) -> Option<ErrorCode> {
        result.err().map(|denied| denied.code)
    }

    #[test]
    fn an_upload_is_visible_only_when_committed() {
        let store = MemoryStore::new();
        let mut target = upload(&store, b"/a", WriteMode::CreateNew);
        target.deliver(b"12").unwrap();
        assert_eq!(code(store.read(b"a", Mode::Octet)), Some(ErrorCode::NOT_FOUND));
        target.deliver(b"3").unwrap();
        target.commit().unwrap();
        assert_eq!(store.clone().get(b"a").as_deref(), Some(&b"123"[..]));
        let mut bytes = [0; 4];
        assert_eq!(store.read(b"//a", Mode::Octet).unwrap().fill(&mut bytes).unwrap(), 3);
    }

    #[test]
    fn of_two_uploads_of_one_name_the_second_commit_fails() {
        let store = MemoryStore::new();
        let (mut first, mut second) =
            (upload(&store, b"a", WriteMode::CreateNew), upload(&store, b"a", WriteMode::CreateNew));
        first.deliver(b"first").unwrap();
        second.deliver(b"second").unwrap();
        second.commit().unwrap();
        assert_eq!(first.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(store.get(b"a").as_deref(), Some(&b"second"[..]));
        assert_eq!(code(store.create(b"a", Mode::Octet, WriteMode::CreateNew)), Some(ErrorCode::EXISTS));
        let mut third = upload(&store, b"a", WriteMode::CreateOrReplace);
        third.deliver(b"third").unwrap();
        third.commit().unwrap();
        assert_eq!(store.get(b"a").as_deref(), Some(&b"third"[..]));
    }

    #[test]
    fn uploads_are_bounded_together_and_give_back_their_share() {
        let store = MemoryStore::new();
        let half = vec![0; UPLOADS / 2];
        let mut kept = upload(&store, b"kept", WriteMode::CreateNew);
        kept.deliver(&half).unwrap();
        kept.commit().unwrap();
        for _ in 0..2 {
            let mut dropped = upload(&store, b"dropped", WriteMode::CreateNew);
            dropped.deliver(&half[2 * OVERHEAD..]).unwrap();
            assert_eq!(dropped.deliver(b"x").unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
        upload(&store, b"kept", WriteMode::CreateOrReplace).commit().unwrap();
        assert_eq!(store.lock().charged, OVERHEAD, "replacing gives back too");
        store.insert(b"kept", half);
        assert_eq!(store.lock().charged, 0, "inserted files do not count");
    }

    #[test]
    fn empty_uploads_are_bounded_too() {
        let store = MemoryStore::new();
        store.lock().charged = UPLOADS - OVERHEAD;
        upload(&store, b"a", WriteMode::CreateNew).commit().unwrap();
        assert_eq!(code(store.create(b"b", Mode::Octet, WriteMode::CreateNew)), Some(ErrorCode::DISK_FULL));
    }

    #[test]
    fn an_empty_name_is_refused() {
        for name in [&b""[..], b"/", b"//"] {
            assert_eq!(
                code(MemoryStore::new().create(name, Mode::Octet, WriteMode::CreateOrReplace)),
                Some(ErrorCode::ACCESS)
            );
        }
    }
}
