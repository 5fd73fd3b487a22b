//! Runs the commands of the README in a clone of the repository and compares their output.

use crate::support::command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const README: &str = include_str!("../../README.md");

/// A command of a `console` block, and the output lines that the README shows below it.
struct ShownCommand {
    command: &'static str,
    lines: Vec<&'static str>,
}

fn shown_commands() -> Vec<ShownCommand> {
    let mut commands: Vec<ShownCommand> = Vec::new();
    let blocks = README.split("```console\n").skip(1);
    for line in blocks.flat_map(|block| block.split("```").next().unwrap().lines()) {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push(ShownCommand { command, lines: Vec::new() }),
            None => commands.last_mut().unwrap().lines.push(line),
        }
    }
    commands
}

/// Returns whether an output matches the shown lines. The line `...` matches any number of lines.
pub(crate) fn is_as_shown(output: &str, shown: &[&str]) -> bool {
    let mut left: Vec<&str> = output.trim_end().lines().map(str::trim_end).collect();
    let mut parts = shown.split(|line| *line == "...");
    let first = parts.next().unwrap_or_default();
    let is_whole = left.starts_with(first);
    left.drain(..first.len().min(left.len()));
    for part in parts {
        let at = (0..=left.len()).find(|at| left[*at..].starts_with(part));
        let Some(at) = at else { return false };
        left.drain(..at.saturating_add(part.len()));
        if part.is_empty() {
            left.clear();
        }
    }
    is_whole && left.is_empty()
}

/// Returns the output lines of the demo that the README shows.
pub(crate) fn shown_demonstration() -> Vec<&'static str> {
    let demonstration = |one: &ShownCommand| one.command == "examples/demo.sh";
    shown_commands().into_iter().find(demonstration).unwrap().lines
}

#[test]
fn each_command_of_the_readme_prints_what_the_readme_shows() {
    let commands = shown_commands();
    assert_eq!(commands.len(), 5, "the quick start has five commands");
    for shown in commands {
        // A separate test runs the demo.
        let Some(arguments) = shown.command.strip_prefix("evenkeel ") else { continue };
        let output = command().args(arguments.split(' ')).current_dir(ROOT).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", shown.command);
        assert!(
            is_as_shown(&text, &shown.lines),
            "`{}` prints something else than the README shows:\n{text}",
            shown.command
        );
    }
}

#[test]
fn an_output_with_another_line_is_not_as_shown() {
    assert!(is_as_shown("a\nb\nc\n", &["a", "...", "c"]));
    assert!(is_as_shown("a\nb\nc\n", &["a", "..."]));
    assert!(!is_as_shown("a\nb\nc\n", &["a", "c"]));
    assert!(!is_as_shown("a\nb\nc\n", &["a", "...", "d"]));
    assert!(!is_as_shown("a\nb\nc\n", &["a", "b"]));
}
