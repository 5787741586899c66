use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU, SERVER_CPU};
use crate::runtimes::{run_spawned, wait, workers, Single};
use tokio::runtime::{Handle, Runtime};

// As in bench/common/channel.hpp. Tokio has no channel with many receivers; its users take
// async-channel or flume.
const SENDERS: u64 = 4;
const CAPACITY: usize = 1024;

async fn send_share(to: async_channel::Sender<u64>, first: u64, last: u64) {
    for item in first..last {
        to.send(item).await.expect("a receiver");
    }
}

async fn receive_all(from: async_channel::Receiver<u64>) -> u64 {
    let mut sum = 0u64;
    while let Ok(item) = from.recv().await {
        sum = sum.wrapping_add(mix(item, 1));
    }
    sum
}

async fn send_share_flume(to: flume::Sender<u64>, first: u64, last: u64) {
    for item in first..last {
        to.send_async(item).await.expect("a receiver");
    }
}

async fn receive_all_flume(from: flume::Receiver<u64>) -> u64 {
    let mut sum = 0u64;
    while let Ok(item) = from.recv_async().await {
        sum = sum.wrapping_add(mix(item, 1));
    }
    sum
}

/// Senders on `here`, receivers on `there`.
async fn samples(mut r: Recorder, here: Handle, there: Handle, flume: bool) -> Recorder {
    for _ in 0..r.iterations {
        r.begin();
        let mut sending = Vec::new();
        let mut receiving = Vec::new();
        let share = |k| (r.items * k / SENDERS, r.items * (k + 1) / SENDERS);
        if flume {
            let (to, from) = flume::bounded(CAPACITY);
            for k in 0..SENDERS {
                let (first, last) = share(k);
                receiving.push(there.spawn(receive_all_flume(from.clone())));
                sending.push(here.spawn(send_share_flume(to.clone(), first, last)));
            }
        } else {
            let (to, from) = async_channel::bounded(CAPACITY);
            for k in 0..SENDERS {
                let (first, last) = share(k);
                receiving.push(there.spawn(receive_all(from.clone())));
                sending.push(here.spawn(send_share(to.clone(), first, last)));
            }
        }
        for task in sending {
            task.await.expect("a Tokio task");
        }
        let mut sum = 0u64;
        for task in receiving {
            sum = sum.wrapping_add(task.await.expect("a Tokio task"));
        }
        r.lap();
        r.end(sum);
    }
    r
}

struct ChannelOne(Runtime, bool);

impl Scenario for ChannelOne {
    fn run(&mut self, r: Recorder) -> Recorder {
        let here = self.0.handle().clone();
        run_spawned(&self.0, samples(r, here.clone(), here, self.1))
    }
}

struct ChannelTwo(Single, Single, bool);

impl Scenario for ChannelTwo {
    fn run(&mut self, r: Recorder) -> Recorder {
        wait(self.0.spawn(samples(r, self.0.handle(), self.1.handle(), self.2)))
    }
}

pub fn entries() -> Vec<Entry> {
    let one = "one multi-thread runtime, workers on CPU 0 and 1";
    let two = "two current-thread runtimes, the senders on CPU 0, the receivers on CPU 1";
    let blocks = "blocks in epoll or on a condition variable";
    vec![
        Entry {
            workload: "channel_mpmc_1m",
            variant: "tokio",
            waits: blocks,
            pins: one,
            make: |_: &Surroundings| Box::new(ChannelOne(workers(2, CLIENT_CPU), false)),
        },
        Entry {
            workload: "channel_mpmc_1m",
            variant: "tokio_flume",
            waits: blocks,
            pins: one,
            make: |_: &Surroundings| Box::new(ChannelOne(workers(2, CLIENT_CPU), true)),
        },
        Entry {
            workload: "channel_mpmc_1m",
            variant: "tokio_two",
            waits: "blocks in epoll",
            pins: two,
            make: |_: &Surroundings| {
                Box::new(ChannelTwo(Single::new(CLIENT_CPU), Single::new(SERVER_CPU), false))
            },
        },
        Entry {
            workload: "channel_mpmc_1m",
            variant: "tokio_two_flume",
            waits: "blocks in epoll",
            pins: two,
            make: |_: &Surroundings| {
                Box::new(ChannelTwo(Single::new(CLIENT_CPU), Single::new(SERVER_CPU), true))
            },
        },
    ]
}
