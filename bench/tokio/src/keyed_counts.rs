//! As in bench/common/keyed_counts.hpp: a task owns the keys of each owner, and the counts that one
//! read brought travel together.

use crate::harness::mix;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const KEYS: usize = 1024;
const OWNERS: usize = 2;
const COUNTS_AN_ECHO: usize = 16;

type Batch = Vec<(u32, u32)>;
type Totals = Vec<u64>;

#[derive(Clone)]
pub struct Router {
    owners: Vec<mpsc::Sender<Batch>>,
}

impl Router {
    /// Its owners end once it and all its clones are gone, and yield their totals.
    pub fn start() -> (Router, Vec<JoinHandle<Totals>>) {
        let (owners, tasks) = (0..OWNERS)
            .map(|_| {
                let (sender, counts) = mpsc::channel(256);
                (sender, tokio::spawn(own(counts)))
            })
            .unzip();
        (Router { owners }, tasks)
    }

    pub async fn route(&self, echoes: &[u64]) {
        let mut sorted: [Batch; OWNERS] =
            std::array::from_fn(|_| Batch::with_capacity(echoes.len() * COUNTS_AN_ECHO));
        for &echo in echoes {
            for j in 0..COUNTS_AN_ECHO as u64 {
                let x = mix(echo, j);
                let key = (x >> 40) as u32 % KEYS as u32;
                sorted[key as usize % OWNERS].push((key, 1 + x as u32 % 8));
            }
        }
        for (owner, batch) in self.owners.iter().zip(sorted) {
            owner.send(batch).await.expect("an owner");
        }
    }
}

async fn own(mut counts: mpsc::Receiver<Batch>) -> Totals {
    let mut totals = vec![0; KEYS];
    while let Some(batch) = counts.recv().await {
        for (key, count) in batch {
            totals[key as usize] += u64::from(count);
        }
    }
    totals
}

pub async fn sum_of(owners: Vec<JoinHandle<Totals>>) -> u64 {
    let mut totals = Vec::with_capacity(OWNERS);
    for owner in owners {
        totals.push(owner.await.expect("a Tokio task"));
    }
    (0..KEYS).fold(0, |sum, key| mix(sum ^ totals[key % OWNERS][key], key as u64))
}
