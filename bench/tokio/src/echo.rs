use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::runtimes::{run_spawned, workers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

const FRAME: usize = 256;

struct Echo {
    runtime: Runtime,
    stream: Option<TcpStream>,
}

impl Echo {
    fn new(around: &Surroundings) -> Self {
        let runtime = workers(1, CLIENT_CPU);
        let port = around.echo_port;
        let stream = run_spawned(&runtime, async move {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the echo peer");
            stream.set_nodelay(true).expect("TCP_NODELAY");
            stream
        });
        Echo { runtime, stream: Some(stream) }
    }
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

async fn iterate(stream: &mut TcpStream, r: &mut Recorder) {
    let (mut request, mut reply) = ([0u8; FRAME], [0u8; FRAME]);
    let (mut value, mut sum) = (1u64, 0u64);
    r.begin();
    for i in 0..r.items {
        request[..8].copy_from_slice(&value.to_le_bytes());
        request[FRAME - 8..].copy_from_slice(&(!value ^ i).to_le_bytes());
        stream.write_all(&request).await.expect("write");
        stream.read_exact(&mut reply).await.expect("read");
        let first = word(&reply[..8]);
        sum = mix(sum ^ first ^ word(&reply[FRAME - 8..]), i);
        value = mix(first, i);
        r.lap();
    }
    r.end(sum);
}

impl Scenario for Echo {
    fn run(&mut self, mut r: Recorder) -> Recorder {
        let mut stream = self.stream.take().expect("connected");
        let (r, stream) = run_spawned(&self.runtime, async move {
            for _ in 0..r.iterations {
                iterate(&mut stream, &mut r).await;
            }
            (r, stream)
        });
        self.stream = Some(stream);
        r
    }
}

pub fn entries() -> Vec<Entry> {
    vec![Entry {
        workload: "net_echo_rtt_256b",
        variant: "tokio",
        waits: "blocks in epoll",
        pins: "multi-thread runtime with its one worker on CPU 0, peer on CPU 1",
        make: |around| Box::new(Echo::new(around)),
    }]
}
