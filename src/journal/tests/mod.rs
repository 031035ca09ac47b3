//! The journal against disks that fail it.

mod carrying;
mod crash;
mod damage;
mod memory;
mod real;
mod records;
mod rig;
mod samples;
mod secrets;
mod writing;
