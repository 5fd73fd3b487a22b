//! JSON merge patches.

use serde_json::{Value, json};

/// Applies a merge patch (RFC 7396, "JSON Merge Patch") to `target`. A patch that is `null` changes
/// nothing.
pub fn apply_merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        if !patch.is_null() {
            *target = patch.clone();
        }
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(fields) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.shift_remove(name);
        } else {
            apply_merge_patch(fields.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
