//! The `banklink` command.

fn main() {}
