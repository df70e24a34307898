use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc::dev_t;
use nix::sys::stat::{FileStat, SFlag, fstat, stat};
use nix::sys::uio::writev;
use nix::unistd::{self, Pid, getpgrp, setpgid};

use super::{Stop, interruption};

/// The most bytes that a pipe takes without blocking when poll(2) calls it writable: PIPE_BUF, of the system that has
/// the least. A terminal and a socket take at least some, and return.
#[cfg(not(target_os = "linux"))]
const PIECE: usize = 512;
/// The same on Linux.
#[cfg(target_os = "linux")]
const PIECE: usize = 4096;

/// The most pieces that common systems write with one call (IOV_MAX).
const MOST_PIECES: usize = 1024;

/// A file whose reads and writes end when a flag is raised, even if it is a FIFO, a pipe or a terminal on whose other
/// side nothing happens.
///
/// Regular files are read and written without a wait.
#[derive(Debug)]
pub(crate) struct Interruptible<F> {
    file: F,
    stop: Stop,
    /// A read or write may take forever.
    waits: bool,
}

impl<F: AsFd> Interruptible<F> {
    /// Wraps an open file, which may be shared with other processes: its mode does not change.
    pub(crate) fn new(file: F, stop: &Stop) -> Self {
        let waits = !fstat(&file).is_ok_and(|found| kind(&found) == SFlag::S_IFREG || is_null(&found));
        Self { file, stop: stop.clone(), waits }
    }

    /// Wraps an open file whose reads and writes never wait: those that would wait fail.
    pub(crate) fn never_waiting(file: F) -> Self {
        let stop = Stop::new();
        stop.request();
        Self::new(file, &stop)
    }

    /// Returns the file.
    pub(crate) fn file(&self) -> &F {
        &self.file
    }

    /// Returns the file, to close it.
    pub(crate) fn into_file(self) -> F {
        self.file
    }
}

impl Interruptible<File> {
    /// Wraps the standard input of this process.
    pub(crate) fn stdin(stop: &Stop) -> io::Result<Self> {
        Ok(Self::new(io::stdin().as_fd().try_clone_to_owned()?.into(), stop))
    }

    /// Opens a file to read it. Its first read waits for the writer of a FIFO.
    pub(crate) fn open(path: &Path, stop: &Stop) -> io::Result<Self> {
        Self::open_with(OpenOptions::new().read(true), OFlag::empty(), path, stop)
    }

    /// Opens a file with these options and flags. If it is a FIFO that is written, this waits for its reader.
    pub(crate) fn open_with(options: &OpenOptions, flags: OFlag, path: &Path, stop: &Stop) -> io::Result<Self> {
        /// Between two looks for a reader: the system does not report when it comes.
        const PAUSE: Duration = Duration::from_millis(20);
        loop {
            match without_delay(options, flags, path) {
                Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) && is_fifo(path) => {
                    if !stop.sleep_until(Instant::now() + PAUSE) {
                        return Err(interruption());
                    }
                }
                opened => return Ok(Self::new(opened?, stop)),
            }
        }
    }

    /// Creates a file or empties an old one, and waits for the reader of a FIFO.
    pub(crate) fn create(path: &Path, stop: &Stop) -> io::Result<Self> {
        Self::open_with(OpenOptions::new().write(true).create(true).truncate(true), OFlag::empty(), path, stop)
    }
}

/// Opens a file of the user to read it. What is not a regular file is refused, and never waited for.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let file = without_delay(OpenOptions::new().read(true), OFlag::empty(), path)?;
    match file.metadata()?.file_type() {
        found if found.is_file() => Ok(file),
        found if found.is_dir() => Err(Errno::EISDIR.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
    }
}

/// Opens a file in a mode in which a FIFO does not wait for its other side.
fn without_delay(options: &OpenOptions, flags: OFlag, path: &Path) -> io::Result<File> {
    options.clone().custom_flags((flags | OFlag::O_NONBLOCK).bits()).open(path)
}

/// Returns when each signal that was sent to the process group so far has reached this process too.
///
/// Linux sends it to one member after the other, and holds a lock meanwhile for which this call waits. The call itself
/// changes nothing.
fn await_signals_of_the_group() {
    let _ = setpgid(Pid::from_raw(0), getpgrp());
}

/// Whether this is `/dev/null`, which delays no one.
pub(crate) fn is_null(found: &FileStat) -> bool {
    /// Its device number: a terminal gets each line by a writer of its own, so the system is asked once.
    static NULL: OnceLock<Option<dev_t>> = OnceLock::new();
    let number = || stat("/dev/null").ok().map(|null| null.st_rdev);
    kind(found) == SFlag::S_IFCHR && *NULL.get_or_init(number) == Some(found.st_rdev)
}

fn kind(found: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT
}

fn is_fifo(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

// The system's calls: a stream of the standard library has a buffer, which would be written when no one waits.

impl<F: AsFd> Read for Interruptible<F> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.waits {
                self.stop.wait_readable(&self.file)?;
            } else if self.stop.is_requested() {
                // A huge file takes long, though each read does not.
                return Err(interruption());
            }
            match unistd::read(&self.file, space) {
                Err(Errno::EAGAIN) => {}
                // The writer may have died of a signal that is still on its way to this process.
                Ok(0) if self.waits => {
                    await_signals_of_the_group();
                    return if self.stop.is_requested() { Err(interruption()) } else { Ok(0) };
                }
                result => return Ok(result?),
            }
        }
    }
}

impl<F: AsFd> Interruptible<F> {
    /// Calls the system to write, as soon as that does not wait.
    fn write_by(&self, call: impl Fn(&F) -> nix::Result<usize>) -> io::Result<usize> {
        loop {
            if self.waits {
                self.stop.wait_writable(&self.file)?;
            }
            match call(&self.file) {
                Err(Errno::EAGAIN) if self.waits => {}
                result => return Ok(result?),
            }
        }
    }
}

impl<F: AsFd> Write for Interruptible<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..PIECE).filter(|_| self.waits).unwrap_or(bytes);
        self.write_by(|file| unistd::write(file, piece))
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let pieces = pieces.get(..MOST_PIECES).unwrap_or(pieces);
        if !self.waits {
            return self.write_by(|file| writev(file, pieces));
        }
        let (whole, cut) = first(pieces, PIECE);
        let mut some = whole.to_vec();
        some.extend((!cut.is_empty()).then(|| IoSlice::new(cut)));
        self.write_by(|file| writev(file, &some))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the first bytes, at most `length`: whole pieces, and the beginning of the next.
fn first<'p, 'b>(pieces: &'p [IoSlice<'b>], length: usize) -> (&'p [IoSlice<'b>], &'p [u8]) {
    let mut left = length;
    for (place, piece) in pieces.iter().enumerate() {
        match left.checked_sub(piece.len()) {
            Some(rest) => left = rest,
            None => return (pieces.get(..place).unwrap_or_default(), piece.get(..left).unwrap_or_default()),
        }
    }
    (pieces, &[])
}

#[cfg(test)]
mod tests {
    use std::thread;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::super::is_interruption;
    use super::super::tests::requested_soon;
    use super::*;

    fn fifo() -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        (directory, path)
    }

    #[test]
    fn a_fifo_without_another_side_is_left_when_the_flag_is_raised() {
        let (_directory, path) = fifo();
        let mut unwritten = Interruptible::open(&path, &requested_soon()).unwrap();
        assert!(is_interruption(&unwritten.read(&mut [0]).unwrap_err()));
        drop(unwritten);
        assert!(is_interruption(&Interruptible::create(&path, &requested_soon()).unwrap_err()));
    }

    #[test]
    fn a_fifo_brings_what_its_writer_writes_whoever_comes_first() {
        for writer_waits in [true, false] {
            let (_directory, path) = fifo();
            let (there, stop) = (path.clone(), Stop::new());
            let writer = thread::spawn(move || {
                if !writer_waits {
                    thread::sleep(Duration::from_millis(30));
                }
                let mut writer = Interruptible::create(&there, &Stop::new()).unwrap();
                writer.write_all(&[7; 200_000]).unwrap();
            });
            if writer_waits {
                thread::sleep(Duration::from_millis(30));
            }
            let mut text = Vec::new();
            Interruptible::open(&path, &stop).unwrap().read_to_end(&mut text).unwrap();
            writer.join().unwrap();
            assert_eq!(text, [7; 200_000]);
        }
    }

    #[test]
    fn only_a_regular_file_of_the_user_is_opened() {
        let (directory, path) = fifo();
        assert_eq!(open_regular(&path).unwrap_err().to_string(), "not a regular file");
        assert_eq!(open_regular(directory.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert!(open_regular(Path::new("/dev/zero")).is_err());
        File::create(directory.path().join("file")).unwrap();
        assert!(open_regular(&directory.path().join("file")).is_ok());
    }

    #[test]
    fn a_pipe_takes_many_pieces_in_their_order() {
        let (_directory, path) = fifo();
        let mut reader = Interruptible::open(&path, &Stop::new()).unwrap();
        let there = path.clone();
        let writer = thread::spawn(move || {
            let mut writer = Interruptible::create(&there, &Stop::new()).unwrap();
            let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
            let pieces: Vec<_> = bytes.chunks(1468).flat_map(|it| [IoSlice::new(it), IoSlice::new(&[])]).collect();
            let mut pieces = &mut pieces.clone()[..];
            while !pieces.is_empty() {
                let written = writer.write_vectored(pieces).unwrap();
                assert!(written <= PIECE, "{written} could wait");
                IoSlice::advance_slices(&mut pieces, written);
            }
            bytes
        });
        let mut text = Vec::new();
        reader.read_to_end(&mut text).unwrap();
        assert!(text == writer.join().unwrap());
    }

    #[test]
    fn a_full_pipe_is_left_when_the_flag_is_raised() {
        let (_directory, path) = fifo();
        let _reader = Interruptible::open(&path, &Stop::new()).unwrap();
        let mut writer = Interruptible::create(&path, &requested_soon()).unwrap();
        assert!(is_interruption(&writer.write_all(&[7; 1 << 22]).unwrap_err()));
    }

    #[test]
    fn a_writer_that_never_waits_writes_what_finds_space() {
        let (_directory, path) = fifo();
        let mut reader = Interruptible::open(&path, &Stop::new()).unwrap();
        let mut writer = Interruptible::never_waiting(OpenOptions::new().write(true).open(&path).unwrap());
        let mut written = 0;
        let error = loop {
            match writer.write(&[7; 10_000]) {
                Ok(length) => written += length,
                Err(error) => break error,
            }
        };
        assert!(is_interruption(&error) && written > 0, "{error}");
        let mut bytes = vec![0; written];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(writer.write(&[7]).unwrap(), 1);
    }

    #[test]
    fn a_huge_file_is_left_when_the_flag_is_raised() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("huge");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let mut file = Interruptible::open(&path, &requested_soon()).unwrap();
        assert!(is_interruption(&io::copy(&mut file, &mut io::sink()).unwrap_err()));
    }
}
