use std::io;
use std::path::Path;

use tftpsh::files::{Target, WriteFile};
use tftpsh::wire::Mode;

/// Begins a local file in octet mode.
pub(crate) fn create(path: impl AsRef<Path>) -> io::Result<Target> {
    Target::create(path.as_ref(), Mode::Octet)
}

/// Receives a whole file in octet mode.
pub(crate) fn receive(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let mut target = create(path)?;
    target.deliver(bytes)?;
    target.commit()
}
