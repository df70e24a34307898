//! A path with a delay and with losses, in this process.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a path does to each datagram, in either direction.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    /// One way.
    pub(crate) delay: Duration,
    /// Lost of a thousand.
    pub(crate) loss: u64,
    pub(crate) seed: u64,
}

/// Stands for a server at a port of its own, for one client; gone when dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    pub(crate) fn start(server: SocketAddr, weather: Weather) -> io::Result<Self> {
        let front = port()?;
        let (address, stop) = (front.local_addr()?, Arc::new(AtomicBool::new(false)));
        let path = Path {
            front,
            back: port()?,
            faces: HashMap::new(),
            server,
            client: None,
            under_way: VecDeque::new(),
            weather,
            // Small seeds would begin alike.
            random: weather.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        };
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || path.run(&stopped));
        Ok(Self { address, stop, thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The client speaks to `front` and, once the server has answered from a port of its own, to the face of that port.
struct Path {
    front: UdpSocket,
    /// Where the server sees the client.
    back: UdpSocket,
    /// A socket for each port the server answers from.
    faces: HashMap<SocketAddr, UdpSocket>,
    server: SocketAddr,
    client: Option<SocketAddr>,
    /// In the order of their arrival, for every datagram takes equally long.
    under_way: VecDeque<(Instant, Way, Vec<u8>)>,
    weather: Weather,
    random: u64,
}

#[derive(Clone, Copy)]
enum Way {
    ToServer(SocketAddr),
    ToClient(SocketAddr),
}

impl Path {
    fn run(mut self, stop: &AtomicBool) {
        let mut buffer = vec![0; 65_535];
        while !stop.load(Ordering::Relaxed) {
            let idle = !self.take_in(&mut buffer) & !self.pass_on();
            if idle {
                // Short beside the delay, which it adds to.
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }

    fn take_in(&mut self, buffer: &mut [u8]) -> bool {
        let mut came = Vec::new();
        while let Ok((length, from)) = self.front.recv_from(buffer) {
            self.client = Some(from);
            came.push((Way::ToServer(self.server), buffer[..length].to_vec()));
        }
        for (tid, face) in &self.faces {
            while let Ok((length, _)) = face.recv_from(buffer) {
                came.push((Way::ToServer(*tid), buffer[..length].to_vec()));
            }
        }
        while let Ok((length, from)) = self.back.recv_from(buffer) {
            came.push((Way::ToClient(from), buffer[..length].to_vec()));
        }
        let arrival = Instant::now() + self.weather.delay;
        let any = !came.is_empty();
        for (way, datagram) in came {
            if self.roll() % 1000 >= self.weather.loss {
                self.under_way.push_back((arrival, way, datagram));
            }
        }
        any
    }

    fn pass_on(&mut self) -> bool {
        let mut any = false;
        while self.under_way.front().is_some_and(|(arrival, ..)| *arrival <= Instant::now()) {
            let Some((_, way, datagram)) = self.under_way.pop_front() else { break };
            any = true;
            match way {
                Way::ToServer(to) => _ = self.back.send_to(&datagram, to),
                Way::ToClient(from) => {
                    let face = self.faces.entry(from).or_insert_with(|| port().expect("a free port"));
                    if let Some(client) = self.client {
                        _ = face.send_to(&datagram, client);
                    }
                }
            }
        }
        any
    }

    /// xorshift64*: the same losses in each run.
    fn roll(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }
}

fn port() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBuf, &(1 << 20))?;
    Ok(socket)
}
