//! A TFTP client that speaks the BSD `tftp>` language, and a server to practise on.
//!
//! ```text
//!  line --words--> command --changes--> session
//!                     |
//!                     '--starts--> client --drives--> transfer machine <--parses/emits-- wire
//!                                     |                    |
//!                            net: sockets, clock        events --> observers --> trace
//!                                     |
//!                                   files
//! ```
//!
//! | room | what lives there |
//! | --- | --- |
//! | [`wire`] | bytes and their meaning; pure |
//! | [`transfer`] | the protocol as state machines; pure |
//! | [`event`] | the one stream of what happened |
//! | [`fault`] | networks that go wrong on purpose; pure |
//! | [`bugs`] | programs that do, with the mistakes of the field; pure |
//! | [`net`] | sockets, and the two loops that drive machines |
//! | [`files`] | where bytes come from and go to |
//! | [`client`] | get and put |
//! | [`server`] | the same machines, answering |
//! | [`trace`] | views of the stream |
//! | [`session`] | what the shell remembers |
//! | [`plan`] | what a transfer will cost, before it |
//! | [`lessons`] | scripts that teach, built in |
//! | [`profile`] | the user's files: bookmarks, names seen, typed lines |
//! | [`terminal`] | the prompt and the output streams |
//! | [`shell`] | the language, for terminals and scripts |
//! | [`cli`], [`style`], [`stop`] | options, colour and signals |

pub mod bugs;
pub mod cli;
pub mod client;
pub mod event;
pub mod fault;
pub mod files;
pub mod lessons;
pub mod net;
pub mod plan;
pub mod profile;
pub mod server;
pub mod session;
pub mod shell;
pub mod stop;
pub mod style;
pub mod terminal;
pub mod trace;
pub mod transfer;
pub mod wire;
