//! The help of the root: commands in groups, and examples.

use super::Root;
use clap::CommandFactory;
use std::fmt::Write;

/// The commands in the order a new user meets them. A command that stands in no group is listed last.
const GROUPS: [(&str, &[&str]); 4] = [
    ("See it work", &["demo", "bank", "load", "compare", "certify"]),
    ("Run the switch", &["check", "run", "reload", "link", "route", "cutover", "saf", "trace", "journal"]),
    ("Look into messages", &["decode", "encode", "dialect"]),
    ("Set up", &["certs", "completions"]),
];

/// Shown after the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  banklink demo                                    three banks, two acquirers and the switch, with live figures
  banklink check config.toml                       every mistake of a configuration, with file and line
  banklink run config.toml                         the switch
  banklink decode --dialect iso87-bcd 0200...      a message as a table, card data masked
  banklink certs --out certs/dev                   a development CA with server and client certificates

Exit codes: 0 fine, 1 the thing asked about is wrong, 2 the command line is wrong.
`banklink COMMAND --help` says more about each command.";

/// The root command with its commands listed in groups, which clap cannot do by itself.
pub(super) fn command() -> clap::Command {
    let command = Root::command();
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n{}\nOptions:\n{{options}}{{after-help}}\n",
        grouped(&command)
    );
    command.help_template(template)
}

/// The list of commands under the headings of their groups.
fn grouped(command: &clap::Command) -> String {
    let in_group = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    let others: Vec<&str> =
        command.get_subcommands().map(clap::Command::get_name).filter(|name| !in_group(name)).collect();
    let mut text = String::new();
    for (heading, names) in GROUPS.iter().copied().chain([("Other", &others[..])]) {
        let lines: String = names.iter().filter_map(|name| command.find_subcommand(name)).map(line).collect();
        if !lines.is_empty() {
            write!(text, "\n{heading}:\n{lines}").expect("a String takes all text");
        }
    }
    text
}

/// One command with its first line of help.
fn line(command: &clap::Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    format!("  {:<13}{about}\n", command.get_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        for sub in command().get_subcommands() {
            let after = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("Examples:\n  banklink "), "{}", sub.get_name());
        }
    }

    #[test]
    fn every_command_is_in_a_group_and_in_the_help() {
        let help = command().render_help().to_string();
        for sub in command().get_subcommands() {
            let (name, about) = (sub.get_name(), sub.get_about().map(ToString::to_string).unwrap_or_default());
            assert!(GROUPS.iter().any(|(_, names)| names.contains(&name)), "{name} stands in no group");
            assert!(!about.is_empty() && help.contains(&format!("  {name:<13}{about}")), "{help}");
        }
        assert!(!help.contains("Other:"), "{help}");
    }
}
