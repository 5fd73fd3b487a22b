//! The internal functions to which the macros over two variables, such as `x.all(k, v, test)`,
//! expand.

use cel::ExecutionError;
use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelString, CelUInt};
use cel::common::value::{CowVal, Val};

use super::function::{function_error, text_excerpt};
use super::values;

/// Returns the indices of a list, or the keys of a map.
pub(super) fn entry_keys<'b, 'v>(
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = values::single_argument("@keys", args)?;
    let keys: Vec<Box<dyn Val + 'v>> = if let Some(items) = values::list_elements(&*value) {
        (0_i64..).zip(items).map(|(at, _)| Box::new(CelInt::from(at)) as Box<dyn Val>).collect()
    } else {
        let keys = values::map_keys(&*value).ok_or_else(|| wrong_type(&*value))?;
        keys.into_iter().map(Val::clone_as_boxed).collect()
    };
    Ok(CowVal::owned(CelList::from(keys)))
}

/// Merges several maps into one. Fails if a key occurs more than once.
pub(super) fn merge_maps<'b, 'v>(
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let maps = values::single_argument("@merge", args)?;
    let mut entries: Vec<(CelMapKey<'v>, Box<dyn Val + 'v>)> = Vec::new();
    for map in values::list_elements(&*maps).ok_or_else(|| wrong_type(&*maps))? {
        for key in values::map_keys(map).ok_or_else(|| wrong_type(map))? {
            entries.push((map_key(key)?, values::get_value(map, key)?.into_owned()));
        }
    }
    let all = entries.len();
    let merged: CelMap<'v> = values::build_map(entries);
    if merged.inner().len() < all {
        return Err(function_error("transformMapEntry", "a key occurs more than once"));
    }
    Ok(CowVal::owned(merged))
}

fn map_key<'v>(key: &(dyn Val + 'v)) -> Result<CelMapKey<'v>, ExecutionError> {
    if let Some(string) = key.downcast_ref::<CelString<'_>>() {
        return Ok(CelMapKey::String(string.clone()));
    }
    if let Some(int) = key.downcast_ref::<CelInt>() {
        return Ok(CelMapKey::from(*int.inner()));
    }
    if let Some(uint) = key.downcast_ref::<CelUInt>() {
        return Ok(CelMapKey::from(*uint.inner()));
    }
    let flag = key.downcast_ref::<CelBool>().ok_or_else(|| wrong_type(key))?;
    Ok(CelMapKey::from(*flag.inner()))
}

fn wrong_type(value: &dyn Val) -> ExecutionError {
    let got = text_excerpt(value.get_type().name());
    function_error("comprehension", format!("needs a list or a map, not a value of type {got}"))
}
