use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::runtimes::{run_spawned, workers};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::{sleep_until, Instant, Sleep};

// As in bench/common/watchdogs.hpp.
const TIMERS: u64 = 10_000;
const BATCH_MOVES: u64 = 1_000;
const HOUR_MS: u64 = 3_600_000;

/// Polls them all once.
struct Arming<'a>(&'a mut Vec<Pin<Box<Sleep>>>);

impl Future for Arming<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        for timer in self.0.iter_mut() {
            assert!(timer.as_mut().poll(cx).is_pending());
        }
        Poll::Ready(())
    }
}

/// Each timer is polled once, and from then on in the wheel: a reset moves it there.
async fn moved(mut r: Recorder) -> Recorder {
    let start = Instant::now();
    let hour = start + Duration::from_millis(HOUR_MS);
    let mut timers: Vec<Pin<Box<Sleep>>> =
        (0..TIMERS).map(|_| Box::pin(sleep_until(hour))).collect();
    Arming(&mut timers).await;
    for _ in 0..r.iterations {
        for timer in &mut timers {
            timer.as_mut().reset(hour);
        }
        r.begin();
        let mut state = 1;
        for _ in 0..r.items {
            for _ in 0..BATCH_MOVES {
                state = mix(state, TIMERS);
                let timer = (state >> 32) % TIMERS;
                let after = HOUR_MS + (state >> 8) % HOUR_MS;
                timers[timer as usize].as_mut().reset(start + Duration::from_millis(after));
            }
            tokio::task::yield_now().await;
            r.lap();
        }
        let sum = (0..).zip(&timers).fold(0, |sum, (i, timer)| {
            mix(sum ^ (timer.deadline() - start).as_millis() as u64, i)
        });
        r.end(sum);
    }
    for timer in &mut timers {
        timer.as_mut().reset(start);
    }
    for timer in &mut timers {
        timer.await;
    }
    r
}

struct Watchdogs(Runtime);

impl Scenario for Watchdogs {
    fn run(&mut self, r: Recorder) -> Recorder {
        run_spawned(&self.0, moved(r))
    }
}

pub fn entries() -> Vec<Entry> {
    vec![Entry {
        workload: "timer_watchdogs_moved_10k",
        variant: "tokio",
        waits: "blocks in epoll or on a condition variable",
        pins: "one multi-thread runtime, its worker on CPU 0",
        make: |_: &Surroundings| Box::new(Watchdogs(workers(1, CLIENT_CPU))),
    }]
}
