//! The journal against disks that fail it.

mod carrying;
mod crash;
mod damage;
mod lookups;
mod memory;
mod paged;
mod real;
mod records;
mod rig;
mod samples;
mod secrets;
mod writing;
