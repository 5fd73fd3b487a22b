//! What policies cover of frameworks, as a page of Markdown.

use super::{ControlCoverage, CoveringPolicy, EvaluationSource, FrameworkCoverage};
use crate::docs::escape_markdown_text;

/// What the page holds, so that nobody edits it.
const MARK: &str =
    "Written by `evenkeel frameworks --format markdown`: what is changed here is lost.";

/// A page with a table for each framework. `link_to` gives the address of a policy's file, by its id.
pub fn render_coverage_page(
    coverage: &[FrameworkCoverage<'_>],
    link_to: &dyn Fn(&str) -> Option<String>,
) -> String {
    let mut out = format!("# Frameworks\n\n<!-- {MARK} -->\n\n");
    out += "| framework | controls covered |\n|---|---|\n";
    for one in coverage {
        let name = escape_markdown_text(one.framework);
        out +=
            &format!("| [{name}](#{}) | {} |\n", heading_anchor(one.framework), format_share(one));
    }
    for one in coverage {
        out +=
            &format!("\n## {}\n\n{}", escape_markdown_text(one.framework), describe_framework(one));
        out += &render_covered_controls(one, link_to);
        out += &render_uncovered_controls(one);
    }
    out
}

/// How many of how many.
fn format_share(one: &FrameworkCoverage<'_>) -> String {
    match one.title {
        "" => one.count_covered().to_string(),
        _ => format!("{} of {}", one.count_covered(), one.controls.len()),
    }
}

fn describe_framework(one: &FrameworkCoverage<'_>) -> String {
    match one.title {
        "" => "The controls that policies name; the framework's others are not listed here.\n\n"
            .to_owned(),
        title => {
            format!(
                "{}: {} controls. Source: {}\n\n",
                escape_markdown_text(title),
                format_share(one),
                format_link(one.source)
            )
        }
    }
}

/// A page's address as a link, if it can only be one.
fn format_link(source: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/:.-_~#?&=%+".contains(c);
    if source.starts_with("https://") && source.chars().all(is_plain) {
        format!("<{source}>")
    } else {
        escape_markdown_text(source)
    }
}

fn render_covered_controls(
    one: &FrameworkCoverage<'_>,
    link_to: &dyn Fn(&str) -> Option<String>,
) -> String {
    let rows = one.controls.iter().filter(|row| !row.policies.is_empty());
    let listed = !one.title.is_empty();
    let mut out = String::new();
    for row in rows {
        for (number, by) in row.policies.iter().enumerate() {
            let first = number == 0;
            let (id, what) = if first { (row.id, row.what) } else { ("", "") };
            let what =
                if listed { format!(" {} |", escape_markdown_text(what)) } else { String::new() };
            out += &format!(
                "| {} |{what} {} |\n",
                escape_markdown_text(id),
                render_policy_cells(by, link_to)
            );
        }
    }
    match (out.is_empty(), listed) {
        (true, _) => out,
        (_, true) => format!(
            "| control | what must be so | policy | door | repair |\n|---|---|---|---|---|\n{out}"
        ),
        (_, false) => format!("| control | policy | door | repair |\n|---|---|---|---|\n{out}"),
    }
}

fn render_policy_cells(
    by: &CoveringPolicy<'_>,
    link_to: &dyn Fn(&str) -> Option<String>,
) -> String {
    let doors: Vec<&str> =
        by.doors.iter().map(|door| EvaluationSource::source_name(*door)).collect();
    let repair = by
        .remediation
        .as_ref()
        .map(|one| format!("`{}`, {}", escape_markdown_text(one.run), one.mode.as_str()));
    let name = match link_to(by.policy) {
        Some(file) => format!("[{}]({file})", by.policy),
        None => by.policy.to_owned(),
    };
    format!("{name} | {} | {}", doors.join(", "), repair.unwrap_or_default())
}

/// The controls that no policy covers, with the reason.
fn render_uncovered_controls(one: &FrameworkCoverage<'_>) -> String {
    let rows: Vec<&ControlCoverage<'_>> =
        one.controls.iter().filter(|row| row.policies.is_empty()).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut out =
        "\nNot covered:\n\n| control | what must be so | why |\n|---|---|---|\n".to_owned();
    for row in rows {
        let why = row.open.unwrap_or(super::UNEXPLAINED);
        let cells = [row.id, row.what, why].map(escape_markdown_text);
        out += &format!("| {} |\n", cells.join(" | "));
    }
    out
}

/// The anchor of a heading, as GitHub makes it.
fn heading_anchor(name: &str) -> String {
    let kept = name.to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect()
}
