use std::fmt::{self, Debug, Display, Formatter};
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::mem;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use nix::errno::Errno;
use nix::unistd::close;

use super::WriteFile;
use super::digest::{Digest, Hasher, Mismatch};
use super::memory_store::Upload;
use super::temp_file::{Placing, TempFile, write_all};
use super::text::Decoding;
use crate::wire::Mode;

/// Symbolic links followed before they are taken for a loop, as on Linux.
const MOST_LINKS: usize = 40;

/// A file being received, written as it came from the wire.
///
/// A regular file is written beside its place under a temporary name; [`WriteFile::commit`] closes and renames it. Until
/// then, and after any failure, what stood there stands there unchanged; dropping the target removes the temporary
/// file. No failed write is swallowed, and nothing is synced to the disk.
pub struct Target<W = Box<dyn Write + Send>> {
    sink: Sink<W>,
    text: Option<Decoding>,
    hasher: Option<Hasher>,
    expected: Option<Digest>,
    /// The most bytes that may cross the wire, and what is left of them.
    limit: Option<(u64, u64)>,
}

impl Target {
    /// Begins a local file. A symbolic link is followed: the link stays, its file is replaced. An existing file keeps
    /// its permission bits. What is no regular file (a device, a FIFO, `/dev/stdout`) is opened and written straight.
    ///
    /// Refused at once: a directory, a missing folder, a file that may not be written, a folder that may not.
    ///
    /// # Errors
    ///
    /// The path is a directory, its directory is missing, or one of them may not be written.
    pub fn create(path: &Path, mode: Mode) -> io::Result<Self> {
        let place = match destination(path)? {
            Destination::Descriptor(path) => return Ok(Self::new(Sink::File(open_descriptor(&path)?), mode)),
            Destination::Path(path) => path,
        };
        match fs::metadata(&place) {
            Ok(found) if !found.is_file() && !found.is_dir() => {
                let file = OpenOptions::new().write(true).open(&place)?;
                Ok(Self::new(Sink::File(file), mode))
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => {
                let (folder, name) = place.parent().zip(place.file_name()).ok_or(Errno::EISDIR)?;
                let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                let folder = Dir::open_ambient_dir(folder, ambient_authority()).map_err(no_folder)?;
                Ok(Self::part(TempFile::create(folder, name, Placing::Replace)?, mode))
            }
        }
    }

    /// Writes to the standard output of this process, behind what was printed before.
    ///
    /// # Errors
    ///
    /// The standard output is closed, or what was printed before cannot be written.
    pub fn stdout(mode: Mode) -> io::Result<Self> {
        Ok(Self::new(Sink::File(shared_stdout()?), mode))
    }

    pub(super) fn part(part: TempFile, mode: Mode) -> Self {
        Self::new(Sink::TempFile(part), mode)
    }

    pub(super) fn draft(draft: Upload, mode: Mode) -> Self {
        Self::new(Sink::Upload(draft), mode)
    }
}

impl<W: Write> Target<W> {
    /// Writes to `writer`; committed by a flush.
    pub fn writer(writer: W, mode: Mode) -> Self {
        Self::new(Sink::Writer(writer), mode)
    }

    fn new(sink: Sink<W>, mode: Mode) -> Self {
        Self { sink, text: (mode == Mode::Netascii).then(Decoding::default), hasher: None, expected: None, limit: None }
    }

    /// Computes the digest of the local file on the way, if `wanted`.
    pub fn digested(self, wanted: bool) -> Self {
        Self { hasher: wanted.then(Hasher::default), ..self }
    }

    /// Puts the file in its place only if this is its digest; [`WriteFile::commit`] fails with a [`Mismatch`] otherwise.
    pub fn expecting(self, expected: Digest) -> Self {
        Self { expected: Some(expected), ..self.digested(true) }
    }

    /// The digest of what was written to the local file; `None` where it was not wanted.
    pub fn digest(&self) -> Option<Digest> {
        self.hasher.as_ref().map(Hasher::digest)
    }

    /// Takes at most so many bytes of the wire; one more fails with [`io::ErrorKind::QuotaExceeded`].
    pub(crate) fn limited(self, limit: Option<u64>) -> Self {
        Self { limit: limit.map(|limit| (limit, limit)), ..self }
    }

    fn charge(&mut self, bytes: usize) -> io::Result<()> {
        if let Some((limit, left)) = &mut self.limit {
            let rest = left.checked_sub(bytes as u64);
            *left = rest.ok_or_else(|| io::Error::new(io::ErrorKind::QuotaExceeded, TooLarge(*limit).to_string()))?;
        }
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match self.expected.zip(self.digest()) {
            Some((expected, found)) if expected != found => Err(io::Error::other(Mismatch { expected, found })),
            _ => Ok(()),
        }
    }

    /// Whether netascii made a NUL in the first 4 KiB of the local data: it is hardly text. Never in octet mode.
    pub fn saw_nul(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.nul.seen)
    }
}

impl<W: Write> WriteFile for Target<W> {
    fn sha256(&self) -> Option<[u8; 32]> {
        self.digest().map(|digest| digest.0)
    }

    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.charge(bytes.len())?;
        let local = self.text.as_mut().map_or(bytes, |text| text.decode(bytes));
        if let Some(hasher) = &mut self.hasher {
            hasher.update(local);
        }
        // A file with a hole in it must never be committed, whoever asks for it.
        self.sink.append(local).inspect_err(|_| self.sink = Sink::Over)
    }

    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        if self.text.is_some() || self.hasher.is_some() {
            return pieces.iter().try_for_each(|piece| self.deliver(piece));
        }
        self.charge(pieces.iter().map(|piece| piece.len()).sum())?;
        self.sink.append_all(pieces).inspect_err(|_| self.sink = Sink::Over)
    }

    fn commit(&mut self) -> io::Result<()> {
        if let Some(text) = &mut self.text {
            let last = text.finish();
            if let Some(hasher) = &mut self.hasher {
                hasher.update(last);
            }
            self.sink.append(last)?;
        }
        self.check()?;
        match mem::replace(&mut self.sink, Sink::Over) {
            Sink::TempFile(part) => part.commit(),
            Sink::File(file) => Ok(close(file)?),
            Sink::Writer(mut writer) => writer.flush(),
            Sink::Upload(draft) => draft.commit(),
            Sink::Over => Err(already_over()),
        }
    }
}

impl<W> Debug for Target<W> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

/// The message for an upload of more bytes than this.
pub(crate) struct TooLarge(pub(crate) u64);

impl Display for TooLarge {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} bytes are taken", self.0)
    }
}

/// Where the local bytes go.
enum Sink<W> {
    TempFile(TempFile),
    File(File),
    Writer(W),
    Upload(Upload),
    /// The commit was tried, or a write failed: nothing can follow.
    Over,
}

impl<W: Write> Sink<W> {
    /// All local bytes pass here or in [`Sink::append_all`], at once. An error must be told before the block it belongs
    /// to is acknowledged, so whoever gathers blocks has to hold back their ACK too.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::TempFile(part) => part.append(bytes),
            Self::File(file) => file.write_all(bytes),
            Self::Writer(writer) => writer.write_all(bytes),
            Self::Upload(draft) => draft.append(bytes),
            Self::Over => Err(already_over()),
        }
    }

    fn append_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        match self {
            Self::TempFile(part) => part.append_all(pieces),
            Self::File(file) => write_all(file, pieces),
            _ => pieces.iter().try_for_each(|piece| self.append(piece)),
        }
    }
}

fn already_over() -> io::Error {
    io::Error::other("the file was committed before, or a write to it failed")
}

fn no_folder(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(io::ErrorKind::NotFound, "its folder does not exist"),
        _ => error,
    }
}

/// Our own output, shared rather than opened anew, so that what is printed afterwards stands behind the file.
fn shared_stdout() -> io::Result<File> {
    let mut stdout = io::stdout();
    stdout.flush()?;
    Ok(stdout.as_fd().try_clone_to_owned()?.into())
}

/// What a path leads to when its last component is followed as long as it is a link.
enum Destination {
    /// No link, perhaps nothing yet.
    Path(PathBuf),
    /// An open file of this process, such as `/dev/stdout`: it has no place of its own that a rename could fill.
    Descriptor(PathBuf),
}

fn destination(path: &Path) -> io::Result<Destination> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let bytes = path.as_os_str().as_bytes();
        if bytes.is_empty() {
            return Err(Errno::ENOENT.into());
        }
        // `Path` passes over both endings, but they name a directory.
        if bytes.ends_with(b"/") || bytes.ends_with(b"/.") {
            return Err(Errno::EISDIR.into());
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        if is_descriptor_folder(folder) {
            return Ok(Destination::Descriptor(path));
        }
        match fs::read_link(&path) {
            Ok(link) => path = folder.join(link),
            // Not a link (EINVAL), or not there yet.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(Destination::Path(path));
            }
            Err(error) => return Err(error),
        }
    }
    Err(Errno::ELOOP.into())
}

/// Whether `folder` lists open files: `/dev/fd`, which is `/proc/self/fd` on Linux.
fn is_descriptor_folder(folder: &Path) -> bool {
    folder == Path::new("/dev/fd")
        || folder.ends_with("fd") && fs::canonicalize(folder).is_ok_and(|folder| folder.starts_with("/proc"))
}

/// Opens an open file again. Our own outputs are shared rather than opened anew; others are appended to, which is where
/// their writers are.
fn open_descriptor(path: &Path) -> io::Result<File> {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("1") => shared_stdout(),
        Some("2") => Ok(io::stderr().as_fd().try_clone_to_owned()?.into()),
        _ => OpenOptions::new().append(true).open(path),
    }
}
