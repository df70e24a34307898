//! What a run of the program may connect to, and its output without what differs from run to run.

use super::{Port, Ran, Server, patient, serve_practice};

/// A server that answers, a socket that does not, and a port without either.
pub(crate) struct Peers {
    server: Server,
    silent: Port,
    dead: u16,
    /// Others, by the words that stand for their ports.
    others: Vec<(&'static str, u16)>,
}

impl Peers {
    /// With `others` known as well, each by the words that stand for its port.
    pub(crate) fn new(others: &[(&'static str, u16)]) -> Self {
        // Below the range of ports that the system hands out, so that no other test's socket gets it.
        let dead = 1023;
        Self { server: serve_practice(patient()), silent: Port::open(), dead, others: others.to_vec() }
    }

    /// Where the server answers.
    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    fn names(&self) -> Vec<(&'static str, u16)> {
        let silent = self.silent.number();
        [&[("{port}", self.port()), ("{silent}", silent), ("{dead}", self.dead)], &self.others[..]].concat()
    }

    /// Puts the ports in the place of their names.
    pub(crate) fn fill_in(&self, text: &str) -> String {
        self.names().iter().fold(text.to_owned(), |text, (name, port)| text.replace(name, &port.to_string()))
    }

    /// Takes out what differs from run to run.
    pub(crate) fn normalise(&self, ran: Ran) -> Ran {
        let practice = ran.stderr.split(" at 127.0.0.1:").nth(1);
        let practice = practice.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        let fix = |text: String| {
            let mut lines = String::new();
            for line in text.lines() {
                let line = self.names().iter().fold(line.to_owned(), |line, (name, port)| {
                    let port = port.to_string();
                    [" ", ":"].iter().fold(line, |line, before| number(&line, before, &port, name))
                });
                let line = match &practice {
                    Some(port) => {
                        [" ", ":"].iter().fold(line, |line, before| number(&line, before, port, "{practice}"))
                    }
                    None => line,
                };
                // Whether this machine has IPv6, and whether the server has seen the last ACK yet, is not the question.
                if line.starts_with("Last served: ") {
                    continue;
                }
                let line = line.replace(" and [::1]:{practice}", "");
                let line = between(&line, " bytes in ", " seconds", "S");
                let line = between(&line, " [", " bits/sec]", "R");
                let line = summary(traced(&line));
                // Still a number, for those who read the JSON.
                let line = between(&line, "\"seconds\":0.", ",", "0");
                let line = between(&line, "{practice}: ", " failed,", "COUNTS");
                let line = between(&line, ": unknown host (", ")", "REASON");
                let line = if line.starts_with("Local directory: ") { "Local directory: FOLDER" } else { &line };
                lines.push_str(line);
                lines.push('\n');
            }
            lines
        };
        Ran { stdout: fix(ran.stdout), stderr: fix(ran.stderr), status: ran.status }
    }
}

/// A line of the ladder or of the explain view without its times and the ports of the day.
fn traced(line: &str) -> String {
    let is_time = |word: &str| word.len() >= 6 && word.trim_start_matches('+').parse::<f64>().is_ok();
    let is_port = |word: &str| word.len() >= 4 && word.parse::<u16>().is_ok();
    let line = &both_ends(line);
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let ends = ["client ", "server "];
    let at_end = ends.iter().find_map(|end| line.strip_prefix(end)).unwrap_or(line);
    let first = at_end.split_whitespace().next().unwrap_or_default();
    let is_head = first.starts_with('#') && first.len() > 1 || line.trim_start().starts_with("client :");
    if is_head || is_time(first) {
        for word in &mut words {
            if is_time(word) && word.contains('.') {
                *word = word.replace(|letter: char| letter.is_ascii_digit(), "T");
            } else if let Some(port) = word.strip_prefix(':').filter(|port| is_port(port)) {
                *word = word.replace(port, "PORT");
            } else if let Some(port) = word.strip_suffix(']').filter(|port| is_port(port)) {
                *word = word.replace(port, "PORT");
            }
        }
    }
    let line = words.join(" ");
    let line = between(&silence(line), " came, ", " s left", "S");
    let line = between(&line, " s  received ", " ms later", "S");
    let line = between(&line, " delivered ", " ms", "S");
    // The time decides how many spaces follow.
    let line = match line.split_once(" ms later") {
        Some((before, after)) if after.trim() == ":" => format!("{before} ms later :"),
        _ => line,
    };
    let line = between(&line, " held ", " ms by rule ", "S");
    let line = between(&line, " held ", " ms: rule ", "S");
    let line = between(&line, " after ", " ms --", "S");
    if line.starts_with("      answers #") { between(&line, " after ", " ms", "S") } else { line }
}

/// A line about a silence without its length.
fn silence(line: String) -> String {
    let Some(end) = line.find(" s: ") else { return line };
    let start = line[..end].rfind(' ').map_or(0, |space| space + 1);
    match line[start..end].parse::<f64>() {
        Ok(_) => format!("{}S{}", &line[..start], &line[end..]),
        Err(_) => line,
    }
}

/// A line of the ladder of both ends, in ASCII, without its times and the port of the day.
fn both_ends(line: &str) -> String {
    let (mut line, is_digit) = (line.to_owned(), |letter: char| letter.is_ascii_digit() || letter == '.');
    if let Some(end) = line.find(" ms +") {
        let begin = line[..end].trim_end_matches(is_digit).len();
        // The columns of the time stay what they are.
        line.replace_range(begin..end, &format!("{:>1$}", "T.T", end - begin));
    }
    if let Some(begin) = line.rfind("+ ").map(|place| place + 2) {
        let end = begin + line[begin..].find(|letter| !is_digit(letter)).unwrap_or_default();
        if line[end..].starts_with(" ms") {
            line.replace_range(begin..end + 3, &format!("{:<1$}", "T.T ms", end + 3 - begin));
        }
    }
    let note = line.trim_start().starts_with("to :").then(|| line.find("to :").map(|place| place + 4)).flatten();
    let rest = line.find(" from :").map(|place| place + 7).filter(|_| line.contains('+')).or(note);
    if let Some(begin) = rest {
        let end = begin + line[begin..].find(|letter| !is_digit(letter)).unwrap_or_default();
        line.replace_range(begin..end, "PORT");
    }
    line
}

/// A summary without its rate and its round trips.
fn summary(line: String) -> String {
    let costs = ["/s, blksize ", "/s, no options, "].iter().find_map(|mark| line.find(mark));
    let (Some(rate), Some(trips)) = (costs, line.find(", rtt ")) else { return line };
    let [before, behind] = if line.starts_with('\x1b') { ["\x1b[36m", "\x1b[0m"] } else { [""; 2] };
    format!("{before}R{}, rtt T{behind}", &line[rate..trips])
}

/// `number` behind `before`, where it stands alone, becomes `name`.
fn number(line: &str, before: &str, number: &str, name: &str) -> String {
    let mut fixed = String::new();
    let mut rest = line;
    let what = format!("{before}{number}");
    while let Some(place) = rest.find(&what) {
        let end = place + what.len();
        let alone = !rest[end..].starts_with(|next: char| next.is_ascii_digit());
        fixed.push_str(&rest[..place + before.len()]);
        fixed.push_str(if alone { name } else { number });
        rest = &rest[end..];
    }
    fixed + rest
}

/// What stands between the two becomes `name`.
fn between(line: &str, before: &str, behind: &str, name: &str) -> String {
    let found = line.find(before).map(|start| start + before.len());
    match found.and_then(|start| Some((start, start + line[start..].find(behind)?))) {
        Some((start, end)) => format!("{}{name}{}", &line[..start], &line[end..]),
        None => line.to_owned(),
    }
}
