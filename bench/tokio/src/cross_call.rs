use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU, SERVER_CPU};
use crate::runtimes::{run_spawned, wait, workers, Single};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

/// Callers of one worker that have a call each under way to the other, all the time.
const CALLERS: u64 = 32;

/// A function to be called on the other worker and where its answer goes. Spawning a task there
/// for each call was slower.
struct Call {
    value: u64,
    number: u64,
    answer: oneshot::Sender<u64>,
}

type Outbox = mpsc::Sender<Call>;

/// Answers until the last caller hangs up.
async fn server(mut inbox: mpsc::Receiver<Call>) {
    while let Some(call) = inbox.recv().await {
        let _ = call.answer.send(mix(call.value, call.number));
    }
}

fn channel() -> (Outbox, mpsc::Receiver<Call>) {
    mpsc::channel(64)
}

async fn call(there: &Outbox, value: u64, number: u64) -> u64 {
    let (answer, answered) = oneshot::channel();
    if there.send(Call { value, number, answer }).await.is_err() {
        panic!("the server lives");
    }
    answered.await.expect("the server answers")
}

async fn one_after_another(there: Outbox, mut r: Recorder) -> Recorder {
    for _ in 0..r.iterations {
        let mut value = 1;
        r.begin();
        for i in 1..=r.items {
            value = call(&there, value, i).await;
            r.lap();
        }
        r.end(value);
    }
    r
}

async fn caller(there: Outbox, mut value: u64, calls: u64) -> u64 {
    for i in 1..=calls {
        value = call(&there, value, i).await;
    }
    value
}

async fn timed_caller(there: Outbox, mut value: u64, calls: u64, mut r: Recorder) -> (u64, Recorder) {
    for i in 1..=calls {
        value = call(&there, value, i).await;
        r.lap();
    }
    (value, r)
}

async fn side_by_side(there: Outbox, mut r: Recorder) -> Recorder {
    let calls = r.items / CALLERS;
    for _ in 0..r.iterations {
        r.begin();
        let first = tokio::spawn(timed_caller(there.clone(), 1, calls, r));
        let others: Vec<_> =
            (1..CALLERS).map(|c| tokio::spawn(caller(there.clone(), c + 1, calls))).collect();
        let (value, returned) = first.await.expect("a Tokio task");
        let mut sum = mix(value, 0);
        for (c, other) in (1..).zip(others) {
            sum = mix(sum ^ other.await.expect("a Tokio task"), c);
        }
        r = returned;
        r.end(sum);
    }
    r
}

struct OneRuntime {
    runtime: Runtime,
    many: bool,
}

impl Scenario for OneRuntime {
    fn run(&mut self, r: Recorder) -> Recorder {
        let (there, inbox) = channel();
        self.runtime.spawn(server(inbox));
        if self.many {
            run_spawned(&self.runtime, side_by_side(there, r))
        } else {
            run_spawned(&self.runtime, one_after_another(there, r))
        }
    }
}

struct TwoRuntimes {
    client: Single,
    server: Single,
    many: bool,
}

impl Scenario for TwoRuntimes {
    fn run(&mut self, r: Recorder) -> Recorder {
        let (there, inbox) = channel();
        self.server.spawn(server(inbox));
        if self.many {
            wait(self.client.spawn(side_by_side(there, r)))
        } else {
            wait(self.client.spawn(one_after_another(there, r)))
        }
    }
}

fn one(many: bool) -> Box<dyn Scenario> {
    Box::new(OneRuntime { runtime: workers(2, CLIENT_CPU), many })
}

fn two(many: bool) -> Box<dyn Scenario> {
    Box::new(TwoRuntimes { client: Single::new(CLIENT_CPU), server: Single::new(SERVER_CPU), many })
}

const ONE: &str = "one multi-thread runtime, workers on CPU 0 and 1";
const TWO: &str = "two current-thread runtimes, one on CPU 0, one on CPU 1";

pub fn entries() -> Vec<Entry> {
    let entry = |workload, variant, waits, pins, make| Entry { workload, variant, waits, pins, make };
    let may = "blocks in epoll; may put both ends on one worker, then never waits";
    let must = "blocks in epoll; every call crosses threads";
    vec![
        entry("cross_shard_call_rtt", "tokio", may, ONE, |_: &Surroundings| one(false)),
        entry("cross_shard_call_rtt", "tokio_two", must, TWO, |_: &Surroundings| two(false)),
        entry("cross_shard_call_32", "tokio", may, ONE, |_: &Surroundings| one(true)),
        entry("cross_shard_call_32", "tokio_two", must, TWO, |_: &Surroundings| two(true)),
    ]
}
