//! Replays randomly damaged logs: no panic, correct counts, and undamaged files are evaluated.

use crate::support::{Chance, Folder, evenkeel, gzip, quiet, violation};
use serde_json::json;

impl Chance {
    /// Returns the bytes after a few random changes: replaced, inserted, removed, rotated or cut
    /// off.
    fn damage(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        const ODD: &[u8] = b"{}[]\",:\\\n\0\xff 0e-u";
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            let odd = ODD[self.below(ODD.len())];
            match self.below(5) {
                0 => bytes[at] = odd,
                1 => bytes.insert(at, odd),
                2 => drop(bytes.remove(at)),
                3 => bytes.rotate_left(at),
                _ => bytes.truncate(at.max(1)),
            }
        }
        bytes
    }
}

#[test]
fn damaged_logs_cause_no_panic_and_all_files_are_counted() {
    let folder = Folder::new();
    let mut chance = Chance(7);
    let text = json!({"Records": [violation(1), quiet(2), violation(3)]}).to_string();
    let lines = format!("{}\n{}\n", violation(4), quiet(5));
    for number in 0..300 {
        let content = [text.as_bytes(), lines.as_bytes()][chance.below(2)].to_vec();
        let damaged = chance.damage(content);
        folder.write(&format!("logs/text-{number:03}.json"), &damaged);
        let packed = chance.damage(gzip(text.as_bytes()));
        folder.write(&format!("logs/gzip-{number:03}.json.gz"), packed);
        folder.write(&format!("logs/both-{number:03}.json.gz"), gzip(&damaged));
    }
    folder.log("logs/zz-good.json.gz", &[violation(9)]);
    let logs = folder.path().join("logs");
    let run = |threads: &str| {
        let args = ["replay", logs.to_str().unwrap(), "--format", "jsonl", "--threads", threads];
        evenkeel(args)
    };
    let one = run("1");
    assert_eq!(one.code, 3);
    assert!(!one.err.contains("defect"), "{}", one.err);
    assert_eq!(one.count("files"), 901);
    assert!(one.resources().contains(&"bucket-9".to_owned()));
    let three = run("3");
    assert!(
        (one.out, one.err) == (three.out, three.err),
        "the output depends on the number of threads"
    );
}
