use crate::echo_dealer::Dealer;
use crate::frame_stream::FrameStream;
use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::keyed_counts::{sum_of, Router};
use crate::runtimes::{run_spawned, workers};
use crate::stream_shape::Shape;
use crate::stream_shapes::SHAPES;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout, Duration};

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

async fn read(c: &mut Connection, deadline: bool) -> usize {
    let reading = c.stream.read(c.frames.room());
    let got = if deadline {
        timeout(Duration::from_secs(1), reading).await.expect("in time")
    } else {
        reading.await
    };
    got.expect("read")
}

/// Who gets what came of the echoes, if anybody does.
#[derive(Clone, Default)]
struct Workers {
    router: Option<Router>,
    dealer: Option<Dealer>,
}

/// `control`: told of every read.
async fn exchange(
    c: &mut Connection,
    shape: &Shape,
    workers: &Workers,
    mut control: Option<&mut Recorder>,
) {
    while !c.frames.done() {
        let out = c.frames.sendable();
        if !out.is_empty() {
            c.stream.write_all(out).await.expect("write");
        }
        let got = read(c, shape.deadlines).await;
        assert!(got != 0, "the echo peer closed the connection");
        c.echoes.clear();
        let echoes = &mut c.echoes;
        c.frames.received(got, |echo| echoes.push(echo));
        if let Some(router) = &workers.router {
            router.route(&c.echoes).await;
        }
        if let Some(dealer) = &workers.dealer {
            dealer.deal(&mut c.frames, &mut c.echoes).await;
        }
        if let Some(r) = &mut control {
            r.lap();
        }
    }
}

async fn one_by_one(connections: &mut [Connection], shape: &Shape, mut answered: u64) -> u64 {
    for c in connections.iter_mut().filter(|c| !c.frames.done()) {
        c.frames.depend_on(answered);
        exchange(c, shape, &Workers::default(), None).await;
        answered = c.frames.sum();
    }
    answered
}

/// A task a stream, but for the one that tells the recorder.
async fn all_at_once(
    r: &mut Recorder,
    connections: &mut Vec<Connection>,
    shape: Shape,
    workers: &Workers,
) {
    let spawned = connections.split_off(usize::from(shape.control));
    let spawn = |mut c: Connection| {
        let workers = workers.clone();
        tokio::spawn(async move {
            exchange(&mut c, &shape, &workers, None).await;
            c
        })
    };
    let running: Vec<_> = spawned.into_iter().map(spawn).collect();
    if shape.control {
        exchange(&mut connections[0], &shape, workers, Some(r)).await;
    }
    for each in running {
        connections.push(each.await.expect("a Tokio task"));
    }
}

/// May be dropped at any point: what it has done is in `c`.
async fn exchange_in_pieces(c: &mut Connection) {
    while !c.frames.done() {
        while !c.frames.unsent().is_empty() {
            let count = c.stream.write(c.frames.unsent()).await.expect("write");
            c.frames.sent(count);
        }
        let got = read(c, false).await;
        assert!(got != 0, "the echo peer closed the connection");
        c.frames.received(got, |_| ());
    }
}

/// Ready when all but so many futures are; these are dropped with it.
struct FirstOf<F> {
    running: Vec<Pin<Box<F>>>,
    left_out: usize,
}

impl<F: Future<Output = ()>> Future for FirstOf<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.running.retain_mut(|each| each.as_mut().poll(context).is_pending());
        if self.running.len() <= self.left_out {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Until `awaited` of the connections have their frames back.
async fn exchange_first(connections: &mut [Connection], awaited: u64) {
    let left_out = connections.len() - awaited as usize;
    let running = connections.iter_mut().map(|c| Box::pin(exchange_in_pieces(c))).collect();
    FirstOf { running, left_out }.await;
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
    let dealer = (shape.dealt_mixing != 0).then(|| Dealer::start(shape.dealt_mixing));
    let workers = Workers { router, dealer };
    let mut answered = 0;
    for step in 0..shape.steps_in(r.items) {
        for (k, c) in (0..).zip(connections.iter_mut()) {
            c.frames.begin(step, shape.frames(r.items, k, step));
        }
        if shape.pause_us != 0 {
            sleep(Duration::from_micros(shape.pause_us)).await;
            r.skip();
        }
        if shape.serial {
            answered = one_by_one(connections, &shape, answered).await;
        } else if shape.first_done != 0 {
            exchange_first(connections, shape.awaited(r.items, step)).await;
        } else {
            all_at_once(r, connections, shape, &workers).await;
        }
        if !shape.control {
            r.lap();
        }
    }
    drop(workers);
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
