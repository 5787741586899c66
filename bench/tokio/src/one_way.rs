use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU, SERVER_CPU};
use crate::runtimes::{run_spawned, wait, workers, Single};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

// As in bench/common/one_way.hpp.
const VALUE_TAG: u32 = 1;
const BARRIER_TAG: u32 = 2;
const LOT: usize = 64;
/// Messages, as many as a spargio mailbox holds.
const CAPACITY: usize = 4096;

fn value(k: u64) -> u64 {
    k.wrapping_mul(0x9e3779b97f4a7c15)
}

fn add(sum: u64, value: u64) -> u64 {
    sum.rotate_left(5).wrapping_add(value)
}

#[derive(Clone, Copy, Debug)]
struct Message {
    tag: u32,
    value: u64,
}

/// What the receiver adds up, and the answer when the barrier comes.
#[derive(Default)]
struct Sum(u64);

impl Sum {
    fn take(&mut self, m: Message) -> Option<u64> {
        if m.tag == BARRIER_TAG {
            return Some(mix(std::mem::take(&mut self.0), m.value));
        }
        self.0 = add(self.0, m.value);
        None
    }
}

/// Sends `m` at once while there is room.
async fn send<T: std::fmt::Debug>(there: &mpsc::Sender<T>, m: T) {
    if let Err(mpsc::error::TrySendError::Full(m)) = there.try_send(m) {
        there.send(m).await.expect("the receiver lives");
    }
}

async fn receive_singly(mut inbox: mpsc::Receiver<Message>, back: mpsc::Sender<u64>) {
    let mut sum = Sum::default();
    while let Some(m) = inbox.recv().await {
        if let Some(answer) = sum.take(m) {
            if back.try_send(answer).is_err() {
                break;
            }
        }
    }
}

async fn receive_lots(mut inbox: mpsc::Receiver<Vec<Message>>, back: mpsc::Sender<u64>) {
    let mut sum = Sum::default();
    while let Some(lot) = inbox.recv().await {
        for m in lot {
            if let Some(answer) = sum.take(m) {
                if back.try_send(answer).is_err() {
                    return;
                }
            }
        }
    }
}

async fn sample_singly(
    there: mpsc::Sender<Message>,
    mut back: mpsc::Receiver<u64>,
    mut r: Recorder,
) -> Recorder {
    for _ in 0..r.iterations {
        r.begin();
        let mut sum = 0;
        for k in 1..=r.items {
            let value = value(k);
            sum = add(sum, value);
            send(&there, Message { tag: VALUE_TAG, value }).await;
        }
        there.send(Message { tag: BARRIER_TAG, value: sum }).await.expect("the receiver lives");
        let ack = back.recv().await.expect("the receiver answers");
        r.lap();
        r.end(ack);
    }
    r
}

async fn sample_lots(
    there: mpsc::Sender<Vec<Message>>,
    mut back: mpsc::Receiver<u64>,
    mut r: Recorder,
    most: usize,
) -> Recorder {
    for _ in 0..r.iterations {
        r.begin();
        let mut sum = 0;
        let mut k = 1;
        while k <= r.items {
            let size = most.min((r.items - k + 1) as usize);
            let mut lot = Vec::with_capacity(size);
            for _ in 0..size {
                let value = value(k);
                sum = add(sum, value);
                lot.push(Message { tag: VALUE_TAG, value });
                k += 1;
            }
            send(&there, lot).await;
        }
        let barrier = vec![Message { tag: BARRIER_TAG, value: sum }];
        there.send(barrier).await.expect("the receiver lives");
        let ack = back.recv().await.expect("the receiver answers");
        r.lap();
        r.end(ack);
    }
    r
}

/// One runtime, or two.
enum Where {
    One(Runtime),
    Two { client: Single, server: Single },
}

impl Where {
    fn run<R, S>(&self, receiver: R, sample: S) -> Recorder
    where
        R: std::future::Future<Output = ()> + Send + 'static,
        S: std::future::Future<Output = Recorder> + Send + 'static,
    {
        match self {
            Where::One(runtime) => {
                runtime.spawn(receiver);
                run_spawned(runtime, sample)
            }
            Where::Two { client, server } => {
                server.spawn(receiver);
                wait(client.spawn(sample))
            }
        }
    }
}

struct OneWay {
    place: Where,
    /// Messages a vector; 1: no vector, 0: all in one.
    lot: usize,
}

impl Scenario for OneWay {
    fn run(&mut self, r: Recorder) -> Recorder {
        let (outbox, back) = mpsc::channel(64);
        if self.lot == 1 {
            let (there, inbox) = mpsc::channel(CAPACITY);
            return self.place.run(receive_singly(inbox, outbox), sample_singly(there, back, r));
        }
        let most = if self.lot == 0 { r.items as usize } else { self.lot };
        let (there, inbox) = mpsc::channel((CAPACITY / most).max(2));
        self.place.run(receive_lots(inbox, outbox), sample_lots(there, back, r, most))
    }
}

fn one(lot: usize) -> Box<dyn Scenario> {
    Box::new(OneWay { place: Where::One(workers(2, CLIENT_CPU)), lot })
}

fn two(lot: usize) -> Box<dyn Scenario> {
    let place = Where::Two { client: Single::new(CLIENT_CPU), server: Single::new(SERVER_CPU) };
    Box::new(OneWay { place, lot })
}

pub fn entries() -> Vec<Entry> {
    let may = |workload, make| Entry {
        workload,
        variant: "tokio",
        waits: "blocks in epoll; may put both ends on one worker, then never waits",
        pins: "one multi-thread runtime, workers on CPU 0 and 1",
        make,
    };
    let must = |workload, make| Entry {
        workload,
        variant: "tokio_two",
        waits: "blocks in epoll; every message crosses threads",
        pins: "two current-thread runtimes, one on CPU 0, one on CPU 1",
        make,
    };
    vec![
        may("steady_one_way_send_drain", |_: &Surroundings| one(1)),
        must("steady_one_way_send_drain", |_: &Surroundings| two(1)),
        may("steady_one_way_batched", |_: &Surroundings| one(LOT)),
        must("steady_one_way_batched", |_: &Surroundings| two(LOT)),
        may("steady_one_way_batched_all", |_: &Surroundings| one(0)),
        must("steady_one_way_batched_all", |_: &Surroundings| two(0)),
    ]
}
