//! As in bench/common/dealt_echoes.hpp: a task is a worker, and the share it gets of one read travels
//! there and back as one.

use crate::frame_stream::{stage, FrameStream};
use tokio::sync::{mpsc, oneshot};

const WORKERS: usize = 2;

type Share = (Vec<u64>, oneshot::Sender<Vec<u64>>);

#[derive(Clone)]
pub struct Dealer {
    workers: Vec<mpsc::Sender<Share>>,
}

impl Dealer {
    /// Its workers end once it and all its clones are gone.
    pub fn start(mixing: u64) -> Dealer {
        let worker = |_| {
            let (sender, shares) = mpsc::channel(256);
            tokio::spawn(work_off(shares, mixing));
            sender
        };
        Dealer { workers: (0..WORKERS).map(worker).collect() }
    }

    pub async fn deal(&self, frames: &mut FrameStream, echoes: &mut [u64]) {
        let first = (frames.echoed() as usize - echoes.len()) % WORKERS;
        let mut answers = Vec::with_capacity(WORKERS);
        for place in 0..WORKERS {
            let share = echoes.iter().skip(place).step_by(WORKERS).copied().collect();
            let (ack, answer) = oneshot::channel();
            let worker = &self.workers[(first + place) % WORKERS];
            worker.send((share, ack)).await.expect("a worker");
            answers.push(answer);
        }
        for (place, answer) in answers.into_iter().enumerate() {
            let share = answer.await.expect("a worker's answer");
            for (to, from) in echoes.iter_mut().skip(place).step_by(WORKERS).zip(share) {
                *to = from;
            }
        }
        frames.answered(echoes);
    }
}

async fn work_off(mut shares: mpsc::Receiver<Share>, mixing: u64) {
    while let Some((mut share, ack)) = shares.recv().await {
        for value in &mut share {
            *value = stage(*value, mixing);
        }
        ack.send(share).expect("who dealt it");
    }
}
