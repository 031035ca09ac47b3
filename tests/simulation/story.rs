//! What happened, as a readable story: told of one seed at a time, and not at all when thousands run.

use std::cell::{Cell, RefCell};

thread_local! {
    static TELLING: Cell<bool> = const { Cell::new(false) };
    static NOW: Cell<u64> = const { Cell::new(0) };
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on everything is told.
pub(crate) fn begin() {
    TELLING.set(true);
}

/// The clock of the story.
pub(crate) fn at(now: u64) {
    NOW.set(now);
}

/// One line, made only when it is told.
pub(crate) fn tell(line: impl FnOnce() -> String) {
    if TELLING.get() {
        let now = NOW.get();
        let line = format!("{:>9}.{:03} ms  {}", now / 1_000_000, now / 1_000 % 1_000, line());
        println!("{line}");
        TOLD.with_borrow_mut(|told| told.push(line));
    }
}
