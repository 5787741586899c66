use crate::frame_stream::FrameStream;
use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::keyed_counts::{sum_of, Router};
use crate::runtimes::{run_spawned, workers};
use crate::stream_shape::{Shape, SHAPES};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

struct Connection {
    stream: TcpStream,
    frames: FrameStream,
    echoes: Vec<u64>,
}

async fn connect(shape: Shape, port: u16) -> Vec<Connection> {
    let mut connections = Vec::new();
    for k in 0..shape.streams {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the echo peer");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        connections.push(Connection { stream, frames: FrameStream::new(shape, k), echoes: vec![] });
    }
    connections
}

async fn exchange(mut c: Connection, router: Option<Router>) -> Connection {
    while !c.frames.done() {
        let out = c.frames.sendable();
        if !out.is_empty() {
            c.stream.write_all(out).await.expect("write");
        }
        let got = c.stream.read(c.frames.room()).await.expect("read");
        assert!(got != 0, "the echo peer closed the connection");
        match &router {
            None => c.frames.received(got, |_| {}),
            Some(router) => {
                c.echoes.clear();
                let echoes = &mut c.echoes;
                c.frames.received(got, |echo| echoes.push(echo));
                router.route(&c.echoes).await;
            }
        }
    }
    c
}

/// A task a stream; a single stream has nobody to run beside.
async fn run_step(connections: &mut Vec<Connection>, router: &Option<Router>) {
    if connections.len() == 1 {
        let only = connections.pop().expect("one");
        connections.push(exchange(only, router.clone()).await);
        return;
    }
    let spawn = |c| tokio::spawn(exchange(c, router.clone()));
    let running: Vec<_> = connections.drain(..).map(spawn).collect();
    for each in running {
        connections.push(each.await.expect("a Tokio task"));
    }
}

async fn iterate(r: &mut Recorder, shape: Shape, connections: &mut Vec<Connection>) {
    for c in connections.iter_mut() {
        c.frames.restart();
    }
    r.begin();
    let (router, owners) = match shape.counts.then(Router::start) {
        Some((router, owners)) => (Some(router), Some(owners)),
        None => (None, None),
    };
    for step in 0..shape.steps_in(r.items) {
        for (k, c) in (0..).zip(connections.iter_mut()) {
            c.frames.begin(step, shape.frames(r.items, k, step));
        }
        run_step(connections, &router).await;
        r.lap();
    }
    drop(router);
    let counts = match owners {
        Some(owners) => sum_of(owners).await,
        None => 0,
    };
    r.end((0..).zip(connections.iter()).fold(counts, |sum, (k, c)| mix(sum ^ c.frames.sum(), k)));
}

struct Streams {
    runtime: Runtime,
    shape: Shape,
    connections: Vec<Connection>,
}

impl Scenario for Streams {
    fn run(&mut self, mut r: Recorder) -> Recorder {
        let shape = self.shape;
        let mut connections = std::mem::take(&mut self.connections);
        let (r, connections) = run_spawned(&self.runtime, async move {
            for _ in 0..r.iterations {
                iterate(&mut r, shape, &mut connections).await;
            }
            (r, connections)
        });
        self.connections = connections;
        r
    }
}

fn make(around: &Surroundings) -> Box<dyn Scenario> {
    let named = |shape: &&Shape| shape.workload == around.workload;
    let shape = *SHAPES.iter().find(named).expect("a stream workload");
    let runtime = workers(shape.workers, CLIENT_CPU);
    let connections = run_spawned(&runtime, connect(shape, around.echo_port));
    Box::new(Streams { runtime, shape, connections })
}

pub fn entries() -> Vec<Entry> {
    SHAPES
        .iter()
        .map(|shape| Entry {
            workload: shape.workload,
            variant: "tokio",
            waits: "blocks in epoll",
            pins: if shape.workers == 1 {
                "multi-thread runtime with its one worker on CPU 0, peer on CPU 1"
            } else {
                "one multi-thread runtime, workers on CPU 0 and 1, peer on CPU 1"
            },
            make,
        })
        .collect()
}
