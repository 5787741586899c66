//! As in bench/common/datagram_lots.hpp.

use crate::harness::mix;

pub const DATAGRAM_BYTES: usize = 256;
pub const RECEIVE_BUFFER_BYTES: i32 = 1 << 20;
const IN_A_LOT: u64 = 64;
const WINDOW: u64 = 2;
const WORD: usize = 8;
const ACK_BYTES: usize = 2 * WORD;

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

pub struct LotSender {
    lots: u64,
    sent: u64,
    acknowledged: u64,
    seeds: [u64; WINDOW as usize],
    sum: u64,
    ack: [u8; ACK_BYTES],
    lot: Vec<u8>,
}

impl LotSender {
    pub fn new() -> Self {
        LotSender {
            lots: 0,
            sent: 0,
            acknowledged: 0,
            seeds: [0; WINDOW as usize],
            sum: 0,
            ack: [0; ACK_BYTES],
            lot: vec![0; DATAGRAM_BYTES * IN_A_LOT as usize],
        }
    }

    pub fn restart(&mut self, datagrams: u64) {
        self.lots = datagrams / IN_A_LOT;
        self.sent = 0;
        self.acknowledged = 0;
        for (slot, seed) in (0..).zip(&mut self.seeds) {
            *seed = mix(1, slot);
        }
    }

    pub fn may_send(&self) -> bool {
        self.sent != self.lots && self.sent != self.acknowledged + WINDOW
    }

    pub fn done(&self) -> bool {
        self.acknowledged == self.lots
    }

    pub fn sum(&self) -> u64 {
        self.sum
    }

    pub fn next(&mut self) -> &[u8] {
        let seed = self.seeds[(self.sent % WINDOW) as usize];
        let number = self.sent * IN_A_LOT;
        self.sent += 1;
        for (number, datagram) in (number..).zip(self.lot.chunks_exact_mut(DATAGRAM_BYTES)) {
            let first = mix(seed, number);
            datagram[..WORD].copy_from_slice(&first.to_le_bytes());
            datagram[DATAGRAM_BYTES - WORD..].copy_from_slice(&(!first ^ number).to_le_bytes());
        }
        &self.lot
    }

    pub fn ack_room(&mut self) -> &mut [u8] {
        &mut self.ack
    }

    pub fn acknowledged(&mut self) {
        self.sum = word(&self.ack[WORD..]);
        self.seeds[(self.acknowledged % WINDOW) as usize] = self.sum;
        self.acknowledged += 1;
        let datagrams = word(&self.ack[..WORD]);
        assert_eq!(datagrams, self.acknowledged * IN_A_LOT, "an acknowledgement was lost");
    }
}

#[derive(Default)]
pub struct LotReceiver {
    datagrams: u64,
    sum: u64,
}

impl LotReceiver {
    pub fn restart(&mut self) {
        *self = LotReceiver::default();
    }

    pub fn received(&mut self, datagram: &[u8]) -> bool {
        let first = word(&datagram[..WORD]);
        let last = word(&datagram[DATAGRAM_BYTES - WORD..]);
        assert_eq!(!first ^ last, self.datagrams, "a datagram was lost");
        self.sum = mix(self.sum ^ first ^ last, self.datagrams);
        self.datagrams += 1;
        self.datagrams % IN_A_LOT == 0
    }

    pub fn ack(&self) -> [u8; ACK_BYTES] {
        let mut ack = [0; ACK_BYTES];
        ack[..WORD].copy_from_slice(&self.datagrams.to_le_bytes());
        ack[WORD..].copy_from_slice(&self.sum.to_le_bytes());
        ack
    }

    pub fn count(&self) -> u64 {
        self.datagrams
    }
}
