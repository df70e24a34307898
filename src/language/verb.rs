//! The request that a line makes, as plain data.

use std::net::IpAddr;
use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;

use super::bookmark::Bookmark;
use super::value::Sha256;
use super::words::Word;
use crate::bugs::{ClientBug, ServerBug};
use crate::fault::{Percent, Rule};
use crate::lessons::Lesson;
use crate::trace::{Content, Ends, Limit, ViewName};
use crate::wire::{BlockSize, Mode, WindowSize};

/// The request of the user. `None` is `auto` for a value, "toggle" for a switch, and "show" for everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    Connect(Word, Option<u16>),
    Get(Get),
    Put(Put),
    Size(Word),
    Quit,
    Status,
    /// `status settings`
    ShowSettings,
    /// `?`
    Commands,
    /// `help`
    Overview,
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
    Plan(PlanVerb),
    Lesson(LessonVerb),
}

/// The setting of an option.
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
    /// The local name of the one file.
    pub local: Option<Word>,
    /// The digest that the one file must have.
    pub digest: Option<Sha256>,
}

/// `put file`, `put localname remotename`, `put file file ... remote-directory`, `mput file ...`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// At least one. Without `to`, each may name a server too: `host:file`.
    pub locals: Vec<Word>,
    /// The name of the one file on the server, or the directory of several there; `None` is the own name of each.
    pub to: Option<Word>,
}

/// `repeat number [every seconds] command`, `repeat until-ok [number] [every seconds] command`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The first success ends it, and earlier failures do not count.
    pub until_ok: bool,
    /// The most runs; `None` only with `until_ok`.
    pub times: Option<NonZeroU64>,
    /// The time from one start to the next.
    pub every: Option<Duration>,
    /// The words of the command. Each repetition reads them again.
    pub line: Vec<Word>,
}

/// `trace` and all its forms. A file called `-` is standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceVerb {
    /// The classic view on, or every screen view off.
    Toggle,
    Set(bool),
    /// On the screen, in place of any other.
    View(ViewName),
    /// Into a file, beside the screen.
    To(Content, Word),
    /// On the screen, and into its file.
    Off(Content),
    Again(Again),
    Show {
        /// As in [`Again`].
        transfer: usize,
        packet: u64,
    },
    Limit(Limit),
    /// `auto` is `None`.
    Ascii(Option<bool>),
    Status,
    Help,
}

impl TraceVerb {
    /// Whether this shows both ends of a transfer.
    pub(crate) fn shows_both(&self) -> bool {
        let view = match self {
            Self::View(view) => Some(*view),
            Self::To(content, _) => content.view(),
            _ => None,
        };
        let ends = match view {
            Some(ViewName::Explain(_, ends) | ViewName::Ladder(ends) | ViewName::Json(ends)) => ends,
            _ => Ends::One,
        };
        ends == Ends::Both
    }
}

/// `trace again`: a kept transfer once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// 1 is the last one, 2 the one before.
    pub transfer: usize,
    /// `None` is the view of the screen. A capture has a file.
    pub content: Option<Content>,
    /// `None` is all.
    pub packets: Option<RangeInclusive<u64>>,
    /// `None` is the screen; `-` is standard output.
    pub file: Option<Word>,
}

/// `fault`, and the same after `serve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultVerb {
    List,
    Add(Rule),
    Seed(u64),
    /// A rule by its number, or all.
    Off(Option<u32>),
    /// Shows which packets of the last transfer the rule would have hit.
    Test(Rule),
    /// Whether rules also act on peers beyond this computer.
    Remote(bool),
}

/// `client bug`, `serve bug`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BugVerb<B> {
    Show,
    /// Lists all bugs.
    List,
    Off,
    /// A bug that the seed chooses, and no message names.
    Random,
    Make(B),
}

impl<B> BugVerb<B> {
    /// Returns the bug after this change. A random one is for the shell to choose.
    pub(crate) fn change(self, bug: Option<B>) -> Option<B> {
        match self {
            Self::Show | Self::List | Self::Random => bug,
            Self::Off => None,
            Self::Make(bug) => Some(bug),
        }
    }
}

/// What to serve, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// The practice files where `None`.
    pub directory: Option<Word>,
    /// 0 is any free port.
    pub port: Option<u16>,
    /// The addresses to listen at; loopback where there is none.
    pub listen: Vec<IpAddr>,
    /// Uploads are refused.
    pub read_only: bool,
    /// Uploads may replace files.
    pub overwrite: bool,
    /// Transfers have the port of the requests.
    pub single_port: bool,
    /// Transfers have one of these ports.
    pub port_range: Option<RangeInclusive<u16>>,
    /// The largest block size that is granted.
    pub max_blksize: Option<BlockSize>,
    /// The largest window that is granted.
    pub max_windowsize: Option<WindowSize>,
    /// The largest upload, in bytes.
    pub max_size: Option<u64>,
    /// Transfers at the same time.
    pub max_transfers: Option<usize>,
    /// Those with one address.
    pub per_host: Option<usize>,
    /// Others are refused; all are answered where there is none.
    pub allow: Vec<IpNet>,
    /// Names are read as Windows reads them.
    pub windows_names: bool,
    /// The user to become once the ports are open.
    pub user: Option<Word>,
}

/// `serve` and all its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServeVerb {
    Start(Service),
    Status,
    Stop,
    Change(ServerChange),
}

/// A change to a running server, or a question about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerChange {
    Fault(FaultVerb),
    Bug(BugVerb<ServerBug>),
    Rexmt(Option<Duration>),
    Blksize(Option<BlockSize>),
    Options(Option<bool>),
}

/// `plan bytes`, `plan file`: a transfer to calculate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanVerb {
    pub size: PlannedSize,
    pub blksize: BlockSize,
    pub windowsize: WindowSize,
    pub rtt: Option<Duration>,
}

/// The size of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedSize {
    Bytes(u64),
    /// That of this local file.
    OfFile(Word),
}

/// `lesson`, `lesson N`, `lesson N --script`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LessonVerb {
    List,
    Give(&'static Lesson),
    Print(&'static Lesson),
}
