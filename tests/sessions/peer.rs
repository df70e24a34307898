//! A server that answers what a session tells it to.
//!
//! Each line says what comes back for one datagram, in their order; behind the last there is silence. Several answers to
//! one datagram stand behind each other with ` ; ` between them.
//!
//! | words | meaning |
//! | --- | --- |
//! | `error N TEXT` | an ERROR |
//! | `oack NAME=VALUE ...` | an OACK |
//! | `data N LENGTH` | block N with so many letters |
//! | `ack N` | an ACK |
//! | `raw BYTES` | these bytes, `\xNN` understood |
//! | `stranger` | block 1 from another port |
//! | `interrupt` | the program gets SIGINT |
//! | `nothing` | silence |

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::session::bytes;
use crate::support::{Port, ack, data};

pub(crate) struct Peer {
    address: SocketAddr,
    program: Arc<OnceLock<u32>>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    pub(crate) fn new(script: &str) -> Self {
        let port = Port::open();
        let address = port.address();
        let program = Arc::new(OnceLock::new());
        let (script, known) = (script.to_owned(), Arc::clone(&program));
        let thread = std::thread::spawn(move || answer(&port, &script, &known));
        Self { address, program, thread: Some(thread) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Tells which process is to be interrupted.
    pub(crate) fn meet(&self, program: u32) {
        self.program.set(program).expect("one program");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // What is no packet ends the thread.
        Port::open().send(self.address, b"");
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the script of the peer is not understood");
        }
    }
}

fn answer(port: &Port, script: &str, program: &OnceLock<u32>) {
    let mut lines = script.lines();
    loop {
        let (datagram, from) = port.receive_patiently();
        if datagram.is_empty() {
            return;
        }
        for answer in lines.next().unwrap_or("nothing").split(" ; ") {
            let (word, rest) = answer.split_once(' ').unwrap_or((answer, ""));
            match word {
                "nothing" => {}
                "interrupt" => {
                    let program = i32::try_from(*program.wait()).expect("a process id");
                    kill(Pid::from_raw(program), Signal::SIGINT).expect("a signal");
                }
                "stranger" => Port::open().send(from, &packet("data", "1 5")),
                _ => port.send(from, &packet(word, rest)),
            }
        }
    }
}

fn packet(word: &str, rest: &str) -> Vec<u8> {
    let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
    let number = || first.parse::<u16>().expect("a number");
    match word {
        "raw" => bytes(rest),
        "data" => data(number(), &vec![b'x'; more.parse().expect("a length")]),
        "ack" => ack(number()),
        "error" => [&[0, 5], &number().to_be_bytes()[..], more.as_bytes(), &[0]].concat(),
        "oack" => {
            let options = rest.split_whitespace().map(|option| option.replace('=', "\0") + "\0");
            [&[0, 6], options.collect::<String>().as_bytes()].concat()
        }
        _ => panic!("{word} is no answer"),
    }
}
