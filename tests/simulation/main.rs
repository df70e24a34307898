//! Both machines in all four roles over a virtual, seeded network: every file arrives whole, or the failure is reported.
//!
//! `cargo run --release --example simulate -- --runs N --seed S` runs as many as you like; a seed that ever failed
//! belongs into `SEEDS_THAT_FAILED`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod faulty;
mod host;
mod network;
mod pair;
mod scenario;
mod windows;
mod witness;
mod world;

use std::panic::catch_unwind;

use network::Weather;
use scenario::{MS, Scenario};
use tftpsh::transfer::{Attempt, Failure, Rexmt};
use tftpsh::wire::{BlockSize, Limits, Offer, RequestKind, WindowSize};
use world::run;

type End = Option<Result<(), Failure>>;

/// Transfers of one test run.
const RUNS: u64 = 20_000;

/// Seeds after [`RUNS`] that found a defect once. None has yet.
const SEEDS_THAT_FAILED: [u64; 0] = [];

#[test]
fn every_file_arrives_whole_or_the_failure_is_told() {
    let workers: Vec<_> =
        (0..4).map(|worker| std::thread::spawn(move || failures(seeds().skip(worker).step_by(4)))).collect();
    let failed: Vec<_> = workers.into_iter().flat_map(|it| it.join().unwrap()).collect();
    // On a network that loses at most one packet in twenty, 25 s of patience are enough.
    let early: Vec<_> = failed.iter().filter(|(_, loss, _)| *loss <= 50).collect();
    assert!(early.is_empty(), "{early:?}");
    let percent = failed.len() as u64 * 100 / RUNS;
    assert!(percent < 2, "{percent} % gave up: {failed:?}");
}

fn seeds() -> impl Iterator<Item = u64> {
    (0..RUNS).chain(SEEDS_THAT_FAILED)
}

/// Runs the seeds; of those that gave up, the seed, the loss per mille, and the end.
fn failures(seeds: impl Iterator<Item = u64>) -> Vec<(u64, u64, End)> {
    let mut failed = Vec::new();
    for seed in seeds {
        let scenario = Scenario::new(seed);
        let Ok(outcome) = catch_unwind(|| {
            let outcome = run(&scenario);
            outcome.check(&scenario);
            outcome
        }) else {
            panic!("repeat it with: cargo run --example simulate -- --runs 1 --seed {seed}");
        };
        if scenario.can_succeed() && !outcome.succeeded() {
            failed.push((seed, scenario.weather.loss, outcome.client.end));
        }
    }
    failed
}

#[test]
fn more_blocks_than_numbers_wrap_in_every_role() {
    let roles = [(RequestKind::Read, 1), (RequestKind::Write, 1), (RequestKind::Read, 16), (RequestKind::Write, 16)];
    for (seed, (kind, windowsize)) in (1..).zip(roles) {
        let scenario = Scenario::wrapping(seed, kind, windowsize);
        let outcome = run(&scenario);
        outcome.check(&scenario);
        assert!(outcome.succeeded(), "{scenario:?}: {:?}", outcome.client.end);
    }
}

#[test]
fn a_clear_day_costs_no_packet_twice() {
    for seed in 0..200 {
        let scenario = Scenario::new(seed);
        let weather = Weather { delay: 5 * MS, ..Weather::default() };
        let scenario = Scenario { weather, length: scenario.size, stopped: None, ..scenario };
        let outcome = run(&scenario);
        outcome.check(&scenario);
        let (client, server) = (outcome.client.task.machine().stats(), outcome.servers[0].task.machine().stats());
        assert_eq!((client.resent, server.resent, client.duplicates, server.duplicates), (0, 0, 0, 0), "{scenario:?}");
        assert!(outcome.succeeded() && outcome.servers.len() == 1);
    }
}

/// tftp-hpa pays a second: the timer of the sender.
#[test]
fn an_overtaken_block_in_lock_step_costs_at_most_a_second() {
    let offer = Offer { blksize: BlockSize::new(8), ..Offer::default() };
    for (kind, offer) in
        [RequestKind::Read, RequestKind::Write].into_iter().flat_map(|kind| [(kind, offer), (kind, Offer::default())])
    {
        let took = |overtaken| {
            let weather = Weather { delay: MS, overtaken, ..Weather::default() };
            let scenario = Scenario { size: 1000, weather, offer, ..Scenario::wrapping(1, kind, 1) };
            let scenario = Scenario { length: scenario.size, ..scenario };
            let outcome = run(&scenario);
            outcome.check(&scenario);
            outcome.client.report.expect("success").elapsed
        };
        for place in 0..=1000 / offer.blksize.unwrap_or_default().get() {
            let cost = took(Some(place.into())).saturating_sub(took(None));
            assert!(cost <= 1000 * MS, "{kind:?}, block {place}: {cost:?}");
        }
    }
}

#[test]
fn a_path_that_loses_long_datagrams_costs_one_more_request() {
    let clear = Weather { delay: 5 * MS, longest: Some(600), ..Weather::default() };
    let blksize = BlockSize::new(1428);
    for (kind, windowsize) in
        [RequestKind::Read, RequestKind::Write].into_iter().flat_map(|kind| [(kind, 1), (kind, 16)])
    {
        // The short last block of 3,000 bytes gets through, before those that it follows.
        for size in [0, 500, 3_000, 30_000] {
            let offer = Offer { blksize, windowsize: WindowSize::new(windowsize), tsize: None, timeout: None };
            let (limits, rexmt) = (Limits::default(), Rexmt::Auto);
            let scenario = Scenario {
                size,
                length: size,
                stopped: None,
                kind,
                offer,
                limits,
                weather: clear,
                client_rexmt: rexmt,
                ..Scenario::new(1)
            };
            let outcome = run(&scenario);
            outcome.check(&scenario);
            assert!(outcome.succeeded(), "{scenario:?}: {:?}", outcome.client.end);
            // One side dallies for 6 s. A server that sends its OACK again shows that it gets no block.
            assert!(outcome.elapsed < 12_000 * MS, "{:?}: {scenario:?}", outcome.elapsed);
            let expected = if size > 600 { Attempt::SmallBlocks } else { Attempt::Full };
            assert_eq!(outcome.attempt, expected, "{scenario:?}");
            assert_eq!(outcome.client.task.machine().terms().blksize.get(), if size > 600 { 512 } else { 1428 });
        }
    }
}

#[test]
fn nobody_there_ends_with_the_timeout() {
    let mut scenario = Scenario { offer: Offer::default(), ..Scenario::new(7) };
    scenario.weather.loss = 1000;
    scenario.weather.junk = 0;
    let outcome = run(&scenario);
    assert_eq!(outcome.client.end, Some(Err(Failure::TimedOut { answered: false })));
    assert_eq!(outcome.elapsed, 25_000 * MS);
}
