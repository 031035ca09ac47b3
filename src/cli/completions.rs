//! `banklink completions SHELL`

use super::{Failure, help, print};
use clap_complete::Shell;

/// Arguments of `banklink completions`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  banklink completions bash > ~/.local/share/bash-completion/completions/banklink
  banklink completions zsh > ~/.zfunc/_banklink
  banklink completions fish > ~/.config/fish/completions/banklink.fish")]
pub struct Args {
    /// The shell to complete for
    shell: Shell,
}

/// Prints the script.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "banklink", &mut script);
    print(&String::from_utf8_lossy(&script))
}
