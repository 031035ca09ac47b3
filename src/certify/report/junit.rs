//! The report as JUnit XML, which CI servers show: a suite for each script, a test case for each step.

use super::{Outcome, ScriptReport, text::one};
use std::fmt::Write as _;

/// The whole document.
#[must_use]
pub fn document(reports: &[ScriptReport]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"banklink certify\">\n".to_owned();
    for report in reports {
        suite(&mut xml, report);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, report: &ScriptReport) {
    let wrong = |outcome: &Outcome| matches!(outcome, Outcome::Deviated(_));
    let failures =
        report.steps.iter().filter(|step| wrong(&step.outcome)).count() + usize::from(!report.unasked.is_empty());
    let skipped = report.steps.iter().filter(|step| matches!(step.outcome, Outcome::NotReached(_))).count();
    // The end of a script, where what nobody asked for is told, is a case of its own.
    let tests = report.steps.len() + 1;
    let (name, file) = (escaped(&report.name), escaped(&report.file));
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" file=\"{file}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" \
         skipped=\"{skipped}\" time=\"{}\">",
        seconds(report.milliseconds)
    );
    for step in &report.steps {
        let title = escaped(&format!("line {}: {}", step.line, step.title));
        let _ =
            write!(xml, "    <testcase classname=\"{name}\" name=\"{title}\" time=\"{}\"", seconds(step.milliseconds));
        match &step.outcome {
            Outcome::Passed => xml.push_str("/>\n"),
            Outcome::NotReached(why) => {
                let _ = writeln!(xml, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escaped(why));
            }
            Outcome::Deviated(deviations) => failed(xml, deviations),
        }
    }
    let _ = write!(xml, "    <testcase classname=\"{name}\" name=\"nothing came unasked\" time=\"0.000\"");
    if report.unasked.is_empty() {
        xml.push_str("/>\n");
    } else {
        failed(xml, &report.unasked);
    }
    xml.push_str("  </testsuite>\n");
}

/// One `failure` a case: servers show the first only, so all deviations stand in it.
fn failed(xml: &mut String, deviations: &[super::Deviation]) {
    let lines: Vec<String> = deviations.iter().map(one).collect();
    let first = lines.first().map_or("", String::as_str);
    let (first, all) = (escaped(first), escaped(&lines.join("\n")));
    let _ = writeln!(xml, ">\n      <failure message=\"{first}\" type=\"deviation\">{all}</failure>\n    </testcase>");
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Text for an attribute or an element. What XML 1.0 cannot hold (control characters) is replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            character if character.is_control() || ('\u{FFFE}'..='\u{FFFF}').contains(&character) => {
                out.push('\u{FFFD}');
            }
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certify::report::{Deviation, Kind, StepReport};

    #[test]
    fn what_xml_would_misread_is_written_so_that_it_does_not() {
        assert_eq!(escaped("a<b> & \"c\" 'd'\n\u{1}"), "a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;&#10;\u{FFFD}");
    }

    #[test]
    fn a_suite_counts_its_cases() {
        let deviation = Deviation { kind: Kind::Field, field: Some(39), wanted: "00".into(), had: "<5>".into() };
        let step = |outcome| StepReport { line: 3, title: "expect \"x\"".into(), outcome, milliseconds: 1500 };
        let report = ScriptReport {
            name: "A & B".into(),
            file: "a.toml".into(),
            cases: vec![9],
            steps: vec![
                step(Outcome::Passed),
                step(Outcome::Deviated(vec![deviation.clone(), deviation.clone()])),
                step(Outcome::NotReached("gone".into())),
            ],
            unasked: vec![deviation],
            milliseconds: 42,
        };
        let xml = document(&[report]);
        assert!(xml.contains("tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\" time=\"0.042\""), "{xml}");
        assert!(xml.contains("DE39: wanted 00, had &lt;5&gt;&#10;DE39"), "{xml}");
        assert!(xml.contains("name=\"A &amp; B\"") && xml.contains("<skipped message=\"gone\"/>"), "{xml}");
        assert_eq!(xml.matches("<testcase").count(), 4);
    }
}
