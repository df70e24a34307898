//! Refusals: the ERRORs that answer what becomes no transfer.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::subject::Subject;
use super::{Policy, Server};
use crate::bugs::ServerBug;
use crate::event::{Crossing, Direction, Observers, Record, RecordKind};
use crate::files::Denied;
use crate::net::{Envelope, Socket};
use crate::transfer::{Abort, Failure};
use crate::wire::{ErrorCode, Malformed, Opcode, Packet, Printable, REQUEST_LIMIT, Request, RequestKind, emit_error};

/// A datagram that is not served.
pub(super) enum Unserved<'a> {
    Silently,
    /// With this answer; without a subject it is not even a request.
    With(Option<Subject<'a>>, Denied),
}

/// Returns the request of a client that is served.
pub(super) fn understand<'a>(datagram: &'a [u8], client: IpAddr, policy: &Policy) -> Result<Request<'a>, Unserved<'a>> {
    match Packet::parse(datagram) {
        Ok(Packet::Request(request)) if !policy.allows(client) => {
            let denied = Denied::new(ErrorCode::ACCESS, "this server does not serve your address");
            Err(Unserved::With(Some(request.into()), denied))
        }
        Ok(Packet::Request(request)) if datagram.len() > REQUEST_LIMIT => {
            let denied = Denied::new(ErrorCode::ILLEGAL, format!("a request has at most {REQUEST_LIMIT} bytes"));
            Err(Unserved::With(Some(request.into()), denied))
        }
        Ok(Packet::Request(request)) => Ok(request),
        // An answer to an answer could go on for ever between two servers.
        Ok(_) => Err(Unserved::Silently),
        Err(Malformed::NoFilename) => {
            let kind =
                if datagram.starts_with(&Opcode::Rrq.to_wire()) { RequestKind::Read } else { RequestKind::Write };
            let subject = Subject { kind, filename: b"", mode: None };
            Err(Unserved::With(Some(subject), Denied::new(ErrorCode::ACCESS, "the file name is empty")))
        }
        Err(unknown @ Malformed::UnknownOpcode(_)) => {
            Err(Unserved::With(None, Denied::new(ErrorCode::ILLEGAL, unknown)))
        }
        Err(_) => Err(Unserved::Silently),
    }
}

impl Server {
    /// Answers what is not served with an ERROR, but only some of it: the address may be forged. Each request has its
    /// records all the same, so that the log and the status count a flood.
    pub(super) fn turn_away(
        &mut self,
        (listener, envelope): (usize, &Envelope),
        datagram: &[u8],
        subject: Option<Subject<'_>>,
        denied: Denied,
        observers: &mut Observers<'_>,
    ) {
        let (at, policy) = (Instant::now(), self.shared.policy());
        let (client, asked_at) = (envelope.from, self.listening_address(listener, envelope));
        let error = emit_error(denied.code, denied.message.as_bytes());
        let may_explain = self.admission.may_explain(at);
        let answer = may_explain.then(|| self.refuse((listener, envelope), policy.bug_towards(client), &error));
        // What is not a request has no transfer, and no records.
        let Some(subject) = subject else { return };
        self.shared.refused();
        self.transfers += 1;
        let transfer = self.transfers;
        let asked = Crossing::new(Direction::Received, client, datagram);
        subject.begin(client, &policy, |begin| {
            for kind in [RecordKind::Begin(begin), RecordKind::Packet(asked)] {
                observers.notify(&Record { at, transfer, local: asked_at, kind });
            }
        });
        let local = answer.map_or(asked_at, |(local, _)| local);
        let answer = answer.map(|(_, sent)| (&*error, sent));
        report_refusal(at, (transfer, local), client, denied, answer, observers);
    }

    /// Sends an ERROR; returns its local address, and whether it was sent.
    pub(super) fn refuse(
        &mut self,
        (listener, envelope): (usize, &Envelope),
        bug: Option<ServerBug>,
        error: &[u8],
    ) -> (SocketAddr, bool) {
        let sent = if self.shares_the_port(bug) { None } else { self.send_from_own_port(envelope, error).ok() };
        if let Some(local) = sent {
            return (local, true);
        }
        // A failed send is a lost packet.
        let socket = self.reactor.listeners().get_mut(listener);
        let sent = socket.is_some_and(|socket| socket.reply(envelope, error).is_ok());
        (self.listening_address(listener, envelope), sent)
    }

    /// Sends an ERROR from a port of its own, which it returns; there is no answer (RFC 1350 section 7).
    fn send_from_own_port(&self, envelope: &Envelope, error: &[u8]) -> io::Result<SocketAddr> {
        let mut socket = Socket::bind_among(envelope.to, self.ports.range())?;
        socket.transmit(envelope.from, error, error.len())?;
        Ok(socket.local())
    }
}

/// Makes the records of the ERROR that answers a request, if one does, and of its end. It left at `at`: the client may have it
/// already.
pub(super) fn report_refusal(
    at: Instant,
    (transfer, local): (u64, SocketAddr),
    client: SocketAddr,
    denied: Denied,
    answer: Option<(&[u8], bool)>,
    observers: &mut Observers<'_>,
) {
    let message = Printable(denied.message.as_bytes()).to_string();
    let refused = Failure::Aborted(Abort::Refused { code: denied.code, message });
    let error = answer.map(|(error, sent)| Crossing::new(Direction::Sent, client, error).lost(!sent));
    for kind in error.map(RecordKind::Packet).into_iter().chain([RecordKind::End(Err(&refused))]) {
        observers.notify(&Record { at, transfer, local, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(datagram: &[u8], policy: &Policy) -> Option<(u16, String)> {
        match understand(datagram, IpAddr::from([192, 0, 2, 1]), policy) {
            Err(Unserved::With(_, denied)) => Some((denied.code.0, denied.message)),
            Err(Unserved::Silently) => None,
            Ok(request) => panic!("{}", Packet::Request(request)),
        }
    }

    #[test]
    fn a_request_of_more_than_512_bytes_is_refused_and_never_cut() {
        let datagram = [b"\0\x01".as_slice(), &[b'n'; 600], b"\0octet\0"].concat();
        assert_eq!(answer(&datagram, &Policy::default()).unwrap().0, 4);
    }

    #[test]
    fn what_is_not_a_request_is_answered_only_if_it_cannot_be_an_answer() {
        let answer = |datagram| answer(datagram, &Policy::default());
        assert_eq!(answer(b"\0\x01\0octet\0"), Some((2, "the file name is empty".to_owned())));
        assert_eq!(answer(b"\0\x02\0octet\0"), Some((2, "the file name is empty".to_owned())));
        assert_eq!(answer(b"\0\x09what"), Some((4, "unknown opcode 9".to_owned())));
        for silent in [&b"\0\x03\0\x01data"[..], b"\0\x03", b"\0\x04\0\x01", b"\0\x05\0\x04no\0", b"\0\x06", b"\0", b""]
        {
            assert_eq!(answer(silent), None, "{silent:?}");
        }
    }

    #[test]
    fn only_the_networks_that_are_named_are_served() {
        let allow = |network: &str| Policy { allow: vec![network.parse().unwrap()], ..Policy::default() };
        let request = b"\0\x01f\0octet\0";
        let client = IpAddr::from([192, 0, 2, 1]);
        assert!(understand(request, client, &allow("192.0.2.0/24")).is_ok());
        assert_eq!(answer(request, &allow("192.0.3.0/24")).unwrap().0, 2);
        assert_eq!(answer(request, &allow("::/0")).unwrap().0, 2);
    }
}
