//! Checks that texts and identifiers contain no retired word of `docs/words.md`, apart from its
//! exceptions.

use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LIST: &str = include_str!("../../docs/words.md");

/// Files and folders that are not checked, because they are generated or come from other projects.
const NOT_READ: &[&str] = &[
    ".git/",
    "Cargo.lock",
    "docs/frameworks.md",
    "docs/words.md",
    "examples/trail/",
    "fuzz/artifacts/",
    "fuzz/corpus/",
    "fuzz/target/",
    "policies/frameworks/",
    "target/",
    "tests/testing/requirements.txt",
];

/// The extensions of the files that are checked.
const ENDINGS: &[&str] =
    &["cel", "html", "in", "j2", "md", "py", "rs", "sh", "svg", "toml", "txt", "yaml", "yml"];

/// A retired word that some files may contain.
struct Exception {
    word: String,
    path: String,
}

/// Returns the cells of each row of the table that begins with `heading`.
fn table_rows(heading: &str) -> Vec<Vec<String>> {
    let (_, table) = LIST.split_once(heading).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// Returns the texts between backticks, in lower case.
fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_lowercase)
}

/// Returns the pattern of all retired words. No letter precedes or follows a word.
fn retired_words() -> Regex {
    let rows = table_rows("| use | do not use |");
    let words: Vec<String> = rows.iter().flat_map(|cells| quoted(&cells[1])).collect();
    assert!(words.len() > 40, "docs/words.md lists only {} words", words.len());
    let words: Vec<String> = words.iter().map(|word| regex::escape(word)).collect();
    Regex::new(&format!("(?:^|[^a-z])({})(?:[^a-z]|$)", words.join("|"))).unwrap()
}

fn exceptions() -> Vec<Exception> {
    let rows = table_rows("| word | where | why |");
    let exception = |cells: &Vec<String>| {
        assert!(cells[2].len() > 10, "{} has no reason", cells[0]);
        let path = cells[1].trim_matches('`').to_owned();
        quoted(&cells[0]).map(|word| Exception { word, path: path.clone() }).collect::<Vec<_>>()
    };
    rows.iter().flat_map(exception).collect()
}

/// Returns a line in lower case, without comment marks. Splits identifiers into words:
/// `judgeRecord` and `JUDGE_RECORD` become `judge record`.
fn split_identifiers(line: &str) -> String {
    let line = line.trim_start().trim_start_matches(['/', '!', '#', '*', '-']).trim_start();
    let mut words = String::new();
    let mut is_lower = false;
    for c in line.chars() {
        if c.is_ascii_uppercase() && is_lower {
            words.push(' ');
        }
        is_lower = c.is_ascii_lowercase();
        words.push(if c == '_' { ' ' } else { c.to_ascii_lowercase() });
    }
    words
}

/// Returns the retired words of a text, each with its line number. A phrase can span several lines.
fn find_retired_words(pattern: &Regex, text: &str) -> Vec<(usize, String)> {
    let (mut joined, mut starts) = (String::new(), Vec::new());
    for line in text.lines() {
        starts.push(joined.len());
        joined.push_str(&split_identifiers(line));
        joined.push(' ');
    }
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(captures) = pattern.captures_at(&joined, from) {
        let word = captures.get(1).unwrap();
        found.push((starts.partition_point(|start| *start <= word.start()), word.as_str().into()));
        from = word.end();
    }
    found
}

/// Returns the paths of the checked files, relative to the root of the repository.
fn written_files() -> Vec<String> {
    let entries = walkdir::WalkDir::new(ROOT).sort_by_file_name().into_iter();
    let mut files = Vec::new();
    for entry in entries.filter_entry(|entry| entry.depth() != 1 || entry.file_name() != "target") {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(ROOT).unwrap().display().to_string();
        let is_written = path.is_file()
            && path.extension().is_some_and(|ending| ENDINGS.iter().any(|one| ending == *one));
        if is_written && !NOT_READ.iter().any(|skipped| name.starts_with(skipped)) {
            files.push(name);
        }
    }
    files
}

#[test]
fn no_text_and_no_identifier_uses_a_retired_word() {
    let (pattern, exceptions) = (retired_words(), exceptions());
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    let files = written_files();
    assert!(files.len() > 1000, "only {} files were checked", files.len());
    for name in files {
        let text = std::fs::read_to_string(Path::new(ROOT).join(&name)).unwrap();
        for (line, word) in find_retired_words(&pattern, &text) {
            let is_excepted =
                |one: &Exception| one.word == word && name.starts_with(one.path.as_str());
            match exceptions.iter().position(is_excepted) {
                Some(at) => _ = used.insert(at),
                None => wrong.push(format!("{name}:{line}: `{word}`")),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} retired words (docs/words.md says what to use):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for (at, one) in exceptions.iter().enumerate() {
        assert!(used.contains(&at), "no file needs the exception `{}` in {}", one.word, one.path);
    }
}

#[test]
fn words_are_found_in_identifiers_and_over_lines() {
    let pattern = retired_words();
    let text = "fn judge_record() {}\n/// A message that comes\n/// again.\nlet mended = isTold;\n";
    let words: Vec<(usize, String)> = find_retired_words(&pattern, text);
    let expected = [(1, "judge"), (2, "comes again"), (4, "mended"), (4, "told")];
    assert_eq!(words, expected.map(|(line, word)| (line, word.to_owned())));
    assert!(find_retired_words(&pattern, "recommend adoor fortold").is_empty());
}
