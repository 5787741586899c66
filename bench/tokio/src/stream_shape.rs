//! As in bench/common/stream_shape.hpp.

#[derive(Clone, Copy, PartialEq)]
pub enum Hot {
    First,
    Rotating,
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
}

const FRAMES_A_MOMENT: u64 = 64;

impl Shape {
    fn is_hot(&self, stream: u64, moment: u64) -> bool {
        stream == if self.hot == Hot::First { 0 } else { moment % self.streams }
    }

    pub fn steps_in(&self, items: u64) -> u64 {
        if self.steps { items } else { 1 }
    }

    pub fn frames(&self, items: u64, stream: u64, step: u64) -> u64 {
        let share = if self.is_hot(stream, step) { self.hot_frames } else { self.light_frames };
        if self.steps { share } else { items * share / self.hot_frames }
    }

    pub fn mixing(&self, stream: u64, step: u64, frame: u64) -> u64 {
        let moment = if self.steps { step } else { frame / FRAMES_A_MOMENT };
        if self.is_hot(stream, moment) { self.hot_mixing } else { self.light_mixing }
    }
}

const BASE: Shape = Shape {
    workload: "",
    workers: 2,
    streams: 8,
    frame_bytes: 4096,
    window: 32,
    hot: Hot::Rotating,
    steps: true,
    hot_frames: 32,
    light_frames: 2,
    hot_mixing: 0,
    light_mixing: 0,
    counts: false,
};

pub const SHAPES: &[Shape] = &[
    Shape {
        workload: "net_stream_throughput_4k_window32",
        workers: 1,
        streams: 1,
        hot: Hot::First,
        steps: false,
        hot_frames: 1,
        light_frames: 1,
        ..BASE
    },
    Shape {
        workload: "net_stream_imbalanced_4k_hot1_light7",
        workers: 1,
        hot: Hot::First,
        steps: false,
        hot_frames: 16,
        light_frames: 1,
        ..BASE
    },
    Shape { workload: "net_stream_hotspot_rotation_4k", ..BASE },
    Shape {
        workload: "net_pipeline_hotspot_rotation_4k_window32",
        steps: false,
        hot_frames: 1,
        light_frames: 1,
        hot_mixing: 4_000,
        light_mixing: 150,
        ..BASE
    },
    Shape { workload: "net_keyed_hotspot_rotation_4k", counts: true, ..BASE },
];
