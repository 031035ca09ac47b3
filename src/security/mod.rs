//! Keys and certificates.

pub mod pki;
