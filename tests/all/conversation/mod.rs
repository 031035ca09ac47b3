//! Conversations over real sockets: the certification cases of the trade, one short function each. [`CASES`] says which
//! function plays which case; a test holds it against the functions there are.

mod drain;
mod duplicate;
mod editions;
mod hold;
mod link;
mod malformed;
mod payment;
mod reversal;
mod routing;
mod tls;

/// The certification cases played here, and by which functions. Cases 13, 41, 42, 47 to 50 and 59 speak of
/// what is not there yet (PIN translation, MACs, settlement, escrow); 25, 56, 57, 58 and 60 are
/// played elsewhere (the machine's conversations, the journal's tests, the simulation, the leak scan).
const CASES: &str = include_str!("CASES.md");

const SOURCES: [&str; 10] = [
    include_str!("drain.rs"),
    include_str!("duplicate.rs"),
    include_str!("editions.rs"),
    include_str!("hold.rs"),
    include_str!("link.rs"),
    include_str!("malformed.rs"),
    include_str!("payment.rs"),
    include_str!("reversal.rs"),
    include_str!("routing.rs"),
    include_str!("tls.rs"),
];

/// The cases that this piece must play.
fn due() -> impl Iterator<Item = u32> {
    (1..=12).chain(14..=24).chain(26..=40).chain(43..=46).chain(51..=55)
}

#[test]
fn the_table_of_cases_is_true() {
    let functions: Vec<&str> = SOURCES
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.trim_start().strip_prefix("async fn ")?.split('(').next())
        .collect();
    let rows: Vec<(u32, &str)> = CASES
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            Some((cells.next()?.parse().ok()?, cells.nth(1)?.trim_matches('`')))
        })
        .collect();
    for case in due() {
        assert!(rows.iter().any(|(number, _)| *number == case), "case {case} has no test");
    }
    for (case, function) in &rows {
        assert!(functions.contains(function), "case {case}: there is no {function}");
    }
    for function in functions.iter().filter(|function| function.starts_with("case_")) {
        assert!(rows.iter().any(|(_, played)| played == function), "{function} is not in the table");
    }
}
