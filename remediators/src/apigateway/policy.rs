//! Resource policies of REST APIs.

use serde_json::Value;

/// Reads a policy as API Gateway tells it: JSON text, sometimes with its quotes escaped once more.
pub(crate) fn read(policy: &str) -> Option<Value> {
    let whole = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    whole(policy).or_else(|| whole(&policy.replace("\\\"", "\"").replace("\\/", "/")))
}
