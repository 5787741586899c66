//! Runtimes pinned as the rules say.

use crate::harness::pin_to;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

/// A multi-thread runtime, worker k on CPU k. Tokio starts its workers before any thread of its
/// blocking pool; those that follow go to `blocking_cpu`.
pub fn workers(count: usize, blocking_cpu: usize) -> Runtime {
    let started = AtomicUsize::new(0);
    Builder::new_multi_thread()
        .worker_threads(count)
        .enable_all()
        .on_thread_start(move || {
            let k = started.fetch_add(1, Ordering::Relaxed);
            pin_to(if k < count { k } else { blocking_cpu });
        })
        .build()
        .expect("a Tokio runtime")
}

/// Runs a future as a spawned task: the thread in block_on is not a worker and would make every
/// wake-up cross threads.
pub fn run_spawned<F>(runtime: &Runtime, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    runtime.block_on(async move { tokio::spawn(future).await.expect("a Tokio task") })
}

/// A single-worker runtime: a current_thread runtime on a pinned thread of its own, which blocks
/// in the reactor while it has nothing to do. Dropping it ends and joins the thread.
pub struct Single {
    handle: tokio::runtime::Handle,
    _stop: mpsc::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Single {
    pub fn new(cpu: usize) -> Self {
        let (told, tell) = std::sync::mpsc::channel();
        let (stop, mut stopped) = mpsc::channel::<()>(1);
        let thread = thread::spawn(move || {
            pin_to(cpu);
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a Tokio runtime");
            told.send(runtime.handle().clone()).expect("the builder waits");
            runtime.block_on(async { stopped.recv().await });
        });
        let handle = tell.recv().expect("the runtime's thread answers");
        Single { handle, _stop: stop, thread: Some(thread) }
    }

    pub fn handle(&self) -> tokio::runtime::Handle {
        self.handle.clone()
    }

    pub fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }
}

impl Drop for Single {
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self._stop, closed));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the runtime's thread");
        }
    }
}

/// Waits for a task on a thread that is in no runtime.
pub fn wait<T>(task: tokio::task::JoinHandle<T>) -> T {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut task = Box::pin(task);
    loop {
        match task.as_mut().poll(&mut context) {
            std::task::Poll::Ready(done) => return done.expect("a Tokio task"),
            std::task::Poll::Pending => thread::park(),
        }
    }
}
