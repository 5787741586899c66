use crate::harness::{mix, Entry, Recorder, Scenario, Surroundings, CLIENT_CPU};
use crate::runtimes::{run_spawned, workers};
use std::io::SeekFrom;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::runtime::Runtime;

const BLOCK: usize = 4096;

/// As in bench/common/file_blocks.hpp.
fn offset(i: u64) -> u64 {
    (i * 1663 + 7) % 4096 * BLOCK as u64
}

fn fold(sum: u64, i: u64, block: &[u8]) -> u64 {
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    mix(sum ^ word(&block[..8]) ^ word(&block[BLOCK - 8..]), i)
}

/// A pread on a thread of the blocking pool; the buffer travels there and back.
struct SpawnBlocking {
    runtime: Runtime,
    file: Arc<std::fs::File>,
}

impl Scenario for SpawnBlocking {
    fn run(&mut self, mut r: Recorder) -> Recorder {
        let file = self.file.clone();
        run_spawned(&self.runtime, async move {
            let mut block = vec![0u8; BLOCK];
            for _ in 0..r.iterations {
                let mut sum = 0;
                r.begin();
                for i in 0..r.items {
                    let file = file.clone();
                    block = tokio::task::spawn_blocking(move || {
                        file.read_exact_at(&mut block, offset(i)).expect("pread");
                        block
                    })
                    .await
                    .expect("the blocking pool");
                    sum = fold(sum, i, &block);
                    r.lap();
                }
                r.end(sum);
            }
            r
        })
    }
}

/// tokio::fs::File has no positioned read: a seek and a read, each a trip to the blocking pool.
struct TokioFs {
    runtime: Runtime,
    file: Option<tokio::fs::File>,
}

impl Scenario for TokioFs {
    fn run(&mut self, mut r: Recorder) -> Recorder {
        let mut file = self.file.take().expect("open");
        let (r, file) = run_spawned(&self.runtime, async move {
            let mut block = vec![0u8; BLOCK];
            for _ in 0..r.iterations {
                let mut sum = 0;
                r.begin();
                for i in 0..r.items {
                    file.seek(SeekFrom::Start(offset(i))).await.expect("seek");
                    file.read_exact(&mut block).await.expect("read");
                    sum = fold(sum, i, &block);
                    r.lap();
                }
                r.end(sum);
            }
            (r, file)
        });
        self.file = Some(file);
        r
    }
}

fn open(around: &Surroundings) -> std::fs::File {
    std::fs::File::open(&around.file).expect("the file of blocks")
}

pub fn entries() -> Vec<Entry> {
    // On two CPUs each read waits for both to wake up, and takes twice as long.
    let entry = |variant, waits, make| Entry {
        workload: "fs_read_rtt_4k",
        variant,
        waits,
        pins: "one worker and the blocking pool, all on CPU 0",
        make,
    };
    vec![
        entry("tokio", "blocks; pread through spawn_blocking", |around| {
            Box::new(SpawnBlocking {
                runtime: workers(1, CLIENT_CPU),
                file: Arc::new(open(around)),
            })
        }),
        entry("tokio_fs", "blocks; seek and read_exact of tokio::fs::File", |around| {
            Box::new(TokioFs {
                runtime: workers(1, CLIENT_CPU),
                file: Some(tokio::fs::File::from_std(open(around))),
            })
        }),
    ]
}
