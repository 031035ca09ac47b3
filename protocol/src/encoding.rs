//! Between the wire form of a value and its logical form, and the length prefix before it.
//!
//! A value has as many *units* as its logical form has bytes: digits of `n` and `z`, characters of text, bytes of `b`.

pub(crate) mod prefix;
pub(crate) mod read;
pub(crate) mod write;

use crate::{
    ebcdic::{PAGE_037, PAGE_500, PAGE_1047, Page},
    error::Reason,
    field::Coding,
};

/// What is wrong, and how many bytes after the start of the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) reason: Reason,
}

impl Fault {
    #[cold]
    pub(crate) fn new(at: usize, reason: Reason) -> Self {
        Self { at, reason }
    }
}

/// The code page of an EBCDIC coding.
#[inline]
pub(crate) fn page(coding: Coding) -> &'static Page {
    match coding {
        Coding::Cp037 => &PAGE_037,
        Coding::Cp1047 => &PAGE_1047,
        _ => &PAGE_500,
    }
}
