//! Where the hold of a pre-authorisation stands. How it comes to stand there is told in `switch::hold`.

use crate::clock::Wall;
use banklink_protocol::element::Currency;

/// What a pre-authorisation holds, and what was taken of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hold {
    /// What is held, in minor units: as approved, with approved increments, without what was taken back of either.
    pub held: u64,
    /// What completions have taken, those under way among them, in minor units.
    pub taken: u64,
    /// So many completions have taken that.
    pub completions: u32,
    /// So many completions and increments are under way: whether they take or add anything is not known yet.
    pub under_way: u32,
    /// When it expires.
    pub until: Wall,
    /// DE49; 000 where it did not come.
    pub currency: Currency,
    /// It was taken back as a whole.
    pub voided: bool,
}

/// What a completion or an increment has of a hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Which of both it is.
    pub kind: Follows,
    /// What it takes or adds, in minor units.
    pub amount: u64,
    /// Its outcome is not known yet. A completion under way has taken already; an increment under way has added nothing.
    pub under_way: bool,
}

/// How a payment follows a pre-authorisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Follows {
    /// It adds to what is held.
    Increment,
    /// It takes of what is held.
    Completion,
}
