use std::fmt::{self, Debug, Formatter};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use cap_std::fs::{Metadata, MetadataExt as _};
use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::digest::{Digest, Hashed, Hasher};
use super::local_path::LocalPath;
use super::text::{Encoding, read_some};
use super::{ReadFile, standard};
use crate::stop::{Interruptible, Stop};
use crate::wire::Mode;

/// Size of the read-ahead buffer in bytes, one for each file served. It is used for small blocks only.
const AHEAD: usize = 8 * 1024;

/// A file that is sent.
///
/// [`ReadFile::fill`] fills the whole block unless the file ends. Octet mode reads directly into the block; netascii
/// mode converts (RFC 1350 section 1).
pub struct Source<R = Box<dyn Read + Send>> {
    reader: R,
    size: Option<u64>,
    text: Option<Encoding>,
    hasher: Option<Hasher>,
}

impl Source {
    /// Opens a local file, a device, a FIFO or `/dev/stdin`. Reading a FIFO waits for its writer.
    ///
    /// # Errors
    ///
    /// Those of open(2), [`io::ErrorKind::IsADirectory`], and a link of another user in a sticky directory such as
    /// `/tmp`.
    pub fn open(path: &Path, mode: Mode) -> io::Result<Self> {
        Self::open_until(path, mode, &Stop::new())
    }

    /// Opens a file whose reads fail when `stop` is raised, even if they wait.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_until(path: &Path, mode: Mode, stop: &Stop) -> io::Result<Self> {
        match LocalPath::resolve(path)? {
            LocalPath::Magic(_, Some(0)) => Self::stdin(mode, stop),
            LocalPath::Magic(path, _) => Self::interruptible(Interruptible::open(&path, stop)?, mode),
            LocalPath::File(path, _) => {
                let options = &mut OpenOptions::new();
                let file = Interruptible::open_with(options.read(true), OFlag::O_NOFOLLOW, &path, stop)?;
                Self::interruptible(file, mode)
            }
        }
    }

    /// Reads the standard input of this process to its end, or until `stop` is raised.
    ///
    /// # Errors
    ///
    /// The standard input is closed, not open for reading, or a directory.
    pub fn stdin(mode: Mode, stop: &Stop) -> io::Result<Self> {
        Self::interruptible(Interruptible::new(standard::input()?, stop), mode)
    }

    fn interruptible(file: Interruptible<File>, mode: Mode) -> io::Result<Self> {
        let size = size_from_here(file.file())?;
        Ok(Self::buffered(file, size, mode))
    }

    /// Reads a regular file that was just opened. One that fits into the buffer is read whole and closed.
    pub(super) fn regular(file: File, found: &Metadata, mode: Mode) -> io::Result<Self> {
        let length = found.len();
        let Some(small) = usize::try_from(length).ok().filter(|&length| length < AHEAD) else {
            let size = has_its_size(&file, length, found.blocks()).then_some(length);
            return Ok(Self::buffered(file, size, mode));
        };
        // One byte more, so that this read shows the end too.
        let mut start = vec![0; small + 1];
        let read = read_some(&mut &file, &mut start)?;
        start.truncate(read);
        let (start, size) = (Cursor::new(start), (read >= small).then_some(length));
        if read == small {
            return Ok(Self::new(Box::new(start), size, mode));
        }
        // It grew in the meantime, or is a file of /proc or /sys, whose length says nothing.
        Ok(Self::buffered(start.chain(file), size, mode))
    }

    fn buffered(file: impl Read + Send + 'static, size: Option<u64>, mode: Mode) -> Self {
        let reader: Box<dyn Read + Send> = match mode {
            Mode::Octet => Box::new(BufReader::with_capacity(AHEAD, file)),
            // The conversion has its own buffer.
            Mode::Netascii => Box::new(file),
        };
        Self::new(reader, size, mode)
    }

    /// Reads from shared memory.
    pub fn bytes(bytes: Arc<[u8]>, mode: Mode) -> Self {
        let size = u64::try_from(bytes.len()).ok();
        Self::new(Box::new(Cursor::new(bytes)), size, mode)
    }
}

/// Returns the bytes between the position of a file and its end; `None` if it is unknown.
fn size_from_here(mut file: &File) -> io::Result<Option<u64>> {
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(Errno::EISDIR.into());
    }
    if !found.is_file() || !has_its_size(file, found.len(), found.blocks()) {
        return Ok(None);
    }
    Ok(Some(found.len().saturating_sub(file.stream_position()?)))
}

impl<R> Source<R> {
    /// Reads `reader` to its end; the size is not known.
    pub fn reader(reader: R, mode: Mode) -> Self {
        Self::new(reader, None, mode)
    }

    fn new(reader: R, size: Option<u64>, mode: Mode) -> Self {
        let text = (mode == Mode::Netascii).then(Encoding::new);
        Self { reader, size: size.filter(|_| text.is_none()), text, hasher: None }
    }

    /// Computes the digest of the local file, if `wanted`.
    pub fn digested(self, wanted: bool) -> Self {
        Self { hasher: wanted.then(Hasher::default), ..self }
    }

    /// Returns the digest of the bytes read of the local file; `None` if it was not wanted.
    pub fn digest(&self) -> Option<Digest> {
        self.hasher.as_ref().map(Hasher::digest)
    }

    /// Returns the number of bytes to send, for tsize (RFC 2349), if it is known: of a regular file in octet mode.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether a netascii file has a NUL in its first 4 KiB, so that it is hardly text.
    pub fn saw_nul(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.nul.seen)
    }
}

impl<R: Read> ReadFile for Source<R> {
    fn sha256(&self) -> Option<[u8; 32]> {
        self.digest().map(|digest| digest.0)
    }

    fn fill(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let mut reader = Hashed { reader: &mut self.reader, hasher: self.hasher.as_mut() };
        if let Some(text) = &mut self.text {
            return text.fill(&mut reader, space);
        }
        let mut filled = 0;
        while filled < space.len() {
            match read_some(&mut reader, &mut space[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }
}

/// Whether the length of a regular file is what can be read: a file of /sys says 4096 and has less.
fn has_its_size(file: &File, length: u64, blocks: u64) -> bool {
    // One without blocks may also be sparse, or empty.
    let has_last = || length.checked_sub(1).is_none_or(|last| file.read_at(&mut [0], last).is_ok_and(|read| read > 0));
    blocks > 0 || has_last()
}

impl<R> Debug for Source<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const LOCAL: &[u8] = b"one\ntwo\r\nthree\rfour\r\0\n\n\r";
    const WIRE: &[u8] = b"one\r\ntwo\r\0\r\nthree\r\0four\r\0\0\r\n\r\n\r\0";

    /// A reader that returns one piece at each read, with an interrupting signal before each.
    struct Pieces(VecDeque<Vec<u8>>, bool);

    impl Pieces {
        fn new(bytes: &[u8], cut: usize) -> Box<Self> {
            Box::new(Self(bytes.chunks(cut).map(<[u8]>::to_vec).collect(), false))
        }
    }

    impl Read for Pieces {
        fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let Some(mut piece) = self.0.pop_front() else { return Ok(0) };
            let read = piece.as_slice().read(space)?;
            if read < piece.len() {
                self.0.push_front(piece.split_off(read));
            }
            Ok(read)
        }
    }

    /// Reads all of `source` in blocks of `size` bytes; each must be full but the last.
    fn drain<R: Read>(source: &mut Source<R>, size: usize) -> Vec<u8> {
        let mut wire = Vec::new();
        loop {
            let mut block = vec![0; size];
            let filled = source.fill(&mut block).expect("readable");
            wire.extend_from_slice(&block[..filled]);
            if filled < size {
                return wire;
            }
        }
    }

    #[test]
    fn every_block_is_full_but_the_last_however_the_file_is_split() {
        for cut in 1..=LOCAL.len() {
            for size in 1..=WIRE.len() + 1 {
                let mut octet = Source::reader(Pieces::new(LOCAL, cut), Mode::Octet);
                assert_eq!(drain(&mut octet, size), LOCAL, "split at {cut}, blocks of {size}");
                let mut text = Source::reader(Pieces::new(LOCAL, cut), Mode::Netascii);
                assert_eq!(drain(&mut text, size), WIRE, "split at {cut}, blocks of {size}");
            }
        }
    }

    #[test]
    fn a_text_larger_than_the_buffer_is_converted_whole() {
        let local = b"\n".repeat(100_000);
        let mut source = Source::bytes(local.into(), Mode::Netascii);
        assert_eq!(drain(&mut source, 511), b"\r\n".repeat(100_000));
    }

    #[test]
    fn the_size_is_known_only_if_it_is_that_on_the_wire() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, LOCAL).unwrap();
        assert_eq!(Source::open(&path, Mode::Octet).unwrap().size(), Some(LOCAL.len() as u64));
        assert_eq!(Source::open(&path, Mode::Netascii).unwrap().size(), None);
        assert_eq!(Source::open(Path::new("/dev/null"), Mode::Octet).unwrap().size(), None);
        assert_eq!(Source::bytes(LOCAL.into(), Mode::Octet).size(), Some(LOCAL.len() as u64));
        assert_eq!(Source::reader(Box::new(LOCAL), Mode::Octet).size(), None);
    }

    #[test]
    fn a_size_that_the_file_does_not_have_is_not_known() {
        let size = |path: &Path| Source::open(path, Mode::Octet).unwrap().size();
        let sparse = tempfile::NamedTempFile::new().unwrap();
        sparse.as_file().set_len(1 << 20).unwrap();
        assert_eq!(size(sparse.path()), Some(1 << 20));
        let mtu = Path::new("/sys/class/net/lo/mtu");
        if mtu.exists() {
            assert_eq!(size(mtu), None, "4096 bytes, it says");
        }
    }

    #[test]
    fn a_directory_is_refused_and_a_device_is_read() {
        let refused = Source::open(Path::new("/"), Mode::Octet).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::IsADirectory);
        assert!(refused.to_string().starts_with("Is a directory"), "{refused}");
        let mut zeros = Source::open(Path::new("/dev/zero"), Mode::Octet).unwrap();
        assert_eq!(zeros.fill(&mut [1; 600]).unwrap(), 600);
    }

    #[test]
    fn a_nul_is_noticed_in_the_first_4_kib_of_a_text() {
        let saw = |at: usize, mode| {
            let mut local = vec![b'\n'; 5000];
            local[at] = 0;
            let mut source = Source::reader(Pieces::new(&local, 100), mode);
            drain(&mut source, 512);
            source.saw_nul()
        };
        assert!(saw(0, Mode::Netascii) && saw(4095, Mode::Netascii));
        assert!(!saw(4096, Mode::Netascii) && !saw(0, Mode::Octet));
    }

    #[test]
    fn the_digest_is_that_of_the_local_file_in_either_mode() {
        for mode in [Mode::Octet, Mode::Netascii] {
            let mut source = Source::bytes(LOCAL.into(), mode).digested(true);
            drain(&mut source, 7);
            assert_eq!(source.digest(), Digest::of(LOCAL).ok());
            assert_eq!(Source::bytes(LOCAL.into(), mode).digest(), None);
        }
    }

    #[test]
    fn an_open_file_is_sent_from_its_position() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, LOCAL).unwrap();
        let mut file = File::open(&path).unwrap();
        file.read_exact(&mut [0; 4]).unwrap();
        let mut source = Source::interruptible(Interruptible::new(file, &Stop::new()), Mode::Octet).unwrap();
        assert_eq!(source.size(), Some(LOCAL.len() as u64 - 4));
        assert_eq!(drain(&mut source, 100), &LOCAL[4..]);
    }
}
