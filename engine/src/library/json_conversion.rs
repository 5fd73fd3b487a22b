//! Converts JSON to CEL values, and CEL values to JSON.

use cel::ExecutionError;
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMapKey, CelNull, CelString, CelUInt, Kind,
};
use cel::common::value::Val;
use serde_json::{Map, Number, Value as Json};

use super::function::{function_error, text_excerpt};
use super::values::{MAX_DEPTH, as_text, build_map, get_value, list_elements, map_keys};

/// Converts JSON to a value. An integer that fits into 64 bits becomes an `int`. Any other number
/// becomes a `double`.
pub(super) fn from_json<'v>(json: Json) -> Box<dyn Val + 'v> {
    match json {
        Json::Null => Box::new(CelNull),
        Json::Bool(flag) => Box::new(CelBool::from(flag)),
        Json::Number(number) => from_number(&number),
        Json::String(string) => Box::new(CelString::from(string)),
        Json::Array(items) => {
            Box::new(CelList::from(items.into_iter().map(from_json).collect::<Vec<_>>()))
        }
        Json::Object(fields) => Box::new(build_map(
            fields.into_iter().map(|(key, value)| (CelMapKey::from(key), from_json(value))),
        )),
    }
}

fn from_number<'v>(number: &Number) -> Box<dyn Val + 'v> {
    match (number.as_i64(), number.as_f64()) {
        (Some(int), _) => Box::new(CelInt::from(int)),
        (None, double) => Box::new(CelDouble::from(double.unwrap_or(f64::NAN))),
    }
}

/// Converts a value to JSON. Fails if a map key is not a string, or if the type of a value does not
/// exist in JSON.
pub(super) fn to_json(function: &str, value: &dyn Val) -> Result<Json, ExecutionError> {
    to_json_at(function, value, MAX_DEPTH)
}

fn to_json_at(function: &str, value: &dyn Val, depth: usize) -> Result<Json, ExecutionError> {
    let Some(depth) = depth.checked_sub(1) else {
        let message = format!("the value nests deeper than {MAX_DEPTH} levels");
        return Err(function_error(function, message));
    };
    if let Some(items) = list_elements(value) {
        let items = items.into_iter().map(|item| to_json_at(function, item, depth));
        return items.collect::<Result<Vec<_>, _>>().map(Json::Array);
    }
    if let Some(keys) = map_keys(value) {
        let mut fields = Map::new();
        for key in keys {
            let name =
                as_text(key).ok_or_else(|| function_error(function, "a key is not a string"))?;
            fields.insert(name.to_owned(), to_json_at(function, &*get_value(value, key)?, depth)?);
        }
        return Ok(Json::Object(fields));
    }
    scalar_to_json(value).ok_or_else(|| {
        function_error(
            function,
            format!("a value of type {} is not JSON", text_excerpt(value.get_type().name())),
        )
    })
}

fn scalar_to_json(value: &dyn Val) -> Option<Json> {
    if let Some(string) = as_text(value) {
        return Some(Json::from(string));
    }
    if let Some(flag) = value.downcast_ref::<CelBool>() {
        return Some(Json::Bool(*flag.inner()));
    }
    if let Some(int) = value.downcast_ref::<CelInt>() {
        return Some(Json::from(*int.inner()));
    }
    if let Some(uint) = value.downcast_ref::<CelUInt>() {
        return Some(Json::from(*uint.inner()));
    }
    if let Some(double) = value.downcast_ref::<CelDouble>() {
        return Number::from_f64(*double.inner()).map(Json::Number);
    }
    (value.get_type().kind() == Kind::NullType).then_some(Json::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_survives_the_round_trip() {
        let json = serde_json::json!({"a": [1, -2.5, null, true, "x"], "b": {"c": {}}});
        assert_eq!(to_json("f", &*from_json(json.clone())).unwrap(), json);
    }

    #[test]
    fn values_that_json_cannot_represent_are_errors() {
        assert!(to_json("f", &CelDouble::from(f64::INFINITY)).is_err());
        let by_number: Box<dyn Val> =
            Box::new(build_map([(CelMapKey::from(1_i64), from_json(Json::Null))]));
        assert!(to_json("f", &*by_number).is_err());
    }
}
