use std::io::{self, IoSlice};

/// A file that a transfer reads.
pub trait ReadFile {
    /// Fills `room` with the next bytes of the file as they cross the wire; fewer are the last.
    ///
    /// # Errors
    ///
    /// An error ends the transfer, and the peer gets an ERROR.
    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize>;

    /// The SHA-256 of the local file, as far as it was read, where it is computed.
    fn sha256(&self) -> Option<[u8; 32]> {
        None
    }
}

/// A file that a transfer writes.
pub trait WriteFile {
    /// Appends bytes as they crossed the wire.
    ///
    /// # Errors
    ///
    /// An error ends the transfer, and the peer gets an ERROR.
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Appends pieces one after the other, with one write where the file allows. The slices may be used up.
    ///
    /// # Errors
    ///
    /// As [`deliver`](Self::deliver).
    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        pieces.iter().try_for_each(|piece| self.deliver(piece))
    }

    /// Everything is delivered: makes the file safe. The last ACK waits for it.
    ///
    /// # Errors
    ///
    /// As [`deliver`](Self::deliver).
    fn commit(&mut self) -> io::Result<()>;

    /// The SHA-256 of the local file, as far as it was written, where it is computed.
    fn sha256(&self) -> Option<[u8; 32]> {
        None
    }
}

impl<F: ReadFile + ?Sized> ReadFile for &mut F {
    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (**self).fill(room)
    }

    fn sha256(&self) -> Option<[u8; 32]> {
        (**self).sha256()
    }
}

impl<F: WriteFile + ?Sized> WriteFile for &mut F {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).deliver(bytes)
    }

    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        (**self).deliver_all(pieces)
    }

    fn commit(&mut self) -> io::Result<()> {
        (**self).commit()
    }

    fn sha256(&self) -> Option<[u8; 32]> {
        (**self).sha256()
    }
}
