//! The report as a person reads it.

use super::{Deviation, Kind, Outcome, ScriptReport};
use std::fmt::Write as _;

/// One script: a line where all is well, else each step with what was wrong.
#[must_use]
pub fn script(report: &ScriptReport) -> String {
    let mut text = String::new();
    let verdict = if report.passed() { "ok" } else { "DEVIATES" };
    let (steps, time) = (report.steps.len(), report.milliseconds);
    let _ = writeln!(text, "{verdict:<8}  {}{}: {steps} steps, {time} ms", report.name, cases(&report.cases));
    if report.passed() {
        return text;
    }
    let _ = writeln!(text, "  {}", report.file);
    for step in &report.steps {
        let (mark, why) = match &step.outcome {
            Outcome::Passed => ("ok", String::new()),
            Outcome::Deviated(_) => ("WRONG", String::new()),
            Outcome::NotReached(why) => ("-", format!(" (not reached: {why})")),
        };
        let _ = writeln!(text, "  {mark:<6}{:>4}  {}{why}", step.line, step.title);
        if let Outcome::Deviated(deviations) = &step.outcome {
            deviations.iter().for_each(|deviation| line(&mut text, deviation));
        }
    }
    if !report.unasked.is_empty() {
        text.push_str("  WRONG       at the end\n");
        report.unasked.iter().for_each(|deviation| line(&mut text, deviation));
    }
    text
}

fn line(text: &mut String, deviation: &Deviation) {
    let _ = writeln!(text, "              {}", one(deviation));
}

/// One deviation in a line.
#[must_use]
pub fn one(deviation: &Deviation) -> String {
    let Deviation { kind, field, wanted, had } = deviation;
    match (kind, field) {
        (_, Some(field)) => format!("DE{field}: wanted {wanted}, had {had}"),
        (Kind::Unasked, _) => format!("unasked: {had}, while {wanted}"),
        _ => format!("wanted {wanted}, had {had}"),
    }
}

fn cases(cases: &[u32]) -> String {
    match cases {
        [] => String::new(),
        [case] => format!(" (case {case})"),
        several => {
            let list: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!(" (cases {})", list.join(", "))
        }
    }
}

/// The last line of a run.
#[must_use]
pub fn summary(reports: &[ScriptReport]) -> String {
    let wrong = reports.iter().filter(|report| !report.passed()).count();
    let deviations: usize = reports.iter().map(|report| report.deviations().count()).sum();
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let scripts = count(reports.len(), "script");
    match wrong {
        0 => format!("{scripts}, no deviation\n"),
        _ => format!("{scripts}, {wrong} not as wanted: {}\n", count(deviations, "deviation")),
    }
}
