//! The same log-linear layout as bench/common/histogram.hpp: 32 buckets an octave.

const SUB_BITS: u32 = 5;
const MAX_BITS: u32 = 40;
const SIZE: usize = ((MAX_BITS - SUB_BITS + 1) << SUB_BITS) as usize;

pub struct Histogram {
    counts: Vec<u32>,
}

impl Histogram {
    pub fn new() -> Self {
        Histogram { counts: vec![0; SIZE] }
    }

    pub fn record(&mut self, ns: u64) {
        self.counts[index(ns)] += 1;
    }

    pub fn non_empty(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.counts.iter().copied().enumerate().filter(|(_, n)| *n != 0)
    }
}

fn index(ns: u64) -> usize {
    if ns >> MAX_BITS != 0 {
        return SIZE - 1;
    }
    if ns < 1 << SUB_BITS {
        return ns as usize;
    }
    let shift = 64 - ns.leading_zeros() - SUB_BITS - 1;
    ((shift as usize) << SUB_BITS) + (ns >> shift) as usize
}
