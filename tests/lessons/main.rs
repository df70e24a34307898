//! Every lesson, played from a pipe as a class would: what it says it shows, it shows, packet by packet.

mod losses;
mod odd;
mod played;
mod riddle;
#[path = "../support/mod.rs"]
mod support;
