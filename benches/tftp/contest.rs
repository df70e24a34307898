//! Several ways to do one thing, in turn, so that a busy moment hits all of them; and what came of it as ratios.

use std::io;
use std::time::Duration;

/// One way to do it; what fails has no time.
pub(crate) type Run<'a> = Box<dyn FnMut() -> io::Result<Duration> + 'a>;

/// One row of the table.
pub(crate) struct Contest<'a> {
    name: String,
    bytes: usize,
    runs: Vec<(&'static str, Run<'a>)>,
}

impl<'a> Contest<'a> {
    /// Of moving so many bytes; 0 where the rate says nothing.
    pub(crate) fn new(name: impl Into<String>, bytes: usize) -> Self {
        Self { name: name.into(), bytes, runs: Vec::new() }
    }

    /// One more way; the first one is held against all the others.
    pub(crate) fn add(&mut self, name: &'static str, run: impl FnMut() -> io::Result<Duration> + 'a) {
        self.runs.push((name, Box::new(run)));
    }

    /// Goes through all of them `rounds` times, forwards and backwards, and returns a line of the table.
    pub(crate) fn hold(mut self, rounds: usize) -> String {
        let mut times: Vec<Vec<io::Result<Duration>>> = self.runs.iter().map(|_| Vec::new()).collect();
        for round in 0..rounds {
            let mut order: Vec<usize> = (0..self.runs.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for index in order {
                times[index].push(self.runs[index].1());
            }
        }
        let ours = &times[0];
        let (mut line, mut rivals) = (format!("| {} |", self.name), Vec::new());
        line += &match good(ours) {
            Ok(good) => self.figure(median(good.iter().map(Duration::as_secs_f64).collect())),
            Err(why) => format!(" FAIL ({why}) | - |"),
        };
        for ((name, _), theirs) in self.runs.iter().zip(&times).skip(1) {
            rivals.push(match (good(ours), good(theirs)) {
                (_, Err(why)) => format!("{name} FAIL ({why})"),
                (Err(_), _) => format!("{name} -"),
                (Ok(ours), Ok(theirs)) => {
                    let ratios =
                        ours.iter().zip(&theirs).map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64());
                    format!("{name} **{:.2}**", median(ratios.collect()))
                }
            });
        }
        format!("{line} {} |", rivals.join(", "))
    }

    fn figure(&self, seconds: f64) -> String {
        let rate = self.bytes as f64 / seconds / 1_048_576.0;
        let rate = if self.bytes == 0 { "-".to_owned() } else { format!("{rate:.0}") };
        format!(" {:.1} | {rate} |", seconds * 1000.0)
    }
}

fn good(times: &[io::Result<Duration>]) -> Result<Vec<Duration>, &io::Error> {
    times.iter().map(|time| time.as_ref().copied()).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
