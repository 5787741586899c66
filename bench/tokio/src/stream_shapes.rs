//! The table of bench/common/stream_shapes.hpp.

use crate::stream_shape::{Hot, Shape};

const BASE: Shape = Shape {
    workload: "",
    workers: 2,
    streams: 8,
    frame_bytes: 4096,
    window: 32,
    hot: Hot::Rotating,
    steps: true,
    hot_frames: 1,
    light_frames: 1,
    hot_mixing: 0,
    light_mixing: 0,
    counts: false,
    dealt_mixing: 0,
    first_done: 0,
    serial: false,
    control: false,
    deadlines: false,
    pause_us: 0,
};

pub const SHAPES: &[Shape] = &[
    // One worker: the client on CPU 0.
    Shape {
        workload: "net_stream_throughput_4k_window32",
        workers: 1,
        streams: 1,
        steps: false,
        serial: true,
        ..BASE
    },
    Shape {
        workload: "net_stream_imbalanced_4k_hot1_light7",
        workers: 1,
        hot: Hot::First,
        steps: false,
        hot_frames: 16,
        ..BASE
    },
    Shape {
        workload: "wakeup_sparse_event_rtt_64b",
        workers: 1,
        streams: 1,
        frame_bytes: 64,
        window: 1,
        serial: true,
        pause_us: 1_000,
        ..BASE
    },
    Shape {
        workload: "serial_dep_chain_rpc_256b",
        workers: 1,
        streams: 4,
        frame_bytes: 256,
        window: 1,
        serial: true,
        ..BASE
    },
    Shape {
        workload: "net_echo_rtt_deadline_routing_256b",
        workers: 1,
        streams: 4,
        frame_bytes: 256,
        window: 1,
        hot: Hot::OneByLot,
        light_frames: 0,
        serial: true,
        deadlines: true,
        ..BASE
    },
    Shape {
        workload: "high_depth_deadline_gateway_256b_window64",
        workers: 1,
        frame_bytes: 256,
        window: 64,
        steps: false,
        deadlines: true,
        ..BASE
    },
    Shape {
        workload: "high_depth_fanout_first_k_cancel_256b_window64",
        workers: 1,
        frame_bytes: 256,
        window: 64,
        hot_frames: 64,
        light_frames: 64,
        first_done: 4,
        ..BASE
    },
    // Hot spots and bursts.
    Shape {
        workload: "net_stream_hotspot_rotation_4k",
        hot_frames: 32,
        light_frames: 2,
        ..BASE
    },
    Shape {
        workload: "net_stream_hotflip_4k",
        hot: Hot::Alternating,
        hot_frames: 32,
        light_frames: 2,
        ..BASE
    },
    Shape {
        workload: "net_burst_flip_imbalance_4k",
        hot: Hot::Half,
        hot_frames: 32,
        light_frames: 2,
        ..BASE
    },
    Shape {
        workload: "net_stream_bursty_tenants",
        streams: 16,
        hot: Hot::QuarterByLot,
        hot_frames: 32,
        light_frames: 1,
        ..BASE
    },
    Shape {
        workload: "net_stream_multitenant_4k_window8",
        streams: 32,
        window: 8,
        steps: false,
        ..BASE
    },
    Shape {
        workload: "mixed_control_data_plane_4k_plus_64b",
        hot: Hot::First,
        steps: false,
        light_frames: 4,
        control: true,
        ..BASE
    },
    // A stage of work after each echo.
    Shape {
        workload: "net_pipeline_hotspot_rotation_4k_window32",
        steps: false,
        hot_mixing: 4_000,
        light_mixing: 150,
        ..BASE
    },
    Shape {
        workload: "bounded_pipeline_backpressure_4k_window2",
        window: 2,
        steps: false,
        hot_mixing: 2_000,
        light_mixing: 2_000,
        ..BASE
    },
    Shape {
        workload: "post_io_cpu_locality_4k_window1",
        window: 1,
        steps: false,
        hot_mixing: 4_000,
        light_mixing: 4_000,
        ..BASE
    },
    Shape {
        workload: "session_owner_with_spillover_4k",
        window: 8,
        hot: Hot::First,
        steps: false,
        hot_mixing: 8_000,
        light_mixing: 800,
        ..BASE
    },
    Shape {
        workload: "ingress_dispatch_to_workers_rr_256b_ack",
        streams: 1,
        frame_bytes: 256,
        steps: false,
        dealt_mixing: 250,
        ..BASE
    },
    // Barriers.
    Shape {
        workload: "fanin_barrier_rounds_1k",
        frame_bytes: 1_024,
        ..BASE
    },
    Shape {
        workload: "fanin_barrier_micro_batches_1k",
        frame_bytes: 1_024,
        hot_frames: 4,
        light_frames: 4,
        ..BASE
    },
    Shape {
        workload: "net_pipeline_barrier_4k_window4",
        window: 4,
        hot_frames: 4,
        light_frames: 4,
        hot_mixing: 1_000,
        light_mixing: 1_000,
        ..BASE
    },
    Shape {
        workload: "high_depth_barriered_pipeline_4k_window64",
        window: 64,
        hot_frames: 64,
        light_frames: 64,
        hot_mixing: 1_000,
        light_mixing: 1_000,
        ..BASE
    },
    Shape {
        workload: "fanout_fanin_rotating_hot_partition_4k_window32",
        hot_frames: 32,
        light_frames: 4,
        hot_mixing: 2_000,
        light_mixing: 200,
        ..BASE
    },
    // Keyed counts.
    Shape {
        workload: "net_keyed_hotspot_rotation_4k",
        hot_frames: 32,
        light_frames: 2,
        counts: true,
        ..BASE
    },
    Shape {
        workload: "net_keyed_hotspot_rotation_4k_window64_cpu",
        window: 64,
        hot_frames: 64,
        light_frames: 4,
        hot_mixing: 1_000,
        light_mixing: 1_000,
        counts: true,
        ..BASE
    },
    Shape {
        workload: "keyed_hotspot_flip_p99_4k",
        hot: Hot::Alternating,
        hot_frames: 32,
        light_frames: 2,
        counts: true,
        ..BASE
    },
    Shape {
        workload: "high_depth_multitenant_keyed_router_4k_window64",
        streams: 16,
        window: 64,
        steps: false,
        counts: true,
        ..BASE
    },
    Shape {
        workload: "keyed_router_with_session_owner_spillover_4k",
        window: 8,
        hot: Hot::First,
        steps: false,
        hot_mixing: 8_000,
        light_mixing: 800,
        counts: true,
        ..BASE
    },
];
