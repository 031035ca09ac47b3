//! The `banklink` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    banklink::cli::main()
}
