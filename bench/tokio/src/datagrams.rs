use crate::datagram_lots::{LotReceiver, LotSender, DATAGRAM_BYTES, RECEIVE_BUFFER_BYTES};
use crate::harness::{Entry, Recorder, Scenario, Surroundings, CLIENT_CPU, SERVER_CPU};
use crate::runtimes::{run_spawned, wait, workers, Single};
use std::net::Ipv4Addr;
use std::os::unix::io::AsRawFd;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::runtime::Runtime;

fn bound() -> std::net::UdpSocket {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a UDP socket");
    socket.set_nonblocking(true).expect("a socket that does not wait");
    let size: libc::c_int = RECEIVE_BUFFER_BYTES;
    let outcome = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            (&size as *const libc::c_int).cast(),
            std::mem::size_of_val(&size) as libc::socklen_t,
        )
    };
    assert_eq!(outcome, 0, "SO_RCVBUF");
    socket
}

/// The sender's, connected, and the receiver's.
fn ends() -> (std::net::UdpSocket, std::net::UdpSocket) {
    let (sender, receiver) = (bound(), bound());
    sender.connect(receiver.local_addr().expect("an address")).expect("a UDP connection");
    (sender, receiver)
}

fn own(socket: std::net::UdpSocket) -> Arc<UdpSocket> {
    Arc::new(UdpSocket::from_std(socket).expect("a UDP socket of Tokio"))
}

async fn sample(sender: Arc<UdpSocket>, mut r: Recorder) -> Recorder {
    let mut lots = LotSender::new();
    for _ in 0..r.iterations {
        lots.restart(r.items);
        r.begin();
        while !lots.done() {
            if lots.may_send() {
                for datagram in lots.next().chunks_exact(DATAGRAM_BYTES) {
                    if sender.try_send(datagram).is_err() {
                        sender.send(datagram).await.expect("send");
                    }
                }
            } else {
                sender.recv(lots.ack_room()).await.expect("an acknowledgement");
                lots.acknowledged();
            }
        }
        r.lap();
        r.end(lots.sum());
    }
    r
}

/// Takes as many as there are before the next wait.
async fn receive(receiver: Arc<UdpSocket>, items: u64, iterations: u32) {
    let mut room = [0; 2048];
    let mut lots = LotReceiver::default();
    for _ in 0..iterations {
        lots.restart();
        while lots.count() != items {
            let (got, from) = match receiver.try_recv_from(&mut room) {
                Ok(got) => got,
                Err(_) => receiver.recv_from(&mut room).await.expect("a datagram"),
            };
            if lots.received(&room[..got]) {
                receiver.send_to(&lots.ack(), from).await.expect("send_to");
            }
        }
    }
}

struct OneRuntime {
    runtime: Runtime,
    sender: Arc<UdpSocket>,
    receiver: Arc<UdpSocket>,
}

impl OneRuntime {
    fn new() -> Self {
        let runtime = workers(2, CLIENT_CPU);
        let (sender, receiver) = ends();
        let inside = runtime.enter();
        let (sender, receiver) = (own(sender), own(receiver));
        drop(inside);
        OneRuntime { runtime, sender, receiver }
    }
}

impl Scenario for OneRuntime {
    fn run(&mut self, r: Recorder) -> Recorder {
        let receiving = receive(self.receiver.clone(), r.items, r.iterations);
        let receiving = self.runtime.spawn(receiving);
        let r = run_spawned(&self.runtime, sample(self.sender.clone(), r));
        self.runtime.block_on(receiving).expect("a Tokio task");
        r
    }
}

struct TwoRuntimes {
    client: Single,
    server: Single,
    sender: Arc<UdpSocket>,
    receiver: Arc<UdpSocket>,
}

impl TwoRuntimes {
    fn new() -> Self {
        let (client, server) = (Single::new(CLIENT_CPU), Single::new(SERVER_CPU));
        let (sender, receiver) = ends();
        let sender = wait(client.spawn(async move { own(sender) }));
        let receiver = wait(server.spawn(async move { own(receiver) }));
        TwoRuntimes { client, server, sender, receiver }
    }
}

impl Scenario for TwoRuntimes {
    fn run(&mut self, r: Recorder) -> Recorder {
        let receiving = receive(self.receiver.clone(), r.items, r.iterations);
        let receiving = self.server.spawn(receiving);
        let r = wait(self.client.spawn(sample(self.sender.clone(), r)));
        wait(receiving);
        r
    }
}

pub fn entries() -> Vec<Entry> {
    let entry = |variant, pins, make| Entry {
        workload: "udp_receive_256b_batched",
        variant,
        waits: "blocks in epoll",
        pins,
        make,
    };
    vec![
        entry(
            "tokio",
            "one multi-thread runtime, workers on CPU 0 and 1",
            |_: &Surroundings| Box::new(OneRuntime::new()),
        ),
        entry(
            "tokio_two",
            "two current-thread runtimes, sender's on CPU 0, receiver's on CPU 1",
            |_: &Surroundings| Box::new(TwoRuntimes::new()),
        ),
    ]
}
