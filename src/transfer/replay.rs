use std::io;

use super::ReadFile;

/// A file to send whose first bytes can be read once more, for a second request: what was read of a pipe is gone.
#[derive(Debug, Default)]
pub struct Replay<F> {
    file: F,
    /// Bytes to read before those of the file, and how many of them are read.
    held: Vec<u8>,
    position: usize,
    /// The file was read to its end.
    ended: bool,
}

/// What a sender read of its file and its peer did not acknowledge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unacknowledged {
    /// The bytes, in wire format.
    pub bytes: Vec<u8>,
    /// Whether they are the last of the file.
    pub ended: bool,
}

impl<F> Replay<F> {
    /// Wraps a file.
    pub fn new(file: F) -> Self {
        Self { file, held: Vec::new(), position: 0, ended: false }
    }

    /// Puts bytes back that were read: they come first again.
    pub fn put_back(&mut self, Unacknowledged { mut bytes, ended }: Unacknowledged) {
        bytes.extend_from_slice(self.held.get(self.position..).unwrap_or_default());
        (self.held, self.position) = (bytes, 0);
        self.ended |= ended;
    }

    /// Returns the file.
    pub fn file(&self) -> &F {
        &self.file
    }
}

impl<F: ReadFile> ReadFile for Replay<F> {
    fn fill(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let held = self.held.get(self.position..).unwrap_or_default();
        let replayed = held.len().min(space.len());
        let (first, rest) = space.split_at_mut(replayed);
        first.copy_from_slice(held.get(..replayed).unwrap_or_default());
        self.position = self.position.saturating_add(replayed);
        if self.position == self.held.len() {
            // A whole window may be in it, which is not needed any more.
            (self.held, self.position) = (Vec::new(), 0);
        }
        // A terminal whose end was read once would wait for more.
        let read = if rest.is_empty() || self.ended { 0 } else { self.file.fill(rest)? };
        Ok(replayed + read)
    }

    fn sha256(&self) -> Option<[u8; 32]> {
        self.file.sha256()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe: each byte is read once, and none after the end.
    struct Pipe(Option<&'static [u8]>);

    impl ReadFile for Pipe {
        fn fill(&mut self, space: &mut [u8]) -> io::Result<usize> {
            let Some(bytes) = &mut self.0 else { return Err(io::Error::other("read after its end")) };
            let read = io::Read::read(bytes, space)?;
            if read < space.len() {
                self.0 = None;
            }
            Ok(read)
        }
    }

    fn read(replay: &mut Replay<Pipe>, length: usize) -> Vec<u8> {
        let mut block = vec![0; length];
        let read = replay.fill(&mut block).unwrap();
        block.truncate(read);
        block
    }

    #[test]
    fn what_is_put_back_comes_first_and_nothing_twice() {
        let mut replay = Replay::new(Pipe(Some(b"abcdefghij")));
        assert_eq!(read(&mut replay, 4), b"abcd");
        replay.put_back(Unacknowledged { bytes: b"abcd".to_vec(), ended: false });
        assert_eq!(read(&mut replay, 3), b"abc");
        replay.put_back(Unacknowledged { bytes: b"abc".to_vec(), ended: false });
        assert_eq!([3, 3, 3, 3].map(|length| read(&mut replay, length)).concat(), b"abcdefghij");
    }

    #[test]
    fn a_file_is_not_read_after_its_end() {
        let mut replay = Replay::new(Pipe(Some(b"abc")));
        assert_eq!(read(&mut replay, 8), b"abc");
        replay.put_back(Unacknowledged { bytes: b"abc".to_vec(), ended: true });
        assert_eq!([2, 2].map(|length| read(&mut replay, length)).concat(), b"abc");
        assert_eq!(read(&mut replay, 2), b"");
    }
}
