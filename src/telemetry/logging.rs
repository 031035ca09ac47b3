//! Where log lines go: to standard error, written by a thread of their own.

use crate::config::{Log, LogFormat};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// Lines that may wait to be written. Beyond that, lines are dropped rather than payments delayed.
const WAITING: usize = 128_000;

/// Keeps the writing thread; dropped last, it writes what waits.
pub struct Logging {
    _writer: WorkerGuard,
}

/// Starts logging for the whole process. A second start changes nothing.
#[must_use]
pub fn start(log: &Log) -> Logging {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .lossy(true)
        .thread_name("banklink-log")
        .finish(std::io::stderr());
    let subscriber = subscriber(log, writer);
    // An embedding program may have a subscriber of its own already: that one is right, then.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Logging { _writer: guard }
}

/// The subscriber for a configuration, writing to `writer`.
fn subscriber<W>(log: &Log, writer: W) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // The level was checked with the configuration.
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    match log.format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
    }
}
