//! Checks that the workflows in `.github/` run only `.ci/run` and pass a linter.

use evenkeel_testing::python::python;
use serde_json::Value;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the parsed workflow.
fn read_workflow() -> Value {
    let text = std::fs::read_to_string(format!("{ROOT}/.github/workflows/ci.yml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

#[test]
fn the_workflow_runs_only_the_ci_script() {
    let workflow = read_workflow();
    let jobs = workflow["jobs"].as_object().unwrap();
    let steps: Vec<&Value> =
        jobs.values().flat_map(|job| job["steps"].as_array().unwrap()).collect();
    let commands: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    assert_eq!(commands, [".ci/run"]);
}

#[test]
fn the_workflow_linter_reports_no_problem() {
    let program = python().get_program().to_owned();
    let linter = std::path::Path::new(&program).with_file_name("zizmor");
    let output = Command::new(linter)
        .args(["--offline", "--no-progress", "--no-config", "--color=never", ".github"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
