//! Reads values of all implementations: values of the crate `cel`, and borrowed values of an event.
//!
//! Therefore, the functions check the CEL type and the traits of a value, and not only its Rust
//! type.

use cel::ExecutionError;
use cel::common::types::{CelList, CelMap, CelMapKey, CelOptional, CelString, Kind};
use cel::common::value::{CowVal, Val};

use super::function::function_error;

/// The maximum depth of a value, in levels. It is also the limit of the JSON parser.
pub(super) const MAX_DEPTH: usize = 128;

/// Returns the string, or `None` if the value is not a string.
pub(super) fn as_text<'b>(value: &'b (dyn Val + '_)) -> Option<&'b str> {
    value.downcast_ref::<CelString<'_>>().map(CelString::inner)
}

/// Returns the content of an optional, or the value itself. The result is `None` for an empty
/// optional and for null.
pub(super) fn present_value<'b, 'v>(value: &'b (dyn Val + 'v)) -> Option<&'b (dyn Val + 'v)> {
    let value = match value.downcast_ref::<CelOptional<'_>>() {
        Some(optional) => optional.option()?,
        None => value,
    };
    (value.get_type().kind() != Kind::NullType).then_some(value)
}

/// Returns the elements of a list, or `None` if the value is not a list.
pub(super) fn list_elements<'b, 'v>(value: &'b (dyn Val + 'v)) -> Option<Vec<&'b (dyn Val + 'v)>> {
    (value.get_type().kind() == Kind::List).then(|| collect_items(value)).flatten()
}

/// Returns the keys of a map, in the order of the map. The keys of a map without an order are
/// sorted.
pub(super) fn map_keys<'b, 'v>(value: &'b (dyn Val + 'v)) -> Option<Vec<&'b (dyn Val + 'v)>> {
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let mut keys: Vec<&CelMapKey<'_>> = map.inner().keys().collect();
        keys.sort();
        return Some(keys.into_iter().map(CelMapKey::inner).collect());
    }
    (value.get_type().kind() == Kind::Map).then(|| collect_items(value)).flatten()
}

/// Returns the value of `map` at `key`.
pub(super) fn get_value<'b, 'v>(
    map: &'b (dyn Val + 'v),
    key: &dyn Val,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    map.as_indexer().ok_or_else(|| function_error("get", "not a map"))?.get(key)
}

/// Returns the only argument of a function.
pub(super) fn single_argument<'b, 'v>(
    function: &str,
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    args.into_iter().next().ok_or_else(|| function_error(function, "an argument is missing"))
}

/// Returns the two arguments of a function.
pub(super) fn two_arguments<'b, 'v>(
    function: &str,
    args: Vec<CowVal<'b, 'v>>,
) -> Result<(CowVal<'b, 'v>, CowVal<'b, 'v>), ExecutionError> {
    match <[CowVal<'b, 'v>; 2]>::try_from(args) {
        Ok([first, second]) => Ok((first, second)),
        Err(_) => Err(function_error(function, "needs two arguments")),
    }
}

/// Creates a list of strings.
pub(super) fn string_list<'v>(items: impl IntoIterator<Item = String>) -> CelList<'v> {
    let items = items.into_iter().map(|item| Box::new(CelString::from(item)) as Box<dyn Val + 'v>);
    CelList::from(items.collect::<Vec<_>>())
}

/// Creates a map from its entries. If a key is repeated, the map contains its last entry.
#[expect(clippy::disallowed_types, reason = "cel creates a map only from a hash map")]
pub(super) fn build_map<'v>(
    entries: impl IntoIterator<Item = (CelMapKey<'v>, Box<dyn Val + 'v>)>,
) -> CelMap<'v> {
    CelMap::from(entries.into_iter().collect::<std::collections::HashMap<_, _>>())
}

/// Calls `visit` with every string value inside `value`, depth first.
pub(super) fn visit_strings(
    function: &str,
    value: &dyn Val,
    visit: &mut dyn FnMut(&str),
) -> Result<(), ExecutionError> {
    visit_strings_within(function, value, visit, MAX_DEPTH)
}

fn visit_strings_within(
    function: &str,
    value: &dyn Val,
    visit: &mut dyn FnMut(&str),
    depth: usize,
) -> Result<(), ExecutionError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(function_error(
            function,
            format!("the value nests deeper than {MAX_DEPTH} levels"),
        ));
    };
    let Some(value) = present_value(value) else { return Ok(()) };
    if let Some(string) = as_text(value) {
        visit(string);
    }
    for item in list_elements(value).unwrap_or_default() {
        visit_strings_within(function, item, visit, depth)?;
    }
    for key in map_keys(value).unwrap_or_default() {
        visit_strings_within(function, &*get_value(value, key)?, visit, depth)?;
    }
    Ok(())
}

fn collect_items<'b, 'v>(value: &'b (dyn Val + 'v)) -> Option<Vec<&'b (dyn Val + 'v)>> {
    let mut items = value.as_iterable()?.iter();
    Some(std::iter::from_fn(|| items.next()).collect())
}

#[cfg(test)]
mod tests {
    //! Tests with lists and maps that are not lists and maps of the crate `cel`. Values of an event
    //! have the same properties: only their CEL type and their traits identify them.

    use super::super::testing::evaluate_with_value;
    use cel::ExecutionError;
    use cel::common::traits::{self, Indexer, Iterable};
    use cel::common::types::{CelInt, CelNull, CelString, LIST_TYPE, MAP_TYPE, Type};
    use cel::common::value::{CowVal, Val};

    #[derive(Debug, Clone)]
    struct Foreign {
        /// The keys of a map; empty for a list.
        keys: Vec<CelString<'static>>,
        values: Vec<Box<dyn Val>>,
    }

    struct Items<'b> {
        of: &'b Foreign,
        at: usize,
    }

    impl<'b, 'v> traits::Iterator<'b, 'v> for Items<'b> {
        fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
            let at = self.at;
            self.at = at.saturating_add(1);
            match self.of.keys.get(at) {
                Some(key) => Some(key),
                None if self.of.keys.is_empty() => {
                    self.of.values.get(at).map(|value| &**value as _)
                }
                None => None,
            }
        }
    }

    impl Val for Foreign {
        fn get_type(&self) -> &Type {
            if self.keys.is_empty() { &LIST_TYPE } else { &MAP_TYPE }
        }
        fn cel_type() -> &'static Type {
            &MAP_TYPE
        }
        fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)> {
            Some(self)
        }
        fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)> {
            Some(self)
        }
        fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
            Box::new(self.clone())
        }
    }

    impl Iterable for Foreign {
        fn iter<'b, 'v>(&'b self) -> Box<dyn traits::Iterator<'b, 'v> + 'b>
        where
            Self: 'v,
        {
            Box::new(Items { of: self, at: 0 })
        }
    }

    impl Indexer for Foreign {
        fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError> {
            let at = match key.downcast_ref::<CelInt>() {
                Some(at) => usize::try_from(*at.inner()).ok(),
                None => self.keys.iter().position(|name| name.equals(key)),
            };
            let value = at.and_then(|at| self.values.get(at));
            let missing = || ExecutionError::no_such_key("x");
            value.map(|value| CowVal::Borrowed(&**value)).ok_or_else(missing)
        }

        fn steal<'v>(self: Box<Self>, _: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError> {
            Err(ExecutionError::no_such_key("x"))
        }
    }

    fn list(values: Vec<Box<dyn Val>>) -> Box<dyn Val> {
        Box::new(Foreign { keys: vec![], values })
    }

    fn map(entries: Vec<(&'static str, Box<dyn Val>)>) -> Box<dyn Val> {
        let (keys, values) = entries.into_iter().map(|(k, v)| (CelString::from(k), v)).unzip();
        Box::new(Foreign { keys, values })
    }

    fn string(text: &'static str) -> Box<dyn Val> {
        Box::new(CelString::from(text))
    }

    #[test]
    fn values_of_another_implementation_are_read_correctly() {
        let statement = map(vec![
            ("Effect", string("Allow")),
            ("Principal", map(vec![("AWS", list(vec![string("*")]))])),
            ("Action", string("s3:GetObject")),
        ]);
        let x = map(vec![
            ("z", list(vec![string("one"), Box::new(CelNull), string("two")])),
            ("items", map(vec![("items", list(vec![string("three")]))])),
            ("policy", map(vec![("Statement", statement)])),
        ]);
        for source in [
            "as_list(x.z).size() == 3 && ['three'] == as_list(x.items)",
            "strings_in(x.z) == ['one', 'two']",
            "strings_in(x).slice(0, 3) == ['one', 'two', 'three']",
            "x.transformList(k, v, k) == ['z', 'items', 'policy']",
            "x.z.exists(i, v, i == 2 && v == 'two')",
            "x.transformMap(k, v, k == 'z', as_list(v).size()) == {'z': 3}",
            "'three'.glob(as_list(x.items)) && sets.contains(x.z, ['two'])",
            "iam.public(x.policy)[0].actions == ['s3:GetObject']",
        ] {
            assert_eq!(evaluate_with_value(source, &*x), Ok(cel::Value::Bool(true)), "{source}");
        }
    }
}
