//! As in bench/common/timer_storm.hpp.

use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::runtimes::{run_spawned, workers};
use tokio::runtime::Runtime;
use tokio::task::yield_now;
use tokio::time::{timeout, Duration};

const TASKS: u64 = 1024;

fn deadline(x: u64) -> Duration {
    Duration::from_micros(1_000_000 + (x >> 44))
}

async fn turn(x: u64, i: u64) -> u64 {
    yield_now().await;
    mix(x, i)
}

async fn turns(mut x: u64, items: u64) -> u64 {
    for i in 0..items {
        x = timeout(deadline(x), turn(x, i)).await.expect("in time");
    }
    x
}

async fn sample(mut r: Recorder) -> Recorder {
    for _ in 0..r.iterations {
        let mut tasks = Vec::with_capacity(TASKS as usize);
        r.begin();
        for t in 0..TASKS {
            tasks.push(tokio::spawn(turns(mix(t, 0), r.items)));
        }
        let mut sum = 0;
        for (t, task) in (0..).zip(tasks) {
            sum = mix(sum ^ task.await.expect("a Tokio task"), t);
        }
        r.lap();
        r.end(sum);
    }
    r
}

struct TimerStorm(Runtime);

impl Scenario for TimerStorm {
    fn run(&mut self, r: Recorder) -> Recorder {
        run_spawned(&self.0, sample(r))
    }
}

pub fn entries() -> Vec<Entry> {
    vec![Entry {
        workload: "timer_cancel_reschedule_storm",
        variant: "tokio",
        waits: "blocks in epoll",
        pins: "multi-thread runtime with its one worker on CPU 0",
        make: |_: &Surroundings| Box::new(TimerStorm(workers(1, CLIENT_CPU))),
    }]
}
