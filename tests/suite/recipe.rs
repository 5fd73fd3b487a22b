//! The README's recipe for the next control: its two files are right, and its commands print what stands there.

use crate::support::{Folder, evenkeel, violation};

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

#[test]
fn a_patch_that_cannot_be_made_fails_its_case_and_is_told_with_the_finding() {
    let blocks = blocks();
    let text = |language: &str| &blocks.iter().find(|block| block.0 == language).unwrap().1;
    let folder = Folder::new();
    let broken = text("cel").replace("Upgrade: true}", "Upgrade: request.nothing}");
    folder.write("mine/memorydb-minor-upgrades-off.cel", broken);
    folder.write("mine/memorydb-minor-upgrades-off.test.yaml", text("yaml"));
    let mine = folder.path().join("mine").display().to_string();
    let tested = evenkeel(["test", &mine]);
    assert!(tested.code == 1 && tested.out.contains("  patch\n"), "{}", tested.out);
    let mut record = violation(1);
    record["eventSource"] = "memorydb.amazonaws.com".into();
    record["eventName"] = "CreateCluster".into();
    record["requestParameters"] =
        serde_json::json!({"clusterName": "sessions", "autoMinorVersionUpgrade": false});
    folder.log("trail.json.gz", &[record]);
    let trail = folder.path().join("trail.json.gz").display().to_string();
    let run = evenkeel(["replay", &trail, "--policies", &mine, "--format", "jsonl"]);
    let finding: serde_json::Value = serde_json::from_str(run.out.trim()).unwrap();
    assert_eq!(finding["status"], "NON_COMPLIANT");
    assert!(finding.get("remediation").is_none(), "{finding}");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("it cannot be repaired: ") && message.contains(".cel:"), "{message}");
}
