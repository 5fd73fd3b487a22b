//! The README's recipe for the next control: its two files are right, and its commands print what stands there.

use crate::support::{Folder, evenkeel};

const README: &str = include_str!("../../README.md");

/// The blocks of code of the recipe, each with its language.
fn blocks() -> Vec<(String, String)> {
    let (_, recipe) = README.split_once("### The next control, in two files").unwrap();
    let (recipe, _) = recipe.split_once("\n## ").unwrap();
    let parts: Vec<&str> = recipe.split("```").collect();
    let fenced = parts.iter().skip(1).step_by(2);
    let block = |part: &&str| {
        let (language, text) = part.split_once('\n').unwrap();
        (language.to_owned(), text.to_owned())
    };
    fenced.map(block).collect()
}

#[test]
fn a_control_takes_two_files_and_is_checked_tested_and_counted() {
    let blocks = blocks();
    let text = |language: &str| &blocks.iter().find(|block| block.0 == language).unwrap().1;
    let folder = Folder::new();
    for (ending, language) in [("cel", "cel"), ("test.yaml", "yaml")] {
        folder.write(&format!("mine/memorydb-minor-upgrades-off.{ending}"), text(language));
    }
    let mine = folder.path().join("mine");
    let mut said = String::new();
    for line in text("console").lines() {
        let Some(command) = line.strip_prefix("$ evenkeel ") else { continue };
        let path = mine.to_str().unwrap();
        let words = command.split(' ').map(|word| if word == "mine" { path } else { word });
        let run = evenkeel(words);
        assert_eq!(run.code, 0, "{command}: {}{}", run.out, run.err);
        said += &format!("{line}\n{}{}", run.out, run.err);
    }
    assert_eq!(said.trim_end(), text("console").trim_end());
}
