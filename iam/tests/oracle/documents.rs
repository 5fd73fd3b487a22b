//! Random policy documents.

use serde_json::{Map, Value, json};

use crate::random::Random;
use crate::vocabulary::{
    CANONICAL, KEYS, Key, KeyKind, NAMES, PROVIDER, SERVICE_NAMES, SERVICES, STRANGERS, Service,
    TRUST,
};

/// What a document is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// A resource of a service.
    Resource,
    /// An identity.
    Identity,
    /// A role, as its trust policy.
    Trust,
}

/// A random document.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) kind: DocumentKind,
    /// The services of its actions and resources.
    pub(crate) services: Vec<&'static Service>,
    pub(crate) json: Value,
}

/// Returns a random document.
pub(crate) fn random_document(random: &mut Random) -> Sample {
    let (kind, services) = match random.below(20) {
        0..=12 => (DocumentKind::Resource, vec![random.pick(&SERVICES[..3])]),
        13..=16 => (DocumentKind::Identity, SERVICES.iter().collect()),
        17 => (DocumentKind::Resource, SERVICES[..2].iter().collect()),
        _ => (DocumentKind::Trust, vec![&TRUST]),
    };
    let mut sample = Sample { kind, services, json: Value::Null };
    sample.json = fill_document(&sample, random);
    sample
}

/// Returns a document like another one, with one statement more, less, or changed.
pub(crate) fn change_document(sample: &Sample, random: &mut Random) -> Value {
    let mut json = sample.json.clone();
    let added = random_statement(sample, random);
    let statements = json["Statement"].as_array_mut().unwrap();
    let place = random.below(statements.len());
    match random.below(4) {
        0 => statements.push(added),
        1 if statements.len() > 1 => drop(statements.remove(place)),
        2 => {
            let conditions = random_conditions(sample.kind, random);
            statements[place]["Condition"] = conditions;
        }
        _ => statements[place] = added,
    }
    json
}

fn fill_document(sample: &Sample, random: &mut Random) -> Value {
    let count = 1 + random.below(4);
    let statements: Vec<Value> = (0..count).map(|_| random_statement(sample, random)).collect();
    let version = if random.chance(90) { "2012-10-17" } else { "2008-10-17" };
    json!({"Version": version, "Statement": statements})
}

fn random_statement(sample: &Sample, random: &mut Random) -> Value {
    let mut fields = Map::new();
    let allows = random.chance(60);
    let effect = if allows { "Allow" } else { "Deny" };
    fields.insert("Effect".into(), effect.into());
    let service = *random.pick(&sample.services);
    let not = |random: &mut Random, percent| if random.chance(percent) { "Not" } else { "" };
    if sample.kind != DocumentKind::Identity {
        let percent = if allows { 4 } else { 15 };
        let name = format!("{}Principal", not(random, percent));
        fields.insert(name, random_principals(sample.kind, random));
    }
    let name = format!("{}Action", not(random, 15));
    fields.insert(name, random.pick_some(service.actions, 2).into());
    if sample.kind != DocumentKind::Trust {
        let name = format!("{}Resource", not(random, 15));
        fields.insert(name, random.pick_some(service.resources, 2).into());
    }
    if random.chance(70) {
        fields.insert("Condition".into(), random_conditions(sample.kind, random));
    }
    Value::Object(fields)
}

fn random_principals(kind: DocumentKind, random: &mut Random) -> Value {
    if kind == DocumentKind::Trust && random.chance(60) {
        return json!({"Federated": PROVIDER});
    }
    match random.below(20) {
        0..=5 => json!("*"),
        6..=8 => json!({"AWS": "*"}),
        9..=15 => json!({"AWS": random.pick_some(NAMES, 3)}),
        16 => json!({"Service": random.pick_some(SERVICE_NAMES, 2)}),
        17 => json!({"CanonicalUser": CANONICAL}),
        18 => json!({"AWS": random.pick(STRANGERS)}),
        _ => json!({"AWS": random.pick_some(NAMES, 2), "Service": random.pick(SERVICE_NAMES)}),
    }
}

fn random_conditions(kind: DocumentKind, random: &mut Random) -> Value {
    let mut all = Map::new();
    let count = 1 + random.below(3);
    for _ in 0..count {
        let is_token = |key: &Key| key.name.starts_with("token.");
        let wants_token = kind == DocumentKind::Trust && random.chance(60);
        let keys: Vec<&Key> = KEYS.iter().filter(|key| is_token(key) == wants_token).collect();
        let key = *random.pick(&keys);
        let operator = random_operator(key.kind, random);
        let values = if operator == "Null" {
            json!(random.pick(&["true", "false"]))
        } else {
            random.pick_some(key.written, 2).into()
        };
        let name = if random.chance(10) { key.name.to_uppercase() } else { key.name.to_owned() };
        let keys = all.entry(operator).or_insert_with(|| json!({}));
        keys.as_object_mut().unwrap().insert(name, values);
    }
    Value::Object(all)
}

const TEXT_OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
];
const ARN_OPERATORS: &[&str] =
    &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringNotLike"];
const NUMBER_OPERATORS: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE_OPERATORS: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

fn random_operator(kind: KeyKind, random: &mut Random) -> String {
    if random.chance(10) {
        return "Null".to_owned();
    }
    let operators = match kind {
        _ if random.chance(4) => TEXT_OPERATORS,
        KeyKind::Text | KeyKind::Several => TEXT_OPERATORS,
        KeyKind::Arn => ARN_OPERATORS,
        KeyKind::Address => &["IpAddress", "NotIpAddress"],
        KeyKind::Boolean => &["Bool"],
        KeyKind::Number => NUMBER_OPERATORS,
        KeyKind::Date => DATE_OPERATORS,
    };
    let percent = if kind == KeyKind::Several { 85 } else { 6 };
    let prefixes = ["ForAnyValue:", "ForAllValues:"];
    let prefix = if random.chance(percent) { *random.pick(&prefixes) } else { "" };
    let suffix = if random.chance(20) { "IfExists" } else { "" };
    format!("{prefix}{}{suffix}", random.pick(operators))
}
