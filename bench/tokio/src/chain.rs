//! Requests one after another, as in bench/common/request_chain.hpp.

use crate::harness::{mix, Recorder};
use std::time::Instant;

/// The results of a request, folded in order, are the seed of the next. It keeps its own latencies,
/// because several chains run at a time in some workloads.
pub struct Chain {
    pub seed: u64,
    last: Instant,
    latencies: Vec<u64>,
}

impl Chain {
    pub fn begin(&mut self) {
        self.last = Instant::now();
    }

    /// One clock reading a request, as in Recorder::lap().
    pub fn answered(&mut self, results: &[u64]) {
        self.seed = (0..).zip(results).fold(self.seed, |seed, (k, result)| mix(seed ^ result, k));
        let now = Instant::now();
        self.latencies.push((now - self.last).as_nanos() as u64);
        self.last = now;
    }
}

/// `count` chains that together make `requests`: chain c those numbered c, c + count, ...
pub fn make_chains(count: u64, requests: u64) -> Vec<Chain> {
    let new = |c| Chain {
        seed: c + 1,
        last: Instant::now(),
        latencies: Vec::with_capacity((requests / count + 1) as usize),
    };
    (0..count).map(new).collect()
}

/// Ends the recorder's iteration, then hands over the latencies, outside the timed region.
pub fn end_chains(r: &mut Recorder, chains: &[Chain]) {
    r.end((0..).zip(chains).fold(0, |sum, (c, chain)| mix(sum ^ chain.seed, c)));
    for ns in chains.iter().flat_map(|chain| &chain.latencies) {
        r.record_latency(*ns);
    }
}
