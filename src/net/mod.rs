//! The only room with sockets: they meet machines, clocks and files here.
