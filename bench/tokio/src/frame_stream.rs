//! One connection's frames, as in bench/common/frame_stream.hpp.

use crate::harness::mix;
use crate::stream_shape::Shape;
use std::ops::Range;

const READ_BYTES: usize = 64 * 1024;
const WORD: usize = 8;

pub struct FrameStream {
    shape: Shape,
    number: u64,
    frame_bytes: usize,
    window: u64,
    step: u64,
    sent: u64,
    echoed: u64,
    end: u64,
    sum: u64,
    answers: u64,
    unsent: Range<usize>,
    have: usize,
    values: Vec<u64>,
    request: Vec<u8>,
    reply: Vec<u8>,
}

/// Never inlined, so that no compiler overlaps two of them.
#[inline(never)]
pub fn stage(x: u64, steps: u64) -> u64 {
    (0..steps).fold(x, mix)
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

impl FrameStream {
    pub fn new(shape: Shape, number: u64) -> Self {
        FrameStream {
            shape,
            number,
            step: 0,
            sent: 0,
            echoed: 0,
            end: 0,
            sum: 0,
            answers: 0,
            unsent: 0..0,
            have: 0,
            frame_bytes: shape.frame_bytes_of(number),
            window: shape.window_of(number),
            values: vec![0; shape.window_of(number) as usize],
            request: vec![0; shape.window_of(number) as usize * shape.frame_bytes_of(number)],
            reply: vec![0; READ_BYTES],
        }
    }

    pub fn restart(&mut self) {
        self.sent = 0;
        self.echoed = 0;
        self.end = 0;
        self.sum = 0;
        self.answers = 0;
        for (slot, value) in (0..).zip(&mut self.values) {
            *value = mix(self.number + 1, slot);
        }
    }

    pub fn begin(&mut self, step: u64, frames: u64) {
        self.step = step;
        self.end += frames;
    }

    /// Makes the next frame depend on `earlier` too, which another stream answered.
    pub fn depend_on(&mut self, earlier: u64) {
        self.values[(self.sent % self.window) as usize] ^= earlier;
    }

    pub fn done(&self) -> bool {
        self.echoed == self.end
    }

    pub fn sum(&self) -> u64 {
        self.sum ^ self.answers
    }

    pub fn echoed(&self) -> u64 {
        self.echoed
    }

    pub fn sendable(&mut self) -> &[u8] {
        let last = self.end.min(self.echoed + self.window);
        let count = (last - self.sent) as usize;
        let size = self.frame_bytes;
        for frame in self.request.chunks_exact_mut(size).take(count) {
            let value = self.values[(self.sent % self.window) as usize];
            frame[..WORD].copy_from_slice(&value.to_le_bytes());
            frame[size - WORD..].copy_from_slice(&(!value ^ self.sent).to_le_bytes());
            self.sent += 1;
        }
        &self.request[..count * size]
    }

    /// The same for who sends in pieces: what is not sent() of those that were, else the next.
    pub fn unsent(&mut self) -> &[u8] {
        if self.unsent.is_empty() {
            self.unsent = 0..self.sendable().len();
        }
        &self.request[self.unsent.clone()]
    }

    pub fn sent(&mut self, bytes: usize) {
        self.unsent.start += bytes;
    }

    pub fn room(&mut self) -> &mut [u8] {
        &mut self.reply[self.have..]
    }

    pub fn received(&mut self, bytes: usize, mut each: impl FnMut(u64)) {
        self.have += bytes;
        let size = self.frame_bytes;
        let whole = self.have / size * size;
        for frame in self.reply[..whole].chunks_exact(size) {
            let mixing = self.shape.mixing(self.number, self.step, self.echoed);
            let result = stage(word(&frame[..WORD]), mixing);
            self.sum = mix(self.sum ^ result ^ word(&frame[size - WORD..]), self.echoed);
            self.values[(self.echoed % self.window) as usize] = mix(result, self.echoed);
            self.echoed += 1;
            each(result);
        }
        self.reply.copy_within(whole..self.have, 0);
        self.have -= whole;
    }

    /// Makes the frames that come in the places of the last echoes depend on `answers` too.
    pub fn answered(&mut self, answers: &[u64]) {
        for (frame, answer) in (self.echoed - answers.len() as u64..).zip(answers) {
            self.values[(frame % self.window) as usize] ^= answer;
            self.answers = mix(self.answers ^ answer, frame);
        }
    }
}
