//! The server of the server-side workloads, as Tokio's guide writes one: a task that accepts and
//! spawns a task for each connection.

use crate::harness::{Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::runtimes::{run_spawned, workers};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// As in bench/common/served_frame.hpp: four bytes of stall in microseconds, one of who served.
const FRAME: usize = 64;
const SERVED_BY: usize = 4;

fn serve(frame: &mut [u8; FRAME]) {
    let stall = u32::from_le_bytes(frame[..4].try_into().expect("four bytes"));
    if stall != 0 {
        let until = Instant::now() + Duration::from_micros(u64::from(stall));
        while Instant::now() < until {}
    }
    frame[SERVED_BY] = unsafe { libc::sched_getcpu() } as u8;
}

async fn session(mut stream: TcpStream) {
    let mut frame = [0u8; FRAME];
    while stream.read_exact(&mut frame).await.is_ok() {
        serve(&mut frame);
        if stream.write_all(&frame).await.is_err() {
            break;
        }
    }
}

async fn accept(listener: TcpListener) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("TCP_NODELAY");
            tokio::spawn(session(stream));
        }
    }
}

struct Server {
    _runtime: Runtime,
    port: u16,
}

impl Server {
    fn new() -> Self {
        let runtime = workers(2, CLIENT_CPU);
        let port = run_spawned(&runtime, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let port = listener.local_addr().expect("bound").port();
            tokio::spawn(accept(listener));
            port
        });
        Server { _runtime: runtime, port }
    }
}

impl Scenario for Server {
    fn run(&mut self, recorder: Recorder) -> Recorder {
        recorder // a server is measured from outside
    }
    fn port(&self) -> Option<u16> {
        Some(self.port)
    }
}

pub fn entries() -> Vec<Entry> {
    // As bench/common/served_workloads.hpp lists them.
    [
        "echo_connections_64b_c1",
        "echo_connections_64b_c64",
        "echo_connections_64b_c256",
        "echo_connections_64b_c1024",
        "echo_stalls_64b_1ms",
        "echo_stalls_64b_10ms",
        "accept_connect_churn_skewed",
    ]
    .iter()
    .map(|workload| Entry {
        workload,
        variant: "tokio",
        waits: "blocks in epoll",
        pins: "one multi-thread runtime, workers on CPU 0 and 1; generator free",
        make: |_: &Surroundings| Box::new(Server::new()),
    })
    .collect()
}
