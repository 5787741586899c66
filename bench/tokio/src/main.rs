//! Tokio's end of the benchmarks; speaks the protocol of bench/common/variant.hpp.

mod echo;
mod fs_read;
mod harness;
mod histogram;
mod ping_pong;
mod runtimes;
mod serve;

fn main() {
    let mut all = ping_pong::entries();
    all.extend(echo::entries());
    all.extend(fs_read::entries());
    all.extend(serve::entries());
    harness::serve(&all);
}
