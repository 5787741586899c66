//! The protocol of bench/common/variant.hpp, in Rust.

use crate::histogram::Histogram;
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

pub const CLIENT_CPU: usize = 0;
pub const SERVER_CPU: usize = 1;

/// One step of integer mixing, the same in every language.
pub fn mix(x: u64, i: u64) -> u64 {
    let x = x
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407 ^ i);
    x ^ (x >> 29)
}

#[derive(Clone, Default)]
pub struct Surroundings {
    pub file: String,
    pub echo_port: u16,
    /// The one that a scenario is made for.
    pub workload: &'static str,
}

/// What one `run` command asks for and what it measures; see bench/common/recorder.hpp.
pub struct Recorder {
    pub items: u64,
    pub iterations: u32,
    start: Instant,
    last: Instant,
    total: Duration,
    done: u32,
    checksum: u64,
    consistent: bool,
    latencies: Histogram,
}

impl Recorder {
    fn new(items: u64, iterations: u32) -> Self {
        let now = Instant::now();
        Recorder {
            items,
            iterations,
            start: now,
            last: now,
            total: Duration::ZERO,
            done: 0,
            checksum: 0,
            consistent: true,
            latencies: Histogram::new(),
        }
    }

    pub fn begin(&mut self) {
        self.start = Instant::now();
        self.last = self.start;
    }

    pub fn lap(&mut self) {
        let now = Instant::now();
        self.latencies.record((now - self.last).as_nanos() as u64);
        self.last = now;
    }

    /// The time since the last lap does not count: it was a pause.
    pub fn skip(&mut self) {
        let now = Instant::now();
        self.start += now - self.last;
        self.last = now;
    }

    /// Latencies that were measured elsewhere, merged request by request.
    pub fn record_latency(&mut self, ns: u64) {
        self.latencies.record(ns);
    }

    pub fn end(&mut self, checksum: u64) {
        self.total += self.start.elapsed();
        if self.done == 0 {
            self.checksum = checksum;
        }
        self.consistent &= self.checksum == checksum;
        self.done += 1;
    }
}

/// One workload as one variant does it; what `make` builds lives across iterations.
pub trait Scenario {
    fn run(&mut self, recorder: Recorder) -> Recorder;
    /// Where it listens, if it is a server; as in bench/common/variant.hpp.
    fn port(&self) -> Option<u16> {
        None
    }
}

pub struct Entry {
    pub workload: &'static str,
    pub variant: &'static str,
    pub waits: &'static str,
    pub pins: &'static str,
    pub make: fn(&Surroundings) -> Box<dyn Scenario>,
}

pub fn pin_to(cpu: usize) {
    unsafe {
        let count = libc::sysconf(libc::_SC_NPROCESSORS_ONLN).max(1) as usize;
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu % count, &mut set);
        libc::sched_setaffinity(0, std::mem::size_of_val(&set), &set);
    }
}

fn cpu_seconds() -> f64 {
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

fn answer(r: &Recorder, cpu_s: f64) -> String {
    if !r.consistent || r.done != r.iterations {
        return "{\"error\":\"iterations disagree about the checksum\"}".into();
    }
    let n = f64::from(r.iterations);
    let buckets: Vec<String> =
        r.latencies.non_empty().map(|(i, count)| format!("[{},{}]", i, count)).collect();
    format!(
        "{{\"iterations\":{},\"ns\":{:.1},\"checksum\":{},\"cpu_s\":{:.9},\"buckets\":[{}]}}",
        r.iterations,
        r.total.as_nanos() as f64 / n,
        r.checksum,
        cpu_s / n,
        buckets.join(",")
    )
}

type Alive = HashMap<(&'static str, &'static str), Box<dyn Scenario>>;

/// The scenario that words 1 and 2 name, made when it is asked for the first time.
fn find<'a>(
    words: &[&str],
    entries: &[Entry],
    around: &Surroundings,
    alive: &'a mut Alive,
) -> Option<&'a mut Box<dyn Scenario>> {
    let named = |e: &&Entry| words.get(1) == Some(&e.workload) && words.get(2) == Some(&e.variant);
    let entry = entries.iter().find(named)?;
    let around = Surroundings { workload: entry.workload, ..around.clone() };
    Some(alive.entry((entry.workload, entry.variant)).or_insert_with(|| (entry.make)(&around)))
}

fn serve_one(
    words: &[&str],
    entries: &[Entry],
    around: &Surroundings,
    alive: &mut Alive,
) -> String {
    match find(words, entries, around, alive).and_then(|scenario| scenario.port()) {
        Some(port) => format!("{{\"port\":{},\"cpu_s\":{:.9}}}", port, cpu_seconds()),
        None => "{\"error\":\"no such server\"}".into(),
    }
}

fn run_one(
    words: &[&str],
    entries: &[Entry],
    around: &Surroundings,
    alive: &mut Alive,
) -> String {
    let numbers = (
        words.get(3).and_then(|w| w.parse().ok()).unwrap_or(0),
        words.get(4).and_then(|w| w.parse().ok()).unwrap_or(0),
    );
    if words.len() != 5 || numbers.0 == 0 || numbers.1 == 0 {
        return "{\"error\":\"usage: run WORKLOAD VARIANT ITEMS ITERATIONS\"}".into();
    }
    let scenario = match find(words, entries, around, alive) {
        Some(scenario) => scenario,
        None => return "{\"error\":\"no such workload and variant\"}".into(),
    };
    let before = cpu_seconds();
    let recorder = scenario.run(Recorder::new(numbers.0, numbers.1));
    // As in bench/common/variant.cpp: what worked in the sample blocks before it is accounted.
    std::thread::sleep(Duration::from_millis(5));
    answer(&recorder, cpu_seconds() - before)
}

pub fn serve(entries: &[Entry]) {
    let mut around = Surroundings::default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for pair in arguments.chunks_exact(2) {
        match pair[0].as_str() {
            "--file" => around.file = pair[1].clone(),
            "--echo-port" => around.echo_port = pair[1].parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut alive = Alive::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input");
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.first().copied() {
            Some("list") => {
                for e in entries {
                    println!(
                        r#"{{"workload":"{}","variant":"{}","waits":"{}","pins":"{}"}}"#,
                        e.workload, e.variant, e.waits, e.pins
                    );
                }
                println!("{{\"end\":true}}");
            }
            Some("run") => println!("{}", run_one(&words, entries, &around, &mut alive)),
            Some("serve") => println!("{}", serve_one(&words, entries, &around, &mut alive)),
            _ => println!("{{\"error\":\"commands: list, run, serve\"}}"),
        }
        std::io::stdout().flush().expect("standard output");
    }
}
