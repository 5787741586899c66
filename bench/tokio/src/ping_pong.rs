use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU, SERVER_CPU};
use crate::runtimes::{run_spawned, wait, workers, Single};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

#[derive(Clone, Copy, Debug)]
struct Message {
    tag: u32,
    value: u64,
}

type Outbox = mpsc::Sender<Message>;
type Inbox = mpsc::Receiver<Message>;

/// Answers until the client hangs up.
async fn receiver(mut inbox: Inbox, back: Outbox) {
    while let Some(m) = inbox.recv().await {
        let reply = Message { tag: m.tag, value: mix(m.value, u64::from(m.tag)) };
        if back.try_send(reply).is_err() {
            break;
        }
    }
}

/// `send().await` is the ticket: once it is Ok, the bounded queue holds the message.
async fn round_trips(there: &Outbox, back: &mut Inbox, r: &mut Recorder, laps: bool) -> u64 {
    let (mut value, mut sum) = (1u64, 0u64);
    for i in 1..=r.items {
        there.send(Message { tag: i as u32, value }).await.expect("the receiver lives");
        let reply = back.recv().await.expect("the receiver answers");
        sum = mix(sum ^ reply.value, u64::from(reply.tag));
        value = reply.value;
        if laps {
            r.lap();
        }
    }
    sum
}

async fn sample(there: Outbox, mut back: Inbox, mut r: Recorder) -> Recorder {
    for _ in 0..r.iterations {
        r.begin();
        let sum = round_trips(&there, &mut back, &mut r, true).await;
        r.end(sum);
    }
    r
}

struct OneRuntime(Runtime);

impl Scenario for OneRuntime {
    fn run(&mut self, r: Recorder) -> Recorder {
        let (there, inbox) = mpsc::channel(64);
        let (outbox, back) = mpsc::channel(64);
        self.0.spawn(receiver(inbox, outbox));
        run_spawned(&self.0, sample(there, back, r))
    }
}

struct TwoRuntimes {
    client: Single,
    server: Single,
}

impl TwoRuntimes {
    fn new() -> Self {
        TwoRuntimes { client: Single::new(CLIENT_CPU), server: Single::new(SERVER_CPU) }
    }
}

impl Scenario for TwoRuntimes {
    fn run(&mut self, r: Recorder) -> Recorder {
        let (there, inbox) = mpsc::channel(64);
        let (outbox, back) = mpsc::channel(64);
        self.server.spawn(receiver(inbox, outbox));
        wait(self.client.spawn(sample(there, back, r)))
    }
}

/// The runtime is built, used for the round trips and shut down inside the timed region.
struct ColdOne;

impl Scenario for ColdOne {
    fn run(&mut self, mut r: Recorder) -> Recorder {
        for _ in 0..r.iterations {
            r.begin();
            let runtime = workers(2, CLIENT_CPU);
            let (there, inbox) = mpsc::channel(64);
            let (outbox, mut back) = mpsc::channel(64);
            runtime.spawn(receiver(inbox, outbox));
            let (mut returned, sum) = run_spawned(&runtime, async move {
                let sum = round_trips(&there, &mut back, &mut r, false).await;
                (r, sum)
            });
            drop(runtime);
            returned.lap();
            returned.end(sum);
            r = returned;
        }
        r
    }
}

struct ColdTwo;

impl Scenario for ColdTwo {
    fn run(&mut self, mut r: Recorder) -> Recorder {
        for _ in 0..r.iterations {
            r.begin();
            let runtimes = TwoRuntimes::new();
            let (there, inbox) = mpsc::channel(64);
            let (outbox, mut back) = mpsc::channel(64);
            runtimes.server.spawn(receiver(inbox, outbox));
            let (mut returned, sum) = wait(runtimes.client.spawn(async move {
                let sum = round_trips(&there, &mut back, &mut r, false).await;
                (r, sum)
            }));
            drop(runtimes);
            returned.lap();
            returned.end(sum);
            r = returned;
        }
        r
    }
}

const ONE: &str = "one multi-thread runtime, workers on CPU 0 and 1";
const TWO: &str = "two current-thread runtimes, one on CPU 0, one on CPU 1";

pub fn entries() -> Vec<Entry> {
    let steady = |variant, waits, pins, make| Entry {
        workload: "steady_ping_pong_rtt",
        variant,
        waits,
        pins,
        make,
    };
    let cold = |variant, waits, pins, make| Entry {
        workload: "cold_start_ping_pong",
        variant,
        waits,
        pins,
        make,
    };
    let may = "blocks in epoll; may put both ends on one worker, then never waits";
    let must = "blocks in epoll; every message crosses threads";
    vec![
        steady("tokio", may, ONE, |_: &Surroundings| Box::new(OneRuntime(workers(2, CLIENT_CPU)))),
        steady("tokio_two", must, TWO, |_: &Surroundings| Box::new(TwoRuntimes::new())),
        cold("tokio", may, ONE, |_: &Surroundings| Box::new(ColdOne)),
        cold("tokio_two", must, TWO, |_: &Surroundings| Box::new(ColdTwo)),
    ]
}
