//! The outcome of a command or a transfer as a line of JSON, for programs that run this one.

use serde::Serialize;

use super::Outcome;
use crate::files::Digest;
use crate::language::Word;
use crate::terminal::Place;
use crate::transfer::Report;
use crate::wire::Mode;

/// One line of `--json`. Every key is always there, `null` where it has no meaning; the keys are stable.
#[derive(Debug, Default, Serialize)]
pub(super) struct OutcomeRecord {
    /// The command's full name, or the word that is not a command; `null` where the line has no words.
    command: Option<String>,
    /// The number of the line in its script.
    line: Option<usize>,
    /// The server as the user named it.
    host: Option<String>,
    /// Its port for requests.
    port: Option<u16>,
    /// The file's name on the server. Bytes that are not UTF-8 are replaced.
    file: Option<String>,
    /// The local file; `-` is standard input or output.
    local: Option<String>,
    /// The mode of the transfer.
    mode: Option<String>,
    /// The exit status that this alone would have.
    status: u8,
    /// Bytes as they were on the wire.
    bytes: Option<u64>,
    /// From the first request to the file being safe.
    seconds: Option<f64>,
    /// Block size agreed, in bytes.
    blksize: Option<u16>,
    /// Window agreed, in blocks.
    windowsize: Option<u16>,
    /// Packets sent again.
    retransmits: Option<u64>,
    /// Packets that came again.
    duplicates: Option<u64>,
    /// Of the local file, in 64 hexadecimal digits, where it was asked for.
    sha256: Option<String>,
    /// What went wrong.
    error: Option<String>,
}

impl OutcomeRecord {
    /// A success of this command.
    pub(super) fn of(command: &[u8]) -> Self {
        Self { command: Some(text(command)), ..Self::default() }
    }

    /// The same, about this server, as the user named it. The port may be unknown.
    pub(super) fn server(self, host: &[u8], port: Option<u16>) -> Self {
        Self { host: Some(text(host)), port, ..self }
    }

    /// The same, about this file on the server.
    pub(super) fn file(self, name: &[u8]) -> Self {
        Self { file: Some(text(name)), ..self }
    }

    /// The same, about this local file.
    pub(super) fn local(self, name: &Word) -> Self {
        Self { local: Some(text(name.bytes())), ..self }
    }

    /// The same, with the size of the file.
    pub(super) fn bytes(self, size: u64) -> Self {
        Self { bytes: Some(size), ..self }
    }

    /// The same, for a transfer in this mode.
    pub(super) fn mode(self, mode: Mode) -> Self {
        Self { mode: Some(mode.to_string()), ..self }
    }

    /// The same, for a line from this place.
    pub(super) fn from(self, place: Place) -> Self {
        let line = if let Place::Script(number) = place { Some(number) } else { None };
        Self { line, ..self }
    }

    /// The same, with the digest of the file if it is known.
    pub(super) fn digest(self, digest: Option<Digest>) -> Self {
        Self { sha256: digest.map(|digest| digest.to_string()), ..self }
    }

    /// The same, with the figures of a transfer that succeeded.
    pub(super) fn transferred(self, report: &Report) -> Self {
        let stats = &report.stats;
        Self {
            bytes: Some(stats.bytes),
            seconds: Some(report.elapsed.as_secs_f64()),
            blksize: Some(report.terms.blksize.get()),
            windowsize: Some(report.terms.windowsize.get()),
            retransmits: Some(stats.resent),
            duplicates: Some(stats.duplicates),
            ..self
        }
    }

    /// The same, with the status and the sentence of this outcome.
    pub(super) fn of_outcome(self, outcome: &Outcome) -> Self {
        Self { status: outcome.status().number(), error: outcome.failure.as_ref().map(ToString::to_string), ..self }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::error::CommandError;

    #[test]
    fn every_key_is_there_in_its_order() {
        let outcome = Outcome::failed(CommandError::Interrupted("no answer".to_owned()));
        let record = OutcomeRecord::of(b"get").server(b"sw1", Some(69)).file(b"a\"\xff\n").local(&Word::new("b"));
        let record = record.mode(Mode::Octet).from(Place::Script(7)).of_outcome(&outcome);
        let line = serde_json::to_string(&record).unwrap();
        let expected = concat!(
            r#"{"command":"get","line":7,"host":"sw1","port":69,"file":"a\"�\n","local":"b","mode":"octet","status":130,"#,
            r#""bytes":null,"seconds":null,"blksize":null,"windowsize":null,"retransmits":null,"duplicates":null,"#,
            r#""sha256":null,"error":"no answer"}"#,
        );
        assert_eq!(line, expected);
    }
}
