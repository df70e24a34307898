//! Windows never double: what one fault costs, whatever the timing.

#![allow(clippy::print_stdout, reason = "prints figures")]

use std::time::Duration;

use proptest::prelude::*;
use tftpsh::transfer::Rexmt;
use tftpsh::wire::RequestKind;

use crate::pair::{Action, Costs, Fault, Pace, Setup, run};
use crate::scenario::MS;

/// The timers of the machines if they are not to expire.
const PATIENCE: Duration = Duration::from_secs(5);

fn micros(most: u64) -> impl Strategy<Value = Duration> {
    prop_oneof![2 => Just(0), 3 => 0..=most / 10, 1 => 0..=most].prop_map(Duration::from_micros)
}

fn pace() -> impl Strategy<Value = Pace> {
    (micros(5_000), micros(2_000), 1..=20u64, micros(8_000)).prop_map(|(latency, jitter, batch, work)| Pace {
        latency,
        jitter,
        batch,
        work,
    })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        micros(60_000).prop_map(Action::Duplicate),
        micros(60_000).prop_map(Action::Delay),
        (1..=20u64).prop_map(Action::Overtake),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    (any::<bool>(), 0..60u64, action()).prop_map(|(from_server, place, action)| Fault { from_server, place, action })
}

fn setup(rexmt: impl Strategy<Value = Rexmt>) -> impl Strategy<Value = Setup> {
    let kind = prop_oneof![Just(RequestKind::Read), Just(RequestKind::Write)];
    (kind, 1..=16u64, 0..=600usize, rexmt, [pace(), pace()], any::<u64>(), fault()).prop_map(
        |(kind, windowsize, size, rexmt, paces, seed, fault)| Setup {
            kind,
            windowsize,
            size,
            rexmt,
            paces,
            seed,
            fault: Some(fault),
            loss: 0,
        },
    )
}

/// The packets of a transfer without a fault and without a timeout.
fn least(setup: &Setup) -> Costs {
    let blocks = setup.size as u64 / 8 + 1;
    // A request, an OACK, the ACK 0 of a get, and an ACK for each window.
    let opening = if setup.kind == RequestKind::Read { 3 } else { 2 };
    Costs { blocks, others: opening + blocks.div_ceil(setup.windowsize), ..Costs::default() }
}

/// What a fault costs at most: one more window, the ACK that it caused, and the ACK that ends the window. A timeout, which
/// a long delay can cause, may cost the same once more.
fn check(setup: &Setup, costs: Costs) {
    let (least, causes) = (least(setup), 1 + costs.timeouts);
    let extra = (costs.blocks - least.blocks, costs.others - least.others);
    assert!(
        extra.0 <= causes * setup.windowsize && extra.1 <= causes * 2,
        "{extra:?} more than {least:?}, {} timeouts: {setup:?}",
        costs.timeouts
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn one_fault_costs_at_most_one_more_window_whatever_the_timing(setup in setup(Just(Rexmt::Fixed(PATIENCE)))) {
        let clear = run(&Setup { fault: None, ..setup });
        prop_assert_eq!(clear.packets(), least(&setup).packets());
        let costs = run(&setup);
        // A packet that the next one overtakes waits for a timer if there is no next one.
        let may_wait = matches!(setup.fault, Some(Fault { action: Action::Overtake(_), .. }));
        prop_assert!(costs.timeouts == 0 || may_wait);
        check(&setup, costs);
    }

    #[test]
    fn a_timeout_costs_at_most_one_more_window_too(setup in setup(Just(Rexmt::Auto))) {
        check(&setup, run(&setup));
    }

    /// Timers are the only thing that time may decide.
    #[test]
    fn the_order_of_the_packets_decides_their_number(
        setup in setup(Just(Rexmt::Fixed(PATIENCE))), paces in [pace(), pace()], seed: u64,
    ) {
        // Elsewhere, the time decides the order.
        let fault = setup.fault.filter(|fault| !matches!(fault.action, Action::Delay(_))).map(|fault| match fault.action {
            Action::Duplicate(_) => Fault { action: Action::Duplicate(Duration::ZERO), ..fault },
            _ => fault,
        });
        let (one, other) = (run(&Setup { fault, ..setup }), run(&Setup { fault, paces, seed, ..setup }));
        prop_assert!(one.packets() == other.packets() || one.timeouts + other.timeouts > 0);
    }
}

/// Whatever block is lost, and whoever sends it: the ACK of a gap repairs it, except for the last block of a window, which has
/// no later block that shows the gap.
#[test]
fn a_lost_block_waits_for_no_timer() {
    let pace = Pace { latency: MS, jitter: Duration::ZERO, batch: 1, work: Duration::ZERO };
    for (kind, windowsize) in
        [RequestKind::Read, RequestKind::Write].into_iter().flat_map(|kind| (2..=16).map(move |size| (kind, size)))
    {
        for block in (1..=3 * windowsize).filter(|block| block % windowsize != 0) {
            let from_server = kind == RequestKind::Read;
            // Before block 1, either side sends one packet: an OACK or a request.
            let fault = Some(Fault { from_server, place: block, action: Action::Lose });
            let (size, rexmt) = (8 * 4 * windowsize as usize, Rexmt::Fixed(PATIENCE));
            let setup = Setup { kind, windowsize, size, rexmt, paces: [pace; 2], seed: 0, fault, loss: 0 };
            let (costs, least) = (run(&setup), least(&setup));
            let extra = windowsize - (block - 1) % windowsize;
            assert_eq!((costs.blocks, costs.timeouts), (least.blocks + extra, 0), "{setup:?}");
            assert!(costs.others <= least.others + 1, "{setup:?}");
        }
    }
}

/// When a second ACK was believed after the shortest round trip so far, and both sides sent again after 10 ms, the means were
/// 131, 389, 43 and 137 ms, and 1045, 1232, 1111 and 1607 DATA packets.
#[test]
fn losses_cost_little() {
    const RUNS: u64 = 400;
    for (windowsize, loss, most) in
        [(4, 10, [130, 1030]), (4, 50, [389, 1145]), (16, 10, [42, 1090]), (16, 50, [128, 1515])]
    {
        let (mut elapsed, mut blocks, mut timeouts) = (Duration::ZERO, 0, 0);
        for seed in 0..RUNS {
            let pace = Pace { latency: MS / 10, jitter: MS / 100, batch: 4, work: MS / 20 };
            let kind = if seed % 2 == 0 { RequestKind::Read } else { RequestKind::Write };
            let (size, rexmt) = (8 * 1000, Rexmt::Auto);
            let costs = run(&Setup { kind, windowsize, size, rexmt, paces: [pace; 2], seed, fault: None, loss });
            elapsed += costs.elapsed;
            blocks += costs.blocks;
            timeouts += costs.timeouts;
        }
        let mean = [elapsed.as_millis() as u64, blocks, timeouts].map(|sum| sum / RUNS);
        println!("window {windowsize:2}, {loss:2} per mille lost: {mean:?} ms, DATA packets, timeouts for 1001 blocks");
        assert!(mean[0] <= most[0] && mean[1] <= most[1], "{mean:?}");
    }
}
