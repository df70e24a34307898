//! What a line asks for, as plain data.

use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::bookmark::Bookmark;
use super::value::Sha256;
use super::words::Word;
use crate::bugs::{ClientBug, ServerBug};
use crate::fault::{Percent, Rule};
use crate::lessons::Lesson;
use crate::plan::Plan;
use crate::trace::{Limit, ViewName};
use crate::wire::{BlockSize, Mode, WindowSize};

/// What the user wants. `None` is `auto` for a value, "toggle" for a switch, and "show" for everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    Connect {
        host: Word,
        port: Option<u16>,
    },
    Get(Get),
    Put(Put),
    Quit,
    Status,
    Help(Vec<Word>),
    Mode(Option<Mode>),
    Verbose(Option<bool>),
    Literal(Option<bool>),
    Progress(Option<bool>),
    Tsize(Option<Choice>),
    Tout(Option<Choice>),
    Options(Option<Choice>),
    Rexmt(Option<Duration>),
    Timeout(Option<Duration>),
    Blksize(Option<BlockSize>),
    Windowsize(Option<WindowSize>),
    Trace(TraceVerb),
    Serve(ServeVerb),
    Host(Bookmark),
    ForgetHost(String),
    Hosts,
    /// `lcd`; `None` is the home directory.
    ChangeDirectory(Option<Word>),
    ShowDirectory,
    /// The words of a line for the system's shell.
    Escape(Vec<Word>),
    /// `sha256 file ...`
    Sha256(Vec<Word>),
    /// `sha256 on|off`
    Sha256OfTransfers(bool),
    Source(Word),
    Repeat(Repeat),
    Fault(FaultVerb),
    Packetdrop(Percent),
    ClientBug(BugVerb<ClientBug>),
    Plan(Plan),
    Lesson(LessonVerb),
}

/// What an option may be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Auto,
    On,
    Off,
}

/// `get file`, `get remotename localname`, `get file file file ...`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Get {
    pub remotes: Vec<Word>,
    /// Where the one file goes.
    pub local: Option<Word>,
    /// What the one file must be.
    pub digest: Option<Sha256>,
}

/// `put file`, `put localname remotename`, `put file file ... remote-directory`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// None where the last word is the local file too.
    pub locals: Vec<Word>,
    /// A file or directory on a server.
    pub remote: Word,
}

/// `repeat number [every seconds] command`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// `None` is until it succeeds.
    pub times: Option<NonZeroU64>,
    /// From one start to the next.
    pub every: Option<Duration>,
    /// The words of the command, which are read each time.
    pub line: Vec<Word>,
}

/// `trace` and all its forms. A file called `-` is standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceVerb {
    /// The classic view on, or every screen view off.
    Toggle,
    Set(bool),
    /// On the screen, in place of another.
    View(ViewName),
    /// Beside the screen.
    ViewTo(ViewName, Word),
    /// On the screen, and into its file.
    ViewOff(ViewName),
    /// `snap` is how many bytes of a DATA packet are kept; `lost`: also packets that were lost on the way here.
    Pcap {
        file: Word,
        snap: Option<usize>,
        lost: bool,
    },
    PcapOff,
    Again(Option<ViewName>, Option<RangeInclusive<u64>>),
    Show(u64),
    Limit(Limit),
    /// `auto` is `None`.
    Ascii(Option<bool>),
    Status,
    Help,
}

/// `fault`, and the same after `serve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultVerb {
    List,
    Add(Rule),
    Seed(u64),
    /// A rule by its number, or all.
    Off(Option<u32>),
    /// Which packets of the last transfer would the rule have hit?
    Test(Rule),
    /// Whether rules act beyond this computer.
    Remote(bool),
}

/// `client bug`, `serve bug`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BugVerb<B> {
    Show,
    Off,
    /// One that the seed chooses.
    Riddle,
    Make(B),
}

/// `serve` and all its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServeVerb {
    /// The practice files where there is no directory.
    Start {
        directory: Option<Word>,
        port: Option<u16>,
        read_only: bool,
        overwrite: bool,
    },
    Status,
    Stop,
    Change(ServerChange),
}

/// What changes of a running server, or is shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerChange {
    Fault(FaultVerb),
    Bug(BugVerb<ServerBug>),
    Rexmt(Option<Duration>),
    Blksize(Option<BlockSize>),
    Options(Option<bool>),
}

/// `lesson`, `lesson N`, `lesson N --script`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LessonVerb {
    List,
    Give(&'static Lesson),
    Print(&'static Lesson),
}
