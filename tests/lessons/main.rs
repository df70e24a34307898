//! Every lesson, played from a pipe as a class would: what it says it shows, it shows, packet by packet.

#[allow(dead_code, reason = "sessions need more of it")]
#[path = "../common/mod.rs"]
mod common;
mod losses;
mod odd;
mod played;
mod riddle;
