//! The codec from outside: golden vectors, properties, dialect files, allocation.

mod allocation;
mod composites;
mod damage;
mod dialect_files;
mod dialects;
mod editions;
mod framing;
mod golden;
mod grammar;
mod import_jpos;
mod import_moov;
mod properties;
mod samples;
mod translation;
