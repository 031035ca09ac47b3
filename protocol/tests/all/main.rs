//! The codec from outside: golden vectors, properties, dialect files, allocation.

mod allocation;
mod composites;
mod damage;
mod dialect_files;
mod framing;
mod golden;
mod grammar;
mod properties;
mod samples;
mod translation;
