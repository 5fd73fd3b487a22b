//! Templates with placeholders such as `<uuid>`, which are filled for each record.

use super::random::Random;

const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(crate) const ALPHANUMERIC: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The words of generated resource names.
const WORDS: [&str; 24] = [
    "orders", "billing", "search", "ledger", "web", "batch", "ingest", "media", "auth", "gateway",
    "events", "reports", "stock", "mail", "cache", "staging", "prod", "data", "worker", "edge",
    "audit", "tools", "mobile", "partner",
];

/// The values of the placeholders that are not random.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) time: &'a str,
}

/// Appends `template` to `out` and fills its placeholders. An unknown placeholder stays unchanged.
pub(crate) fn fill(template: &str, setting: Setting<'_>, random: &mut Random, out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((placeholder, behind)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        match placeholder {
            "account" => out.push_str(setting.account),
            "region" => out.push_str(setting.region),
            "time" => out.push_str(setting.time),
            _ => invented(placeholder, random, out),
        }
        rest = behind;
    }
    out.push_str(rest);
}

/// Fills a placeholder with a random value.
fn invented(placeholder: &str, random: &mut Random, out: &mut String) {
    let length = |prefix: &str| placeholder.strip_prefix(prefix)?.parse::<usize>().ok();
    if let Some(count) = length("hex") {
        random.letters(HEX, count, out);
    } else if let Some(count) = length("base32-") {
        random.letters(BASE32, count, out);
    } else if let Some(count) = length("base64-") {
        random.letters(BASE64, count, out);
    } else if placeholder == "uuid" {
        uuid(random, out);
    } else if placeholder == "name" {
        let (first, second) = (random.text(&WORDS), random.text(&WORDS));
        *out += &format!("{first}-{second}-{}", random.below(40));
    } else if placeholder == "number" {
        *out += &random.below(100_000).to_string();
    } else if placeholder == "address" {
        *out += &format!("10.{}.{}.{}", random.below(8), random.below(32), random.below(256));
    } else {
        *out += &format!("<{placeholder}>");
    }
}

fn uuid(random: &mut Random, out: &mut String) {
    for (place, count) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if place > 0 {
            out.push('-');
        }
        random.letters(HEX, count, out);
    }
}
