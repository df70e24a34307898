use std::fmt::{self, Debug, Formatter};
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IsTerminal, Seek, Write};
use std::os::fd::AsFd;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::close;

use super::digest::{Digest, Hasher, Mismatch};
use super::local_path::LocalPath;
use super::memory_store::Upload;
use super::temp_file::{self, Placing, TempFile};
use super::terminal_text::TerminalText;
use super::text::Decoding;
use super::{WriteFile, standard};
use crate::stop::{Interruptible, Stop};
use crate::wire::Mode;

/// A file that is received.
///
/// A regular file has no name, or a hidden one, until [`WriteFile::commit`] puts it in its place. After any failure an
/// existing file is unchanged. Dropping the target leaves nothing. Nothing is synced to the disk.
pub struct Target<W = Box<dyn Write + Send>> {
    /// `None` after the commit, or after a failed write: a file with a hole must never be committed.
    sink: Option<Sink<W>>,
    text: Option<Decoding>,
    hasher: Option<Hasher>,
    expected: Option<Digest>,
    /// The most bytes that the wire may bring, and how many are left.
    limit: Option<(u64, u64)>,
}

impl Target {
    /// Begins a local file. A link stays, and its file is replaced. The new file keeps the permission bits, the ACL and
    /// the extended attributes of the old one, where the system permits. A device, a FIFO or `/dev/stdout` is opened
    /// and written directly; a FIFO waits for its reader, and a terminal gets text that cannot control it.
    ///
    /// # Errors
    ///
    /// The path is a directory, its directory is missing, one of them is not writable, or the path is a link of another
    /// user in a sticky directory such as `/tmp`.
    pub fn create(path: &Path, mode: Mode) -> io::Result<Self> {
        Self::create_until(path, mode, &Stop::new())
    }

    /// Begins a file whose opening and writes fail when `stop` is raised, even if they wait.
    ///
    /// # Errors
    ///
    /// Those of [`create`](Self::create).
    pub fn create_until(path: &Path, mode: Mode, stop: &Stop) -> io::Result<Self> {
        let (place, found) = match LocalPath::resolve(path)? {
            LocalPath::Magic(path, number) => {
                return Ok(Self::stream(Interruptible::new(open_magic(&path, number)?, stop), mode));
            }
            LocalPath::File(path, found) => (path, found),
        };
        if found.is_some_and(|found| !found.is_file() && !found.is_dir()) {
            let options = &mut OpenOptions::new();
            let file = Interruptible::open_with(options.write(true), OFlag::O_NOFOLLOW, &place, stop)?;
            return Ok(Self::stream(file, mode));
        }
        let (directory, name) = temp_file::split(&place).ok_or(Errno::EISDIR)?;
        let directory = Dir::open_ambient_dir(directory, ambient_authority()).map_err(no_directory)?;
        Ok(Self::new(Sink::TempFile(TempFile::create(directory, name, Placing::Replace)?), mode))
    }

    /// Writes to the standard output of this process, after what was printed before. Writes fail when `stop` is raised.
    ///
    /// # Errors
    ///
    /// The standard output is closed, or what was printed before cannot be written.
    pub fn stdout(mode: Mode, stop: &Stop) -> io::Result<Self> {
        Ok(Self::stream(Interruptible::new(standard::output()?, stop), mode))
    }

    fn stream(stream: Interruptible<File>, mode: Mode) -> Self {
        let is_terminal = stream.file().is_terminal();
        Self::new(if is_terminal { Sink::Terminal(TerminalText::new(stream)) } else { Sink::Stream(stream) }, mode)
    }

    pub(super) fn upload(upload: Upload, mode: Mode) -> Self {
        Self::new(Sink::Upload(upload), mode)
    }
}

impl<W: Write> Target<W> {
    /// Writes to `writer`, which the commit flushes.
    pub fn writer(writer: W, mode: Mode) -> Self {
        Self::new(Sink::Writer(writer), mode)
    }

    pub(super) fn new(sink: Sink<W>, mode: Mode) -> Self {
        let text = (mode == Mode::Netascii).then(Decoding::default);
        Self { sink: Some(sink), text, hasher: None, expected: None, limit: None }
    }

    /// Computes the digest of the local file, if `wanted`.
    pub fn digested(self, wanted: bool) -> Self {
        Self { hasher: wanted.then(Hasher::default), ..self }
    }

    /// Keeps the file only if this is its digest; otherwise [`WriteFile::commit`] fails with a [`Mismatch`].
    pub fn expecting(self, expected: Digest) -> Self {
        Self { expected: Some(expected), ..self.digested(true) }
    }

    /// Returns the digest of the bytes written to the local file; `None` if it was not wanted.
    pub fn digest(&self) -> Option<Digest> {
        self.hasher.as_ref().map(Hasher::digest)
    }

    /// Accepts at most this many bytes of the wire; one more fails with [`io::ErrorKind::QuotaExceeded`].
    pub(crate) fn limited(self, limit: Option<u64>) -> Self {
        Self { limit: limit.map(|limit| (limit, limit)), ..self }
    }

    fn charge(&mut self, bytes: usize) -> io::Result<()> {
        if let Some((limit, left)) = &mut self.limit {
            let rest = left.checked_sub(bytes as u64);
            *left = rest.ok_or_else(|| io::Error::new(io::ErrorKind::QuotaExceeded, too_large(*limit)))?;
        }
        Ok(())
    }

    /// Whether a netascii file has a NUL in its first 4 KiB, so that it is hardly text.
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
        // An error must be reported before the block is acknowledged, so nothing is buffered here.
        let sink = self.sink.as_mut().ok_or_else(already_over)?;
        sink.writer().write_all(local).inspect_err(|_| self.sink = None)
    }

    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        if self.text.is_some() || self.hasher.is_some() {
            return pieces.iter().try_for_each(|piece| self.deliver(piece));
        }
        self.charge(pieces.iter().map(|piece| piece.len()).sum())?;
        let sink = self.sink.as_mut().ok_or_else(already_over)?;
        write_all(sink.writer(), pieces).inspect_err(|_| self.sink = None)
    }

    fn can_start_over(&self) -> bool {
        matches!(self.sink, Some(Sink::TempFile(_)))
    }

    fn start_over(&mut self) -> io::Result<()> {
        let Some(Sink::TempFile(temporary)) = &mut self.sink else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let file = temporary.file();
        file.set_len(0)?;
        file.rewind()?;
        self.text = self.text.take().map(|_| Decoding::default());
        self.hasher = self.hasher.take().map(|_| Hasher::default());
        self.limit = self.limit.map(|(limit, _)| (limit, limit));
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        let mut sink = self.sink.take().ok_or_else(already_over)?;
        if let Some(text) = &mut self.text {
            let last = text.finish();
            if let Some(hasher) = &mut self.hasher {
                hasher.update(last);
            }
            sink.writer().write_all(last)?;
        }
        if let Some((expected, found)) = self.expected.zip(self.digest())
            && expected != found
        {
            return Err(io::Error::other(Mismatch { expected, found }));
        }
        match sink {
            Sink::TempFile(file) => file.commit(),
            Sink::Stream(stream) => Ok(close(stream.into_file())?),
            Sink::Terminal(text) => Ok(close(text.finish()?.into_file())?),
            Sink::Writer(mut writer) => writer.flush(),
            Sink::Upload(upload) => upload.commit(),
        }
    }
}

impl<W> Debug for Target<W> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

/// Returns the message for an upload of more bytes than `limit`.
pub(crate) fn too_large(limit: u64) -> String {
    format!("at most {limit} bytes are accepted")
}

/// The place of the local bytes.
pub(super) enum Sink<W> {
    TempFile(TempFile),
    Stream(Interruptible<File>),
    Terminal(TerminalText<Interruptible<File>>),
    Writer(W),
    Upload(Upload),
}

impl<W: Write> Sink<W> {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::TempFile(temporary) => temporary.file(),
            Self::Stream(stream) => stream,
            Self::Terminal(text) => text,
            Self::Writer(writer) => writer,
            Self::Upload(upload) => upload,
        }
    }
}

/// Writes all pieces, with one call if the writer allows it.
fn write_all(writer: &mut dyn Write, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
    // A write of empty pieces returns 0 and would look like an error.
    IoSlice::advance_slices(&mut pieces, 0);
    while !pieces.is_empty() {
        match writer.write_vectored(pieces) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut pieces, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn already_over() -> io::Error {
    io::Error::other("the file was committed before, or a write to it failed")
}

fn no_directory(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(io::ErrorKind::NotFound, "its directory does not exist"),
        _ => error,
    }
}

/// Opens an open file again. Our own outputs are shared; others are appended to, since their writers are at the end.
fn open_magic(path: &Path, number: Option<u32>) -> io::Result<File> {
    match number {
        Some(1) => standard::output(),
        Some(2) => Ok(io::stderr().as_fd().try_clone_to_owned()?.into()),
        _ => OpenOptions::new().append(true).open(path),
    }
}
