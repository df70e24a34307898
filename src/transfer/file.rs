use std::io::{self, IoSlice};

/// A file that a transfer reads.
pub trait ReadFile {
    /// Fills `space` with the next bytes of the file in wire format, and returns how many; fewer than fit are the last.
    ///
    /// # Errors
    ///
    /// An error ends the transfer, and the peer gets an ERROR.
    fn fill(&mut self, space: &mut [u8]) -> io::Result<usize>;

    /// Returns the SHA-256 of the local bytes read so far, if it is computed.
    fn sha256(&self) -> Option<[u8; 32]> {
        None
    }
}

/// A file that a transfer writes.
pub trait WriteFile {
    /// Appends bytes in wire format.
    ///
    /// # Errors
    ///
    /// An error ends the transfer, and the peer gets an ERROR.
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Appends pieces one after the other, with one write if the file allows it. It may change the slices.
    ///
    /// # Errors
    ///
    /// Those of [`deliver`](Self::deliver).
    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        pieces.iter().try_for_each(|piece| self.deliver(piece))
    }

    /// Makes the file safe after everything was delivered. The last ACK waits for it.
    ///
    /// # Errors
    ///
    /// Those of [`deliver`](Self::deliver).
    fn commit(&mut self) -> io::Result<()>;

    /// Whether [`start_over`](Self::start_over) works: no reader has seen what was delivered.
    fn can_start_over(&self) -> bool {
        false
    }

    /// Discards what was delivered, so that another request can deliver the file from its beginning.
    ///
    /// # Errors
    ///
    /// Those of [`deliver`](Self::deliver), and [`io::ErrorKind::Unsupported`].
    fn start_over(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns the SHA-256 of the local bytes written so far, if it is computed.
    fn sha256(&self) -> Option<[u8; 32]> {
        None
    }
}

impl<F: ReadFile + ?Sized> ReadFile for &mut F {
    fn fill(&mut self, space: &mut [u8]) -> io::Result<usize> {
        (**self).fill(space)
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

    fn can_start_over(&self) -> bool {
        (**self).can_start_over()
    }

    fn start_over(&mut self) -> io::Result<()> {
        (**self).start_over()
    }

    fn sha256(&self) -> Option<[u8; 32]> {
        (**self).sha256()
    }
}
