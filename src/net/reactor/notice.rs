use crate::files::{Source, Target};
use crate::transfer::{Failure, Report, Task};

/// A machine with the file it reads or writes.
pub(crate) type Job = Task<Source, Target>;

/// Names a socket of the reactor, once and for all: keys are not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(super) usize);

/// What a turn of the reactor brought for its owner.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A watched socket can be read. The owner reads until nothing is left, or asks for another notice
    /// ([`Reactor::again`](super::Reactor::again)).
    Readable(Key),
    /// The file is safe; a receiver goes on dallying.
    Complete(Key, Report),
    /// Gone, with its socket and its file. Not told of a transfer that is complete.
    Failed(Key, Failure),
    /// Gone after it was complete.
    Gone(Key),
}
