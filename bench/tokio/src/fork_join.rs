use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::runtimes::{run_spawned, workers};
use std::future::Future;
use std::pin::Pin;
use tokio::runtime::Runtime;

/// Recursion needs a box: the future of a call cannot contain itself.
type Call = Pin<Box<dyn Future<Output = u64> + Send>>;

/// Spawns one of the two calls and makes the other itself: with both spawned it was slower.
fn fib(n: u64) -> Call {
    Box::pin(async move {
        if n < 2 {
            return n;
        }
        let forked = tokio::spawn(fib(n - 1));
        fib(n - 2).await + forked.await.expect("a Tokio task")
    })
}

const CHILDREN: usize = 10;

fn skynet(first: u64, leaves: u64) -> Call {
    Box::pin(async move {
        if leaves == 1 {
            return first;
        }
        let part = leaves / CHILDREN as u64;
        let children: [_; CHILDREN] =
            std::array::from_fn(|k| tokio::spawn(skynet(first + k as u64 * part, part)));
        let mut sum = 0;
        for child in children {
            sum += child.await.expect("a Tokio task");
        }
        sum
    })
}

struct ForkJoin {
    runtime: Runtime,
    work: fn(u64) -> Call,
}

async fn sample(mut r: Recorder, work: fn(u64) -> Call) -> Recorder {
    for _ in 0..r.iterations {
        r.begin();
        let answer = work(r.items).await;
        r.lap();
        r.end(mix(answer, r.items));
    }
    r
}

impl Scenario for ForkJoin {
    fn run(&mut self, r: Recorder) -> Recorder {
        run_spawned(&self.runtime, sample(r, self.work))
    }
}

fn make(work: fn(u64) -> Call) -> Box<dyn Scenario> {
    Box::new(ForkJoin { runtime: workers(2, CLIENT_CPU), work })
}

pub fn entries() -> Vec<Entry> {
    let entry = |workload, make| Entry {
        workload,
        variant: "tokio",
        waits: "blocks in epoll or on a condition variable",
        pins: "one multi-thread runtime, workers on CPU 0 and 1",
        make,
    };
    vec![
        entry("fork_join_fib", |_: &Surroundings| make(fib)),
        entry("fork_join_skynet", |_: &Surroundings| make(|leaves| skynet(0, leaves))),
    ]
}
