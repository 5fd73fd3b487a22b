//! Runs the recipe for a new control in docs/policies.md and compares the output of its commands.

use crate::support::{Folder, evenkeel, violation};

const GUIDE: &str = include_str!("../../docs/policies.md");

/// Returns the code blocks of the recipe: language and text.
fn blocks() -> Vec<(String, String)> {
    let (_, recipe) = GUIDE.split_once("## A policy with a remediation").unwrap();
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
fn the_recipe_for_a_new_control_works_as_shown() {
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
fn a_failing_patch_fails_the_test_case_and_is_reported_in_the_finding() {
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
    assert!(
        message.contains("remediation is not possible: ") && message.contains(".cel:"),
        "{message}"
    );
}
