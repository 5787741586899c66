//! Tokio's end of the benchmarks; speaks the protocol of bench/common/variant.hpp.

mod chain;
mod channel;
mod cross_call;
mod datagram_lots;
mod datagrams;
mod echo;
mod echo_dealer;
mod fan_out;
mod fork_join;
mod frame_stream;
mod fs_read;
mod harness;
mod histogram;
mod keyed_counts;
mod many_tasks;
mod one_way;
mod ping_pong;
mod runtimes;
mod serve;
mod stream_shape;
mod stream_shapes;
mod streams;
mod timer_storm;
mod watchdogs;

fn main() {
    let mut all = ping_pong::entries();
    all.extend(cross_call::entries());
    all.extend(one_way::entries());
    all.extend(echo::entries());
    all.extend(streams::entries());
    all.extend(datagrams::entries());
    all.extend(timer_storm::entries());
    all.extend(watchdogs::entries());
    all.extend(fs_read::entries());
    all.extend(fan_out::entries());
    all.extend(fork_join::entries());
    all.extend(many_tasks::entries());
    all.extend(channel::entries());
    all.extend(serve::entries());
    harness::serve(&all);
}
