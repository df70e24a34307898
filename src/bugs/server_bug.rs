use crate::wire::{ErrorCode, Mode, Packet, emit_ack, emit_data_header};

bugs! {
    /// A bug of the practice server: each was found in a real program, or an RFC warns of it.
    ///
    /// Most act on packets and timers, in [`BuggyServer`](super::BuggyServer). The rest are decisions of the server, which asks
    /// for them here: [`refusal`](Self::refusal), [`mode`](Self::mode), [`shares_the_port`](Self::shares_the_port) and
    /// [`intruder`](Self::intruder).
    ServerBug {
        /// It sends the next DATA again after a duplicate ACK (RFC 1123 section 4.2.3.1).
        Sorcerer = "sorcerer", "resends DATA on a duplicate ACK", "RFC 1123 section 4.2.3.1",
        /// It numbers its blocks from 0 (RFC 1350 section 5).
        FirstZero = "first-zero", "numbers its blocks from 0", "RFC 1350 section 5",
        /// It sends blocks of 516 bytes, the length of a packet (RFC 1350 section 5).
        Oversize = "oversize", "sends 516 bytes where 512 were agreed", "RFC 1350 section 5",
        /// It reports a missing file with code 5, that of a wrong transfer id (RFC 1350 section 5).
        WrongCode = "wrong-code", "reports a missing file with error 5", "RFC 1350 section 5",
        /// It answers from the port that receives requests (RFC 1350 section 4).
        OnePort = "one-port", "answers from the port of the request", "RFC 1350 section 4",
        /// It never sends anything again (RFC 1350 section 2).
        NoResend = "no-resend", "never sends anything again", "RFC 1350 section 2",
        /// It omits the empty last block of a file whose size is a multiple of the block size (RFC 1350 section 6).
        NoEmpty = "no-empty", "omits the empty last block", "RFC 1350 section 6",
        /// It continues with block 1 after 65535, where most programs continue with 0 (no RFC says).
        WrapToOne = "wrap-1", "continues with block 1 after 65535", "no RFC: convention",
        /// It stops after block 65535.
        NoWrap = "no-wrap", "stops after block 65535", "no RFC: convention",
        /// It treats netascii as octet (RFC 1350 section 1).
        DeafNetascii = "deaf-netascii", "treats netascii as octet", "RFC 1350 section 1",
        /// It acknowledges the last block before the file is stored, and then cannot store it (RFC 1350 section 6).
        AckEarly = "ack-early", "acknowledges a file and then fails to store it", "RFC 1350 section 6",
        /// It grants an option that was not requested (RFC 2347).
        OackExtra = "oack-extra", "grants an option that was not requested", "RFC 2347",
        /// It grants larger blocks than were requested (RFC 2348).
        OackRaise = "oack-raise", "grants larger blocks than requested", "RFC 2348",
        /// It lets another port answer too, with other bytes (RFC 1350 section 4).
        Stranger = "stranger", "lets another port answer too", "RFC 1350 section 4",
    }
}

impl ServerBug {
    /// Chooses the bug of `serve bug random` by a seed, among those that a few small files can show.
    pub fn puzzle(seed: u64) -> Self {
        let mut candidates = Self::ALL.to_vec();
        candidates.retain(|bug| !matches!(bug, Self::WrapToOne | Self::NoWrap));
        // Scattered, so that neighbouring seeds do not give neighbours in the list.
        let place = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % (candidates.len() as u64).max(1);
        usize::try_from(place).ok().and_then(|place| candidates.get(place).copied()).unwrap_or(Self::Sorcerer)
    }

    /// Returns the error code of a refusal.
    pub fn refusal(self, code: ErrorCode) -> ErrorCode {
        let is_wrong = self == Self::WrongCode && code == ErrorCode::NOT_FOUND;
        if is_wrong { ErrorCode::UNKNOWN_TID } else { code }
    }

    /// Returns the mode in which a file is opened.
    pub fn mode(self, asked: Mode) -> Mode {
        if self == Self::DeafNetascii { Mode::Octet } else { asked }
    }

    /// Whether transfers use the port that receives requests.
    pub fn shares_the_port(self) -> bool {
        self == Self::OnePort
    }

    /// Returns what another port sends right before this datagram: a block 2 with every byte inverted, or its ACK.
    pub fn intruder(self, datagram: &[u8]) -> Option<Vec<u8>> {
        match Packet::parse(datagram) {
            Ok(Packet::Data { block: 2, data }) if self == Self::Stranger => {
                Some(emit_data_header(2).into_iter().chain(data.iter().map(|byte| !byte)).collect())
            }
            Ok(Packet::Ack { block: 2 }) if self == Self::Stranger => Some(emit_ack(2).to_vec()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_bug_has_its_own_name_and_a_brief() {
        let mut names = HashSet::new();
        for bug in ServerBug::ALL {
            assert!(names.insert(bug.name()) && !bug.brief().is_empty() && bug.section().contains("RFC"));
        }
    }

    #[test]
    fn a_puzzle_depends_on_the_seed_alone_and_every_candidate_comes_up() {
        let chosen: HashSet<ServerBug> = (0..200).map(ServerBug::puzzle).collect();
        assert_eq!(chosen.len(), 12);
        assert!(!chosen.contains(&ServerBug::WrapToOne) && !chosen.contains(&ServerBug::NoWrap));
    }

    #[test]
    fn each_decision_of_the_server_is_wrong_for_one_bug_only() {
        let data = [emit_data_header(2).as_slice(), b"\x00\xf0"].concat();
        for bug in ServerBug::ALL {
            assert_eq!(bug.refusal(ErrorCode::NOT_FOUND) == ErrorCode::UNKNOWN_TID, bug == ServerBug::WrongCode);
            assert_eq!(bug.refusal(ErrorCode::EXISTS), ErrorCode::EXISTS);
            assert_eq!(bug.mode(Mode::Netascii) == Mode::Octet, bug == ServerBug::DeafNetascii);
            assert_eq!(bug.shares_the_port(), bug == ServerBug::OnePort);
            assert_eq!(bug.intruder(&data).is_some(), bug == ServerBug::Stranger);
        }
        assert_eq!(ServerBug::Stranger.intruder(&data).as_deref(), Some(&b"\0\x03\0\x02\xff\x0f"[..]));
        assert_eq!(ServerBug::Stranger.intruder(&emit_ack(2)), Some(emit_ack(2).to_vec()));
        assert_eq!(ServerBug::Stranger.intruder(&emit_ack(1)), None);
    }
}
