//! When the next open-loop request is due. The runtime's own timers are a millisecond coarse, which would drown what is
//! measured, so on Linux a kernel timer per connection keeps the pace.

use std::{io, time::Duration};

/// Ticks at a fixed pace.
pub(super) struct Pace(Timer);

#[cfg(target_os = "linux")]
type Timer = tokio::net::unix::pipe::Receiver;
#[cfg(not(target_os = "linux"))]
type Timer = tokio::time::Interval;

#[cfg(target_os = "linux")]
impl Pace {
    /// First tick after `first`, then one `every` so often.
    pub(super) fn new(first: Duration, every: Duration) -> io::Result<Self> {
        use rustix::time::{
            Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
        };
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        // Zero would disarm the timer.
        let spec = |duration: Duration| {
            let duration = duration.max(Duration::from_nanos(1));
            Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: i64::from(duration.subsec_nanos()) }
        };
        let spec = Itimerspec { it_interval: spec(every), it_value: spec(first) };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &spec)?;
        // A timer's descriptor is polled and read just as a pipe's is.
        Ok(Self(Timer::from_owned_fd_unchecked(timer)?))
    }

    /// Waits for the next tick; ticks that were missed count as one.
    pub(super) async fn tick(&mut self) -> io::Result<()> {
        let mut expirations = [0; 8];
        loop {
            self.0.readable().await?;
            match self.0.try_read(&mut expirations) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read.map(|_| ()),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Pace {
    /// First tick after `first`, then one `every` so often.
    pub(super) fn new(first: Duration, every: Duration) -> io::Result<Self> {
        let start = tokio::time::Instant::now() + first;
        Ok(Self(tokio::time::interval_at(start, every.max(Duration::from_nanos(1)))))
    }

    /// Waits for the next tick.
    pub(super) async fn tick(&mut self) -> io::Result<()> {
        self.0.tick().await;
        Ok(())
    }
}
