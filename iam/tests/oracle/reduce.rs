//! Makes a document that shows a fault as small as possible.

use serde_json::Value;

/// Removes parts of a document as long as it shows the fault.
pub(crate) fn reduce_document(json: &Value, shows_fault: &dyn Fn(&Value) -> bool) -> Value {
    let mut smallest = json.clone();
    loop {
        let smaller = smaller_values(&smallest).into_iter().find(|one| {
            evenkeel_iam::PolicyDocument::from_json(one).is_ok()
                && is_complete(one)
                && shows_fault(one)
        });
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}

/// Returns whether each statement has an action.
fn is_complete(json: &Value) -> bool {
    let statements = json["Statement"].as_array();
    statements.is_some_and(|all| {
        all.iter().all(|one| one.get("Action").or_else(|| one.get("NotAction")).is_some())
    })
}

/// Fields that stay.
const KEPT: &[&str] = &["Principal", "NotPrincipal", "Resource", "NotResource", "AWS", "Service"];

/// Returns copies of a value that lack one item or one field.
fn smaller_values(json: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match json {
        Value::Array(items) => {
            for place in 0..items.len() {
                if items.len() > 1 {
                    let mut fewer = items.clone();
                    fewer.remove(place);
                    all.push(Value::Array(fewer));
                }
                for item in smaller_values(&items[place]) {
                    let mut changed = items.clone();
                    changed[place] = item;
                    all.push(Value::Array(changed));
                }
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                // A statement without one of these means something else.
                if !KEPT.contains(&name.as_str()) {
                    let mut fewer = fields.clone();
                    fewer.remove(name);
                    all.push(Value::Object(fewer));
                }
                for value in smaller_values(value) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), value);
                    all.push(Value::Object(changed));
                }
            }
        }
        _ => {}
    }
    all
}
