//! Compares resource properties, and builds the JSON patch between two property maps.

use serde_json::{Map, Value, json};

use super::resource_types::ResourceType;

/// Returns whether two values of a property are equivalent. Two formats of the same policy document
/// are equivalent. Two lists with the same elements in another order are equivalent if the resource
/// type defines the list as unordered.
pub(crate) fn is_equivalent(kind: &ResourceType, path: &str, a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys());
            names.into_iter().all(|name| {
                let (a, b) =
                    (a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null));
                is_equivalent(kind, &format!("{path}/{name}"), a, b)
            })
        }
        (Value::Array(a), Value::Array(b)) => is_equivalent_list(kind, path, a, b),
        (Value::String(_), _) | (_, Value::String(_)) => {
            match (parse_document(a), parse_document(b)) {
                (Some(a), Some(b)) => is_equivalent_document(&a, &b),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Returns whether two lists are equivalent. The order of the elements is ignored if the resource
/// type defines the list as unordered.
fn is_equivalent_list(kind: &ResourceType, path: &str, a: &[Value], b: &[Value]) -> bool {
    let element = format!("{path}/*");
    if a.len() != b.len() {
        return false;
    }
    if !kind.is_unordered(path) {
        return a.iter().zip(b).all(|(a, b)| is_equivalent(kind, &element, a, b));
    }
    let mut rest: Vec<&Value> = b.iter().collect();
    a.iter().all(|one| {
        let found = rest.iter().position(|other| is_equivalent(kind, &element, one, other));
        found.is_some_and(|at| {
            rest.swap_remove(at);
            true
        })
    })
}

/// Returns a policy document that is an object or a JSON text.
fn parse_document(value: &Value) -> Option<Value> {
    match value {
        Value::Object(_) => Some(value.clone()),
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_object),
        _ => None,
    }
}

/// Returns whether two policy documents are equivalent. In IAM policies, a single value is
/// equivalent to a list with this value, and lists have no order.
fn is_equivalent_document(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    b.get(name).is_some_and(|b| is_equivalent_document(value, b))
                })
        }
        (Value::Object(_), _) | (_, Value::Object(_)) if !(a.is_array() || b.is_array()) => false,
        (Value::Array(_), _) | (_, Value::Array(_)) => {
            let (a, b) = (as_list(a), as_list(b));
            let mut rest = b.clone();
            a.len() == b.len()
                && a.iter().all(|one| {
                    let found = rest.iter().position(|other| is_equivalent_document(one, other));
                    found.is_some_and(|at| {
                        rest.swap_remove(at);
                        true
                    })
                })
        }
        _ => a == b,
    }
}

/// Returns the elements of a list, or a single value as one element.
fn as_list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}

/// Sorts the unordered lists, so that two reads of the same state are equal.
pub(crate) fn sort_unordered_lists(kind: &ResourceType, path: &str, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                sort_unordered_lists(kind, &format!("{path}/{name}"), value);
            }
        }
        Value::Array(list) => {
            let element = format!("{path}/*");
            for value in list.iter_mut() {
                sort_unordered_lists(kind, &element, value);
            }
            if kind.is_unordered(path) {
                list.sort_by_cached_key(Value::to_string);
            }
        }
        _ => {}
    }
}

/// Returns the smallest JSON patch (RFC 6902) that changes the properties from `is` to `wanted`. A
/// null value is a missing property. Lists are replaced as a whole, because an index can refer to
/// another element after a change by somebody else.
pub(crate) fn build_patch(
    kind: &ResourceType,
    is: &Map<String, Value>,
    wanted: &Map<String, Value>,
) -> Vec<Value> {
    let mut patch = PatchBuilder { kind, operations: Vec::new() };
    patch.add_differences("", "", is, wanted);
    patch.operations
}

struct PatchBuilder<'a> {
    kind: &'a ResourceType,
    operations: Vec<Value>,
}

impl PatchBuilder<'_> {
    /// Adds the differences below `path`. `pointer` is the JSON pointer of `path`.
    fn add_differences(
        &mut self,
        path: &str,
        pointer: &str,
        is: &Map<String, Value>,
        wanted: &Map<String, Value>,
    ) {
        for (name, value) in wanted {
            let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            // A JSON pointer escapes `~` and `/` in a name (RFC 6901).
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            let old = is.get(name).unwrap_or(&Value::Null);
            if is_equivalent(self.kind, &path, old, value) {
                continue;
            }
            let operation = match (old, value) {
                (Value::Object(old), Value::Object(new)) => {
                    let gone = old.keys().filter(|name| !new.contains_key(*name));
                    let gone = gone.map(|name| (name.clone(), Value::Null));
                    let new = new.clone().into_iter().chain(gone).collect();
                    self.add_differences(&path, &pointer, old, &new);
                    continue;
                }
                (Value::Null, _) => json!({"op": "add", "path": pointer, "value": value}),
                (_, Value::Null) => json!({"op": "remove", "path": pointer}),
                _ => json!({"op": "replace", "path": pointer, "value": value}),
            };
            self.operations.push(operation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn equivalent_values_are_recognized() {
        let queue = ResourceType::find_by_name("AWS::SQS::Queue").unwrap();
        let text = json!(
            r#"{"Version": "2012-10-17", "Statement": {"Action": "sqs:*", "Principal": {"AWS": ["a", "b"]}}}"#
        );
        let object = json!({"Statement": [{"Principal": {"AWS": ["b", "a"]}, "Action": ["sqs:*"]}], "Version": "2012-10-17"});
        assert!(is_equivalent(&queue, "RedrivePolicy", &text, &object));
        let other = json!({"Statement": [{"Principal": {"AWS": ["b"]}, "Action": ["sqs:*"]}], "Version": "2012-10-17"});
        assert!(!is_equivalent(&queue, "RedrivePolicy", &text, &other));
        assert!(!is_equivalent(&queue, "KmsMasterKeyId", &json!("a"), &json!("b")));
        let instance = ResourceType::find_by_name("AWS::EC2::Instance").unwrap();
        let (ab, ba) = (json!(["a", "b"]), json!(["b", "a"]));
        assert!(is_equivalent(&instance, "SecurityGroupIds", &ab, &ba));
        assert!(!is_equivalent(&instance, "SecurityGroupIds", &ab, &json!(["a", "a"])));
        let table = ResourceType::find_by_name("AWS::DynamoDB::Table").unwrap();
        assert!(!is_equivalent(&table, "KeySchema", &ab, &ba), "the order is relevant");
        assert!(is_equivalent(&table, "X", &json!({"a": 1, "b": null}), &json!({"a": 1})));
    }

    #[test]
    fn a_patch_contains_only_the_differences() {
        let table = ResourceType::find_by_name("AWS::DynamoDB::Table").unwrap();
        let is = json!({"DeletionProtectionEnabled": false, "SSESpecification": {"SSEEnabled": false, "SSEType": "KMS"},
            "TimeToLiveSpecification": null, "TableClass": "STANDARD"});
        let wanted = json!({"DeletionProtectionEnabled": true, "SSESpecification": {"SSEEnabled": true},
            "TimeToLiveSpecification": {"Enabled": true}, "TableClass": null, "BillingMode": null});
        let operations = build_patch(&table, &map(&is), &map(&wanted));
        let expected = json!([
            {"op": "replace", "path": "/DeletionProtectionEnabled", "value": true},
            {"op": "replace", "path": "/SSESpecification/SSEEnabled", "value": true},
            {"op": "remove", "path": "/SSESpecification/SSEType"},
            {"op": "add", "path": "/TimeToLiveSpecification", "value": {"Enabled": true}},
            {"op": "remove", "path": "/TableClass"}
        ]);
        assert_eq!(Value::Array(operations), expected);
        assert!(build_patch(&table, &map(&wanted), &map(&wanted)).is_empty());
    }
}
