//! The `banklink` command.

use std::process::ExitCode;

/// A payment takes and gives back a dozen small pieces of memory; this allocator needs fewer steps for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    banklink::cli::main()
}
