//! The I/O edge: sockets, TLS, frames. It decides nothing: what arrives is decoded and becomes an
//! [`Input`](crate::switch::Input); what the machine wants written is written.

pub mod acquirer;
pub mod bank;
pub mod connection;
pub mod framed;
pub mod hub;
pub mod live;
pub mod outlet;
pub mod socket;
pub mod time;
pub mod tls;
