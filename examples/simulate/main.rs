//! Millions of transfers over the tests' virtual network: `--runs N` (default 1,000,000) from `--seed S` (default 0).
//!
//! Each transfer is drawn from a seed of its own, S to S + N - 1. The first that breaks a promise is printed, and
//! `--runs 1 --seed THAT` repeats it.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "shares its modules with a test")]

#[path = "../../tests/simulation/host.rs"]
mod host;
#[path = "../../tests/simulation/network.rs"]
mod network;
#[path = "../../tests/simulation/scenario.rs"]
#[allow(dead_code, reason = "the scenario of the wrap serves the tests only")]
mod scenario;
#[path = "../../tests/simulation/witness.rs"]
mod witness;
#[path = "../../tests/simulation/world.rs"]
mod world;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;

/// Simulates transfers and holds every promise against each of them.
#[derive(Parser)]
struct Options {
    /// How many transfers.
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (next, whole, gave_up, broken) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while broken.load(Ordering::Relaxed) == 0 {
                    let run = next.fetch_add(1, Ordering::Relaxed);
                    if run >= options.runs {
                        break;
                    }
                    let seed = options.seed.wrapping_add(run);
                    let Ok(succeeded) = catch_unwind(|| simulate(seed)) else {
                        println!("seed {seed} broke a promise; repeat it with: --runs 1 --seed {seed}");
                        broken.fetch_add(1, Ordering::Relaxed);
                        break;
                    };
                    let count = if succeeded { &whole } else { &gave_up };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (whole, gave_up, broken) = (whole.into_inner(), gave_up.into_inner(), broken.into_inner());
    println!(
        "{} transfers in {:.0} s: {whole} whole, {gave_up} gave up and said so, {broken} broke a promise",
        whole + gave_up + broken,
        start.elapsed().as_secs_f64()
    );
    ExitCode::from(u8::from(broken > 0))
}

fn simulate(seed: u64) -> bool {
    let scenario = scenario::Scenario::new(seed);
    let outcome = world::run(&scenario);
    outcome.check(&scenario);
    outcome.succeeded()
}
