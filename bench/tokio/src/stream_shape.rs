//! As in bench/common/stream_shape.hpp.

use crate::harness::mix;

#[derive(Clone, Copy)]
pub enum Hot {
    First,
    Rotating,
    Alternating,
    Half,
    QuarterByLot,
    OneByLot,
}

#[derive(Clone, Copy)]
pub struct Shape {
    pub workload: &'static str,
    pub workers: usize,
    pub streams: u64,
    pub frame_bytes: usize,
    pub window: u64,
    pub hot: Hot,
    pub steps: bool,
    pub hot_frames: u64,
    pub light_frames: u64,
    pub hot_mixing: u64,
    pub light_mixing: u64,
    pub counts: bool,
    pub dealt_mixing: u64,
    pub first_done: u64,
    pub serial: bool,
    pub control: bool,
    pub deadlines: bool,
    pub pause_us: u64,
}

const FRAMES_A_MOMENT: u64 = 64;

impl Shape {
    fn is_hot(&self, stream: u64, moment: u64) -> bool {
        match self.hot {
            Hot::First => stream == 0,
            Hot::Rotating => stream == moment % self.streams,
            Hot::Alternating => stream == if moment % 2 == 0 { 0 } else { self.streams - 1 },
            Hot::Half => stream / (self.streams / 2) == moment / 8 % 2,
            Hot::QuarterByLot => (mix(moment, stream) >> 32) % 4 == 0,
            Hot::OneByLot => stream == (mix(moment, 0) >> 32) % self.streams,
        }
    }

    pub fn steps_in(&self, items: u64) -> u64 {
        if self.steps {
            items
        } else {
            1
        }
    }

    pub fn awaited(&self, items: u64, step: u64) -> u64 {
        if self.first_done == 0 || step + 1 == self.steps_in(items) {
            self.streams
        } else {
            self.first_done
        }
    }

    pub fn frames(&self, items: u64, stream: u64, step: u64) -> u64 {
        let share = if self.is_hot(stream, step) { self.hot_frames } else { self.light_frames };
        if self.steps {
            share
        } else {
            items * share / self.hot_frames
        }
    }

    pub fn mixing(&self, stream: u64, step: u64, frame: u64) -> u64 {
        let moment = if self.steps { step } else { frame / FRAMES_A_MOMENT };
        if self.is_hot(stream, moment) {
            self.hot_mixing
        } else {
            self.light_mixing
        }
    }

    pub fn is_control(&self, stream: u64) -> bool {
        self.control && stream == 0
    }

    pub fn frame_bytes_of(&self, stream: u64) -> usize {
        if self.is_control(stream) {
            64
        } else {
            self.frame_bytes
        }
    }

    pub fn window_of(&self, stream: u64) -> u64 {
        if self.is_control(stream) {
            1
        } else {
            self.window
        }
    }
}
