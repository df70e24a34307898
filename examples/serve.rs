//! Serves a directory until Ctrl-C: `cargo run --example serve -- DIRECTORY [ADDRESS:PORT]`.
//!
//! Clients may read all files in it and add new ones; none may replace a file.

#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use std::env;
use std::error::Error;
use std::io;

use tftpsh::server::Log;
use tftpsh::{DirStore, Server, Stop};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().ok_or("usage: serve DIRECTORY [ADDRESS:PORT]")?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:6969".to_owned());
    let server = Server::builder(DirStore::open(&directory)?)
        .max_upload(100 << 20)
        .observer(Log::new(io::stdout()))
        .bind(address)?;
    println!("Serving {directory} at {}.", server.address());
    server.run(&Stop::new())?;
    Ok(())
}
