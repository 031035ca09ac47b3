//! Settings that a reload may replace: whoever opens a line takes those of that moment, and keeps them with it.

use std::{cell::RefCell, rc::Rc};

/// The settings now.
pub struct Live<T>(Rc<RefCell<Rc<T>>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Live<T> {
    /// These, until others come.
    pub fn new(settings: T) -> Self {
        Self(Rc::new(RefCell::new(Rc::new(settings))))
    }

    /// Those of this moment.
    #[must_use]
    pub fn get(&self) -> Rc<T> {
        Rc::clone(&self.0.borrow())
    }

    /// Others come.
    pub fn set(&self, settings: T) {
        *self.0.borrow_mut() = Rc::new(settings);
    }
}
