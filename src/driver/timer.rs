//! The machine's one timer.

use crate::{clock::Mono, net::time::SystemClock};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::Sleep;

/// Never late, sometimes early: a deadline that moves away (most do, with every answer) costs nothing until the old one
/// has come.
pub(super) struct Timer {
    clock: SystemClock,
    sleep: Pin<Box<Sleep>>,
    armed: Option<Mono>,
}

impl Timer {
    pub(super) fn new(clock: SystemClock) -> Self {
        Self { clock, sleep: Box::pin(tokio::time::sleep(std::time::Duration::ZERO)), armed: None }
    }

    /// Has the moment come that was armed? It is to be armed again then.
    pub(super) fn fired(&mut self, cx: &mut Context<'_>) -> bool {
        let fired = self.armed.is_some() && self.sleep.as_mut().poll(cx).is_ready();
        if fired {
            self.armed = None;
        }
        fired
    }

    /// Arms it for no later than `deadline`.
    pub(super) fn arm(&mut self, deadline: Option<Mono>, cx: &mut Context<'_>) {
        let Some(deadline) = deadline else { return };
        if self.armed.is_some_and(|armed| armed <= deadline) {
            return;
        }
        self.sleep.as_mut().reset(self.clock.instant(deadline));
        self.armed = Some(deadline);
        if let Poll::Ready(()) = self.sleep.as_mut().poll(cx) {
            cx.waker().wake_by_ref();
        }
    }
}
