use crate::chain::{end_chains, make_chains, Chain};
use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::runtimes::{run_spawned, workers};
use tokio::runtime::Runtime;

const BRANCHES: usize = 16;

/// As in bench/common/fan_out.hpp.
#[derive(Clone, Copy)]
struct Shape {
    workers: usize,
    chains: u64,
    steps: u64,
    hot_steps: u64,
}

impl Shape {
    const fn new(workers: usize, chains: u64, steps: u64, hot_steps: u64) -> Self {
        Shape { workers, chains, steps, hot_steps }
    }

    fn steps_of(self, request: u64, branch: usize) -> u64 {
        if request % BRANCHES as u64 == branch as u64 {
            self.hot_steps
        } else {
            self.steps
        }
    }
}

const BALANCED: Shape = Shape::new(2, 1, 2_000, 2_000);
const BALANCED_W4: Shape = Shape::new(4, 1, 2_000, 2_000);
const SKEWED: Shape = Shape::new(2, 1, 500, 20_000);
const TINY: Shape = Shape::new(2, 1, 100, 100);
const HOTKEY: Shape = Shape::new(2, 8, 200, 5_000);
const TINY_C8: Shape = Shape::new(2, 8, 100, 100);

/// Never inlined, so that no compiler overlaps two branches on one CPU.
#[inline(never)]
fn branch(seed: u64, branch: usize, steps: u64) -> u64 {
    (0..steps).fold(mix(seed, !(branch as u64)), mix)
}

async fn request(chain: &mut Chain, request: u64, shape: Shape) {
    let seed = chain.seed;
    let branches: [_; BRANCHES] = std::array::from_fn(|b| {
        let steps = shape.steps_of(request, b);
        tokio::spawn(async move { branch(seed, b, steps) })
    });
    let mut results = [0; BRANCHES];
    for (result, branch) in results.iter_mut().zip(branches) {
        *result = branch.await.expect("a Tokio task");
    }
    chain.answered(&results);
}

async fn run_chain(mut chain: Chain, first: u64, items: u64, shape: Shape) -> Chain {
    chain.begin();
    for number in (first..items).step_by(shape.chains as usize) {
        request(&mut chain, number, shape).await;
    }
    chain
}

async fn sample(mut r: Recorder, shape: Shape) -> Recorder {
    for _ in 0..r.iterations {
        let mut chains = make_chains(shape.chains, r.items);
        let mut done = Vec::with_capacity(chains.len());
        r.begin();
        if shape.chains == 1 {
            let only = chains.pop().expect("one chain");
            done.push(run_chain(only, 0, r.items, shape).await);
        } else {
            let spawn = |(c, chain)| tokio::spawn(run_chain(chain, c, r.items, shape));
            let running: Vec<_> = (0..).zip(chains).map(spawn).collect();
            for chain in running {
                done.push(chain.await.expect("a Tokio task"));
            }
        }
        end_chains(&mut r, &done);
    }
    r
}

struct FanOut {
    runtime: Runtime,
    shape: Shape,
}

impl Scenario for FanOut {
    fn run(&mut self, r: Recorder) -> Recorder {
        run_spawned(&self.runtime, sample(r, self.shape))
    }
}

fn make(shape: Shape) -> Box<dyn Scenario> {
    Box::new(FanOut { runtime: workers(shape.workers, CLIENT_CPU), shape })
}

pub fn entries() -> Vec<Entry> {
    let entry = |workload, pins, make| Entry {
        workload,
        variant: "tokio",
        waits: "blocks in epoll or on a condition variable; a task a branch",
        pins,
        make,
    };
    let two = "one multi-thread runtime, workers on CPU 0 and 1";
    let four = "one multi-thread runtime of four, worker k on CPU k modulo the CPUs";
    vec![
        entry("fanout_fanin_balanced", two, |_: &Surroundings| make(BALANCED)),
        entry("fanout_fanin_balanced_w4", four, |_: &Surroundings| make(BALANCED_W4)),
        entry("fanout_fanin_skewed", two, |_: &Surroundings| make(SKEWED)),
        entry("fanout_fanin_tiny", two, |_: &Surroundings| make(TINY)),
        entry("fanout_fanin_tiny_c8", two, |_: &Surroundings| make(TINY_C8)),
        entry("fanout_fanin_hotkey_rotation", two, |_: &Surroundings| make(HOTKEY)),
    ]
}
