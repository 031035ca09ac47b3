//! The codec from outside: golden vectors, properties, dialect files, allocation.

mod allocation;
mod composites;
mod damage;
mod dialect_files;
mod editions;
mod framing;
mod golden;
mod properties;
mod samples;
mod translation;
