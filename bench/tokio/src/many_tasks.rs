use crate::chain::{end_chains, make_chains, Chain};
use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU, SERVER_CPU};
use crate::runtimes::{run_spawned, wait, workers, Single};
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

// As in bench/common/many_tasks.hpp.
const BATCH_TASKS: u64 = 1_000;
const YIELDS_A_TASK: u64 = 1_000;

/// A thousand tasks spawned, then joined; `handles` and `results` are kept from batch to batch.
async fn batch(chain: &mut Chain, handles: &mut Vec<JoinHandle<u64>>, results: &mut Vec<u64>) {
    let seed = chain.seed;
    handles.extend((0..BATCH_TASKS).map(|k| tokio::spawn(async move { mix(seed, k) })));
    results.clear();
    for handle in handles.drain(..) {
        results.push(handle.await.expect("a Tokio task"));
    }
    chain.answered(results);
}

async fn batches(mut r: Recorder) -> Recorder {
    let mut handles = Vec::with_capacity(BATCH_TASKS as usize);
    let mut results = Vec::with_capacity(BATCH_TASKS as usize);
    for _ in 0..r.iterations {
        let mut chains = make_chains(1, r.items);
        r.begin();
        chains[0].begin();
        for _ in 0..r.items {
            batch(&mut chains[0], &mut handles, &mut results).await;
        }
        end_chains(&mut r, &chains);
    }
    r
}

struct SpawnJoin(Runtime);

impl Scenario for SpawnJoin {
    fn run(&mut self, r: Recorder) -> Recorder {
        run_spawned(&self.0, batches(r))
    }
}

async fn yielding(mut x: u64) -> u64 {
    for i in 0..YIELDS_A_TASK {
        x = mix(x, i);
        tokio::task::yield_now().await;
    }
    x
}

/// Task t goes to runtime t modulo their number.
async fn yields(mut r: Recorder, runtimes: Vec<Handle>) -> Recorder {
    for _ in 0..r.iterations {
        let mut handles = Vec::with_capacity(r.items as usize);
        r.begin();
        for t in 0..r.items {
            handles.push(runtimes[t as usize % runtimes.len()].spawn(yielding(t)));
        }
        let mut sum = 0;
        for (t, handle) in (0..).zip(handles) {
            sum = mix(sum ^ handle.await.expect("a Tokio task"), t);
        }
        r.lap();
        r.end(sum);
    }
    r
}

struct YieldOne(Runtime);

impl Scenario for YieldOne {
    fn run(&mut self, r: Recorder) -> Recorder {
        run_spawned(&self.0, yields(r, vec![self.0.handle().clone()]))
    }
}

struct YieldTwo {
    here: Single,
    there: Single,
}

impl Scenario for YieldTwo {
    fn run(&mut self, r: Recorder) -> Recorder {
        wait(self.here.spawn(yields(r, vec![self.here.handle(), self.there.handle()])))
    }
}

pub fn entries() -> Vec<Entry> {
    let one = "one multi-thread runtime, workers on CPU 0 and 1";
    let blocks = "blocks in epoll or on a condition variable";
    vec![
        Entry {
            workload: "spawn_join_1m",
            variant: "tokio",
            waits: blocks,
            pins: one,
            make: |_: &Surroundings| Box::new(SpawnJoin(workers(2, CLIENT_CPU))),
        },
        Entry {
            workload: "yield_1m",
            variant: "tokio",
            waits: blocks,
            pins: one,
            make: |_: &Surroundings| Box::new(YieldOne(workers(2, CLIENT_CPU))),
        },
        Entry {
            workload: "yield_1m",
            variant: "tokio_two",
            waits: "blocks in epoll",
            pins: "two current-thread runtimes, one on CPU 0, one on CPU 1, half of the tasks on each",
            make: |_: &Surroundings| {
                Box::new(YieldTwo { here: Single::new(CLIENT_CPU), there: Single::new(SERVER_CPU) })
            },
        },
    ]
}
