//! Measures the policies per second of each step of `evenkeel check` and `evenkeel test --mutate`:
//! `cargo bench -p evenkeel-authoring`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results, and a panic ends it"
)]

use evenkeel_authoring::check::lint_policies;
use evenkeel_authoring::coverage::WATCH_PASSES;
use evenkeel_authoring::{coverage, mutation};
use evenkeel_engine::on_large_stack;
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use evenkeel_rules::read_cases;
use std::path::Path;
use std::time::Instant;

/// The number of copies of each shipped policy.
const COPIES: usize = 25;

fn collect_files(ending: &str, folder: &Path, found: &mut Vec<PolicyFile>) {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect_files(ending, &path, found);
        } else if path.to_str().unwrap().ends_with(ending) {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(PolicyFile { name: path.display().to_string(), text });
        }
    }
}

fn main() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../policies"));
    let (mut shipped, mut functions) = (Vec::new(), Vec::new());
    collect_files(".cel", folder, &mut shipped);
    collect_files("functions.yaml", folder, &mut functions);
    let many: Vec<PolicyFile> = (0..COPIES)
        .flat_map(|number| {
            shipped.iter().map(move |file| PolicyFile {
                name: file.name.replace(".cel", &format!("-{number}.cel")),
                text: file.text.clone(),
            })
        })
        .collect();
    let rate = |step: &str, count: usize, start: Instant| {
        println!(
            "{step:>9}  {:>8.0} policies/s",
            f64::from(u32::try_from(count).unwrap()) / start.elapsed().as_secs_f64()
        );
    };
    let start = Instant::now();
    let set = PolicySet::compile_with_passes(&many, functions.first(), WATCH_PASSES).unwrap();
    rate("compile", many.len(), start);
    let first = Instant::now();
    lint_policies(&set, &[], None);
    rate("lint", many.len(), first);
    let set = PolicySet::compile_with_passes(&shipped, functions.first(), WATCH_PASSES).unwrap();
    let cases: Vec<_> = set
        .policies()
        .iter()
        .map(|policy| {
            let test = policy.file.replace(".cel", ".test.yaml");
            let written = std::fs::read_to_string(&test).unwrap();
            (
                shipped.iter().find(|file| file.name == policy.file).unwrap(),
                read_cases(&test, &written, policy).unwrap(),
            )
        })
        .collect();
    on_large_stack(|| {
        let start = Instant::now();
        for (policy, (_, cases)) in set.policies().iter().zip(&cases) {
            coverage::measure_coverage(policy, cases);
        }
        rate("coverage", cases.len(), start);
        let start = Instant::now();
        for (file, cases) in &cases {
            mutation::score_cases(file, set.organization_functions(), cases).unwrap();
        }
        rate("mutate", cases.len(), start);
    })
    .unwrap();
}
