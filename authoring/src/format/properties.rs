//! Property tests of the formatter: its output is stable, and no result of a policy changes.
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a panic fails the test")]

use super::format_policy;
use super::lexer::{TokenKind, lex_expression};
use evenkeel_rules::bundle::FileKind;
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use evenkeel_rules::read_cases;
use std::path::Path;

/// A pseudorandom generator with a fixed seed, so that each run uses the same numbers.
struct RandomSource(u64);

impl RandomSource {
    fn random_below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap().checked_rem(bound).unwrap()
    }

    fn pick_text<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.random_below(all.len())]
    }

    /// Changes the spaces, the line breaks, the comments and the order of the keys of a policy.
    fn mangle_policy(&mut self, text: &str) -> String {
        let end = text.find("\n\n").unwrap();
        let (head, body) = text.split_at(end);
        let mut out = self.mangle_header(head);
        // Without a blank line, a comment at the beginning of the body would belong to the header.
        let is_comment = body.trim_start().starts_with("//");
        let separators = if is_comment { ["\n\n"; 3] } else { ["\n", "\n\n", "\n \n\n"] };
        out.push_str(self.pick_text(&separators));
        out.push_str(&self.mangle_body(body));
        match self.random_below(4) {
            0 => out.replace('\n', "\r\n"),
            1 => format!("\u{feff}{out}"),
            _ => out,
        }
    }

    fn mangle_header(&mut self, head: &str) -> String {
        let mut keys: Vec<Vec<String>> = Vec::new();
        let deeper = self.pick_text(&["", " ", "   "]);
        for line in head.lines().skip(1) {
            let rest = line.strip_prefix("// ").unwrap();
            let blanks = self.pick_text(&["", "", " ", "\t"]);
            // Lines of a block scalar keep their relative indentation and their trailing spaces.
            let line = if rest.starts_with(' ') {
                format!("//{deeper}{rest}")
            } else {
                let wider = if rest.ends_with('-') {
                    rest.to_owned()
                } else {
                    rest.replacen(": ", ":   ", 1)
                };
                format!("//{deeper}{wider}{blanks}")
            };
            if rest.starts_with(' ') {
                keys.last_mut().unwrap().push(line);
            } else {
                keys.push(vec![line]);
            }
        }
        for last in (1..keys.len()).rev() {
            keys.swap(last, self.random_below(last + 1));
        }
        let mut out = "// METADATA".to_owned();
        for key in keys {
            if self.random_below(6) == 0 {
                out.push_str("\n// lint: allow unknown-event seen in a trail");
            }
            out.push_str(&format!("\n{}", key.join("\n")));
        }
        out
    }

    fn mangle_body(&mut self, body: &str) -> String {
        let mut out = String::new();
        let mut word = false;
        for token in lex_expression(body).unwrap() {
            let is_word =
                matches!(token.kind, TokenKind::Word | TokenKind::Number | TokenKind::Text);
            let mut space =
                self.pick_text(&["", "", " ", "   ", "\t", "\n", "\n  ", "\n\n\n", " // why\n"]);
            if space.is_empty() && word && is_word {
                space = " ";
            }
            out.push_str(space);
            out.push_str(token.text);
            if token.kind == TokenKind::Comment {
                out.push('\n');
            }
            word = is_word;
        }
        out
    }
}

/// Reads the files of one kind from the folder of the shipped policies.
fn read_policy_files(kind: FileKind) -> Vec<PolicyFile> {
    fn walk_folder(folder: &Path, kind: FileKind, files: &mut Vec<PolicyFile>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_dir() {
                walk_folder(&path, kind, files);
            } else if FileKind::from_file_name(&name) == Some(kind) {
                files.push(PolicyFile { text: std::fs::read_to_string(path).unwrap(), name });
            }
        }
    }
    let mut found = Vec::new();
    walk_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies"), kind, &mut found);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Asserts that every case of every policy passes.
fn assert_cases_pass(policies: &[PolicyFile], functions: &PolicyFile, cases: &[PolicyFile]) {
    let set = PolicySet::compile_files(policies, Some(functions)).unwrap();
    for policy in set.policies() {
        let name = policy.file.replace(".cel", ".test.yaml");
        let file = cases.iter().find(|file| file.name == name).unwrap();
        for case in read_cases(&file.name, &file.text, policy).unwrap() {
            assert_eq!(case.run(policy).unwrap(), [], "{}: {}", policy.id, case.name);
        }
    }
}

#[test]
fn a_mangled_policy_is_formatted_stably_and_its_cases_pass() {
    let policies = read_policy_files(FileKind::Policy);
    let (functions, cases) =
        (read_policy_files(FileKind::Functions).remove(0), read_policy_files(FileKind::Cases));
    let mut chance = RandomSource(11);
    for round in 0..3 {
        let formatted = |file: &PolicyFile| {
            let mangled = chance.mangle_policy(&file.text);
            let text = format_policy(&file.name, &mangled)
                .unwrap_or_else(|wrong| panic!("round {round}: {wrong:?}\n{mangled}"));
            let again = format_policy(&file.name, &text).unwrap();
            assert_eq!(again, text, "round {round}: {} is not stable", file.name);
            PolicyFile { name: file.name.clone(), text }
        };
        let all: Vec<PolicyFile> = policies.iter().map(formatted).collect();
        if round == 0 {
            assert_cases_pass(&all, &functions, &cases);
        }
    }
}

#[test]
fn a_mangled_header_is_formatted_to_its_original_text() {
    let mut chance = RandomSource(5);
    for file in read_policy_files(FileKind::Policy) {
        let clean = format_policy(&file.name, &file.text).unwrap();
        let end = clean.find("\n\n").unwrap();
        let head = chance.mangle_header(&clean[..end]);
        let without = |text: &str| {
            let kept = text.lines().filter(|line| !line.contains("lint: allow"));
            kept.flat_map(|line| [line, "\n"]).collect::<String>()
        };
        let new = format_policy(&file.name, &format!("{head}{}", &clean[end..])).unwrap();
        assert_eq!(without(&new), without(&clean), "{}", file.name);
    }
}

#[test]
fn a_randomly_damaged_policy_is_an_error_or_stable() {
    const ODD: &[&str] = &[
        "'", "\"", "#", ": ", "- ", "\n", "\n//", "  ", "[", "}", "|", ">", "?", "//", "\t", "\r",
        "é", "&&", "r'", "lint: ",
    ];
    let mut chance = RandomSource(3);
    let mut formatted = 0;
    for file in read_policy_files(FileKind::Policy) {
        for _ in 0..3 {
            let mut text: Vec<char> = file.text.chars().collect();
            for _ in 0..=chance.random_below(3) {
                let at = 12 + chance.random_below(text.len() - 12);
                let odd = chance.pick_text(ODD).chars();
                drop(text.splice(at..at + chance.random_below(2), odd));
            }
            let text: String = text.into_iter().collect();
            if let Ok(new) = format_policy(&file.name, &text) {
                formatted += 1;
                assert_eq!(format_policy(&file.name, &new).as_ref(), Ok(&new), "{text}");
            }
        }
    }
    assert!(formatted > 20, "only {formatted} were formatted");
}
