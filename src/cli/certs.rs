//! `banklink certs`

use super::{Failure, print};
use crate::{
    clock::Wall,
    security::pki::{Folder, Profile},
};
use std::{fs, path::PathBuf, time::SystemTime};

/// Arguments of `banklink certs`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Each name gets a server certificate (NAME-server.pem, for the side that listens) and a client certificate
(NAME-client.pem, for the side that dials), keys beside them with mode 0600. ca.pem is the root both sides trust.
For development only: a bank's real certificates come from the bank's own authority.

Examples:
  banklink certs --out certs/dev
  banklink certs --out certs/dev --bank alpha --bank beta --host switch.example.test
  banklink certs --out certs/dev --days 1 --force")]
pub struct Args {
    /// Folder to write to; made if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A bank to issue for; may be given several times (instead of the profile's)
    #[arg(long, value_name = "NAME")]
    bank: Vec<String>,
    /// A further name or address that server certificates are valid for; may be given several times
    #[arg(long, value_name = "NAME|ADDRESS")]
    host: Vec<String>,
    /// Days that the certificates are valid (instead of the profile's)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// A profile to read instead of the built-in certs/profile.toml
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

/// Makes an authority and certificates, and writes them.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let profile = profile(args)?;
    for name in std::iter::once(&profile.switch).chain(&profile.banks) {
        check_name(name)?;
    }
    let issued = profile.issue(now())?;
    let hint = |error| Failure::wrong(format_args!("{error} (--force overwrites)"));
    let written = match Folder::new(&args.out).write(&issued, args.force) {
        Err(error) if !args.force => return Err(hint(error)),
        written => written?,
    };
    print(&written.iter().map(|file| format!("{}\n", file.display())).collect::<String>())
}

/// The profile, with the options laid over it.
fn profile(args: &Args) -> Result<Profile, Failure> {
    let mut profile = match &args.profile {
        None => Profile::default(),
        Some(file) => {
            let text = fs::read_to_string(file)
                .map_err(|error| Failure::wrong(format_args!("{}: {error}", file.display())))?;
            Profile::parse(&text).map_err(|error| Failure::wrong(format_args!("{}: {error}", file.display())))?
        }
    };
    if !args.bank.is_empty() {
        profile.banks.clone_from(&args.bank);
    }
    if let Some(days) = args.days {
        profile.days = days;
    }
    profile.hosts.extend_from_slice(&args.host);
    Ok(profile)
}

/// A name becomes a file's name and a DNS name.
fn check_name(name: &str) -> Result<(), Failure> {
    let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    if name.is_empty() || name.len() > 63 || !fits || name.starts_with(['-', '.']) || name == "ca" {
        return Err(Failure::usage(format_args!(
            "{name:?} cannot name a certificate: letters, digits, - and . only, at most 63, and not \"ca\""
        )));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a certificate is valid from today, and this command is the edge")]
fn now() -> Wall {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Wall(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
