//! `banklink dialect list | show | source | import | check`

use super::{Failure, print};
use banklink_protocol::{
    Dialect, Mti, Translation,
    dialect::{LayoutRow, Sensitivity, Version},
    import,
    translate::{Fate, codes},
};
use std::{fmt::Write, sync::Arc};

/// Arguments of `banklink dialect`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A dialect says how one bank writes ISO 8583, in TOML: which fields there are, how long, in which encoding. A bank's own
file usually begins with `extends = \"iso87-bcd\"` and lists what differs.

Examples:
  banklink dialect list
  banklink dialect show iso87-bcd
  banklink dialect show mybank.toml --mti 0200
  banklink dialect show --map iso87-bcd mybank.toml
  banklink dialect source iso87-bcd > mybank.toml
  banklink dialect import packager.xml > mybank.toml
  banklink dialect check mybank.toml

Wherever a dialect is asked for, the path of a packager or specification will do as well.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// List the shipped dialects
    List,
    /// Show all fields of a dialect: class and length, length prefix, encoding, who may see it
    Show {
        /// A shipped name, or the path of a dialect file
        #[arg(value_name = "NAME|FILE", required_unless_present = "map", conflicts_with = "map")]
        dialect: Option<String>,
        /// Show the fields as they are under this MTI, and mark the mandatory ones with M
        #[arg(long)]
        mti: Option<Mti>,
        /// Show what becomes of each field between two dialects
        #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
        map: Vec<String>,
    },
    /// Print the file of a shipped dialect
    Source {
        /// A shipped name
        name: String,
    },
    /// Make a dialect file of a jPOS packager (XML) or a moov-io/iso8583 specification (JSON, YAML); what cannot be carried
    /// over is said on standard error, with line and reason
    Import {
        /// The packager or specification
        file: String,
    },
    /// Check a dialect file; a mistake is named with file, line and field
    Check {
        /// The dialect file
        file: String,
    },
}

/// Runs one of the actions.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match &args.action {
        Action::List => print(&list()),
        Action::Show { dialect: None, mti, map } => {
            let [from, to] = map.as_slice() else { return Err(Failure::wrong("--map wants two dialects")) };
            print(&mapped(&load(from)?, &load(to)?, *mti))
        }
        Action::Show { dialect: Some(dialect), mti, .. } => print(&show(&*load(dialect)?, *mti)),
        Action::Import { file } => import(file),
        Action::Source { name } => match Dialect::source(name) {
            Some(text) => print(text),
            None => Err(Failure::wrong(format_args!("{name}: choose one of {}", Dialect::shipped().join(", ")))),
        },
        Action::Check { file } => {
            let dialect = load(file)?;
            print(&format!("{file}: {}, {} fields\n", edition(dialect.version()), dialect.fields().count()))
        }
    }
}

/// A dialect by its shipped name or the path of its file, which may be one of another program's; what of that cannot be
/// carried over is said on standard error.
pub(super) fn load(name_or_path: &str) -> Result<Arc<Dialect>, Failure> {
    let dialect = Dialect::load(name_or_path, None)?;
    dialect.remarks().iter().for_each(|remark| eprintln!("note: {remark}"));
    Ok(dialect)
}

fn import(file: &str) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::wrong(format_args!("{file}: {error}")))?;
    let Some(format) = import::recognise(&text) else {
        let known = "a packager of jPOS (XML) or a specification of moov-io/iso8583 (JSON, YAML)";
        return Err(Failure::wrong(format_args!("{file}: this is no description of messages that is known: {known}")));
    };
    let imported = format.import(file, &text)?;
    print(&imported.toml)?;
    imported.remarks.iter().for_each(|remark| eprintln!("note: {file}: {remark}"));
    Ok(())
}

fn list() -> String {
    let mut text = String::new();
    for name in Dialect::shipped() {
        let dialect = Dialect::named(name).expect("a shipped name");
        writeln!(text, "{name:<18}{}  {}", edition(dialect.version()), dialect.head_layout())
            .expect("a String takes all text");
    }
    text
}

fn show(dialect: &Dialect, mti: Option<Mti>) -> String {
    let titles = ["DE", "Name", "Format", "Length prefix", "Encoding", "Shown", ""].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(titles).chain(dialect.layout(mti).into_iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = format!("{}: {}, {}\n\n", dialect.name(), edition(dialect.version()), dialect.head_layout());
    for row in &rows {
        let line: String = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        writeln!(text, "{}", line.trim_end()).expect("a String takes all text");
    }
    text
}

/// What becomes of each field of one dialect in another.
fn mapped(from: &Arc<Dialect>, to: &Arc<Dialect>, mti: Option<Mti>) -> String {
    let translation = Translation::new(from, to);
    let named = |dialect: &Dialect| format!("{} ({})", dialect.name(), edition(dialect.version()));
    let mut text = format!("{} to {}\n", named(from), named(to));
    if translation.crosses() {
        let types = translation.types().into_iter().filter(|(one, _)| one.origin() < 6);
        let types: Vec<_> = types.map(|(one, other)| format!("{one} is {other}")).collect();
        writeln!(text, "\nThe first digit of the MTI is the edition; besides, {}.", types.join(", "))
            .expect("a String takes all text");
    }
    let titles = ["From", "To", "Name", "", "How"].map(str::to_owned);
    let row = |fate: Fate| {
        let (to, mandatory) =
            (fate.to.map_or(String::new(), |to| to.to_string()), if fate.mandatory { "M" } else { "" });
        [fate.from, to, fate.name, mandatory.to_owned(), fate.how]
    };
    let rows: Vec<_> = std::iter::once(titles).chain(translation.fates(mti).into_iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    text.push('\n');
    for row in &rows {
        let line: String = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        writeln!(text, "{}", line.trim_end()).expect("a String takes all text");
    }
    text += "\nWhat cannot be carried is refused before anything is sent where the target marks it M or a payment is nothing \
             without it\n(DE3, 4, 52, 100, 102, 103, the card, the currency, what a partial reversal leaves), else dropped and \
             counted.\n";
    let codes = codes(from.version(), to.version());
    if !codes.is_empty() {
        text += "\nDE39, where the link's own table says nothing else\n";
        for line in codes.chunks(8) {
            let line: Vec<_> = line.iter().map(|(one, other)| format!("{one} is {other}")).collect();
            writeln!(text, "  {}", line.join(", ")).expect("a String takes all text");
        }
    }
    text
}

fn cells(row: LayoutRow) -> [String; 7] {
    let shown = match row.sensitivity {
        Sensitivity::Public => "public",
        Sensitivity::Pan => "masked",
        Sensitivity::Private => "private",
        Sensitivity::Secret => "never",
    };
    let key = format!("{}{}", "  ".repeat(row.depth), row.key);
    let mandatory = if row.mandatory { "M" } else { "" };
    [key, row.name, row.format, row.prefix, row.encoding, shown.to_owned(), mandatory.to_owned()]
}

const fn edition(version: Version) -> &'static str {
    match version {
        Version::V1987 => "ISO 8583:1987",
        Version::V1993 => "ISO 8583:1993",
        Version::V2003 => "ISO 8583:2003",
    }
}
