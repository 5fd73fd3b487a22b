//! The cost of one evaluation: visited elements, copied values and text read, counted while it
//! runs.
//!
//! One unit is about the cost of one loop iteration. A function that reads text is charged for the
//! bytes. A function that creates or copies a value is charged for all its parts, including nested
//! ones. Therefore neither time nor memory can exceed the budget.

use crate::limits::{EVALUATION_BUDGET, EVENT_BUDGET, MAX_TEXT};
use cel::common::types::{
    self, CelBytes, CelInt, CelList, CelMap, CelMapKey, CelOptional, CelString, Kind,
};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use std::cell::Cell;

/// Charges the elements that a comprehension or `in` is about to iterate over, and sorts the keys
/// of a map.
pub(crate) const WALK: &str = "@walk";
/// Charges a value that is about to be read or copied, or that was just created.
pub(crate) const WEIGH: &str = "@weigh";
/// Charges an operation that compares each element with each other element.
pub(crate) const PAIRS: &str = "@pairs";
/// Charges one loop iteration.
pub(crate) const ROUND: &str = "@round";
/// Charges a value that may have grown, and fails if its text exceeds the length limit.
pub(crate) const GROWN: &str = "@grown";
/// Charges the elements that `lists.range` is about to create.
pub(crate) const COUNT: &str = "@count";
/// A `join` that fails as soon as its result exceeds the length limit.
pub(crate) const JOIN: &str = "@join";
/// A `replace` that checks the length of its result before it builds it.
pub(crate) const REPLACE: &str = "@replace";
/// A `split` that charges its parts before it creates them.
pub(crate) const SPLIT: &str = "@split";

/// The number of bytes of text that cost one unit to read or copy.
const BYTES_PER_UNIT: usize = 1024;
/// The number of parts of a value (elements, keys and values) that cost one unit to read or copy.
const PARTS_PER_UNIT: usize = 4;
/// The maximum number of parts that are counted. A value with more parts costs more than every
/// budget, so counting the other parts would not change the result.
const MAX_PARTS: usize = 500_000;

thread_local! {
    static LEFT: Cell<i64> = const { Cell::new(0) };
    /// The budget that the current evaluation received.
    static GRANTED: Cell<i64> = const { Cell::new(0) };
    /// The units that are left for later evaluations of the same policy and event.
    static EVENT_LEFT: Cell<i64> = const { Cell::new(i64::MAX) };
}

/// Limits the evaluations that follow on the current thread to [`EVENT_BUDGET`] units together. The
/// evaluator calls this function before it evaluates an event with the next policy.
pub fn start_event_budget() {
    LEFT.set(0);
    GRANTED.set(0);
    EVENT_LEFT.set(EVENT_BUDGET);
}

/// Resets the budget of the current thread to `times` the usual budget, but not above what is left
/// of the event's budget. Each evaluation begins with this call.
pub(crate) fn reset_budget(times: i64) {
    let spent = GRANTED.get().saturating_sub(LEFT.get());
    let event_left = EVENT_LEFT.get().saturating_sub(spent);
    let granted = EVALUATION_BUDGET.saturating_mul(times).min(event_left);
    EVENT_LEFT.set(event_left);
    GRANTED.set(granted);
    LEFT.set(granted);
}

/// Returns whether an evaluation failed because its budget was exhausted.
pub(crate) fn is_spent(error: &ExecutionError) -> bool {
    matches!(error, ExecutionError::FunctionError { function, .. } if function == "budget")
}

/// Returns the cost beyond the budget. The value is negative if the budget is not exhausted.
#[cfg(test)]
pub(crate) fn overdrawn_cost() -> i64 {
    LEFT.get().saturating_neg()
}

/// Charges work that is already done, or that cannot be avoided. If the work exceeds the budget,
/// the next charge fails.
pub(crate) fn record_cost(cost: usize) {
    LEFT.set(LEFT.get().saturating_sub(i64::try_from(cost).unwrap_or(i64::MAX)));
}

/// Charges work that a library function is about to do. Fails if the work exceeds the budget.
pub(crate) fn charge_cost(cost: usize) -> Result<(), ExecutionError> {
    spend_units(i64::try_from(cost).unwrap_or(i64::MAX))
}

fn spend_units(cost: i64) -> Result<(), ExecutionError> {
    let left = LEFT.get();
    if cost <= left {
        LEFT.set(left.saturating_sub(cost));
        return Ok(());
    }
    // A negative remainder makes every later charge fail too.
    LEFT.set(left.min(-1));
    let limit = format!(
        "the evaluation exceeds its budget of {EVALUATION_BUDGET} units: simplify the loops of the \
         policy"
    );
    Err(ExecutionError::function_error("budget", limit))
}

fn length_error() -> ExecutionError {
    ExecutionError::function_error("length", format!("a string is longer than {MAX_TEXT} bytes"))
}

fn element_count(value: &dyn Val) -> i64 {
    value.as_sizer().map_or(1, |sizer| *sizer.size().inner())
}

fn first_argument<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    args.into_iter().next().ok_or_else(ExecutionError::missing_argument_or_target)
}

/// Returns the cost of copying a value. Numbers, booleans and short strings cost nothing. Values of
/// an event cost nothing, because they are borrowed.
fn copy_cost(value: &dyn Val) -> usize {
    let (mut parts, mut bytes) = (0, 0);
    measure_value(value, &mut parts, &mut bytes);
    parts.saturating_div(PARTS_PER_UNIT).saturating_add(bytes.saturating_div(BYTES_PER_UNIT))
}

fn measure_value(value: &dyn Val, parts: &mut usize, bytes: &mut usize) {
    if *parts > MAX_PARTS {
        return;
    }
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        *bytes = bytes.saturating_add(text.inner().len());
    } else if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        *parts = parts.saturating_add(list.inner().len());
        list.inner().iter().for_each(|item| measure_value(&**item, parts, bytes));
    } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        *parts = parts.saturating_add(map.inner().len().saturating_mul(2));
        #[expect(clippy::iter_over_hash_type, reason = "a sum does not depend on the order")]
        for (key, item) in map.inner() {
            measure_value(key.inner(), parts, bytes);
            measure_value(&**item, parts, bytes);
        }
    } else if let Some(content) = value.downcast_ref::<CelOptional<'_>>().and_then(|o| o.option()) {
        measure_value(content, parts, bytes);
    } else if let Some(data) = value.downcast_ref::<CelBytes<'_>>() {
        *bytes = bytes.saturating_add(data.inner().len());
    }
}

fn charge_value<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = first_argument(args)?;
    charge_cost(copy_cost(&*value))?;
    Ok(value)
}

/// Implements `@walk`. The second argument is the cost of one iteration.
fn charge_walk<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let rounds = args.get(1).and_then(|cost| cost.downcast_ref::<CelInt>());
    let cost = rounds.map_or(1, |cost| *cost.inner());
    let range = first_argument(args)?;
    let elements = element_count(&*range).saturating_add(1);
    // Each iteration copies an element into the loop variable, so the copies are charged first.
    charge_cost(copy_cost(&*range))?;
    spend_units(elements.saturating_mul(cost))?;
    // The keys of a map that an expression creates have a random order. Sorted keys give the same
    // result in each run.
    let Some(map) = range.downcast_ref::<CelMap<'_>>() else { return Ok(range) };
    let mut keys: Vec<&CelMapKey<'v>> = map.inner().keys().collect();
    keys.sort();
    let keys: Vec<Box<dyn Val + 'v>> =
        keys.into_iter().map(|key| key.inner().clone_as_boxed()).collect();
    Ok(CowVal::owned(CelList::from(keys)))
}

fn charge_pairs<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = first_argument(args)?;
    let elements = element_count(&*value);
    spend_units(elements.saturating_mul(elements).saturating_div(64).saturating_add(elements))?;
    Ok(value)
}

fn charge_round<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    spend_units(1)?;
    first_argument(args)
}

fn check_growth<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = first_argument(args)?;
    let bytes = text_weight(&*value, 0);
    charge_cost(copy_cost(&*value).saturating_add(1))?;
    if bytes > MAX_TEXT { Err(length_error()) } else { Ok(value) }
}

/// Returns the approximate size of a value in bytes. A string counts with its length, a list with
/// the sum of its elements, and any other value with 8 bytes.
fn text_weight(value: &dyn Val, depth: usize) -> usize {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return text.inner().len();
    }
    if depth > 8 || value.get_type().kind() != Kind::List {
        return 8;
    }
    let Some(list) = value.as_iterable() else { return 8 };
    let (mut elements, mut bytes) = (list.iter(), 0_usize);
    while let Some(element) = elements.next() {
        bytes = bytes.saturating_add(text_weight(element, depth.saturating_add(1)));
        if bytes > MAX_TEXT {
            break;
        }
    }
    bytes
}

fn charge_range<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = first_argument(args)?;
    if let Some(elements) = value.downcast_ref::<CelInt>() {
        spend_units(*elements.inner())?;
    }
    Ok(value)
}

/// Returns the number of parts that `split` creates.
fn count_pieces(target: &str, separator: &str) -> usize {
    if separator.is_empty() {
        return target.chars().count();
    }
    target.matches(separator).count().saturating_add(1)
}

#[expect(clippy::needless_pass_by_value, reason = "cel requires this signature")]
fn split_text<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (target, separator) = (text_argument(&args, 0)?, text_argument(&args, 1)?);
    charge_cost(target.len().saturating_div(BYTES_PER_UNIT))?;
    let limit = args.get(2).and_then(|n| n.downcast_ref::<CelInt>()).map_or(-1, |n| *n.inner());
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let pieces = count_pieces(target, separator).min(limit);
    charge_cost(pieces.saturating_div(PARTS_PER_UNIT))?;
    let parts: Vec<String> = match (limit, separator.is_empty()) {
        (0, _) => Vec::new(),
        (usize::MAX, true) => target.chars().map(String::from).collect(),
        (_, true) => split_letters(target, pieces),
        (_, false) => target.splitn(pieces.max(1), separator).map(str::to_owned).collect(),
    };
    let parts = parts.into_iter().map(|part| Box::new(CelString::from(part)) as Box<dyn Val + 'v>);
    Ok(CowVal::owned(CelList::from(parts.collect::<Vec<_>>())))
}

/// Splits a text into its characters, at most `count` parts. The last part contains the rest.
fn split_letters(target: &str, count: usize) -> Vec<String> {
    let letters = count.saturating_sub(1);
    let mut parts: Vec<String> = target.chars().take(letters).map(String::from).collect();
    let rest: String = target.chars().skip(letters).collect();
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

fn text_argument<'a>(args: &'a [CowVal<'_, '_>], at: usize) -> Result<&'a str, ExecutionError> {
    args.get(at)
        .and_then(|value| value.downcast_ref::<CelString<'_>>())
        .map(CelString::inner)
        .ok_or_else(|| ExecutionError::function_error("replace", "an argument must be a string"))
}

#[expect(clippy::needless_pass_by_value, reason = "cel requires this signature")]
fn join_texts<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let separator = if args.len() > 1 { text_argument(&args, 1)? } else { "" };
    let list = args.first().and_then(|value| value.as_iterable());
    let list =
        list.ok_or_else(|| ExecutionError::function_error("join", "the argument must be a list"))?;
    let (mut elements, mut out, mut more) = (list.iter(), String::new(), false);
    while let Some(element) = elements.next() {
        let Some(element) = element.downcast_ref::<CelString<'_>>() else {
            return Err(ExecutionError::function_error("join", "an element is not a string"));
        };
        if more {
            out.push_str(separator);
        }
        more = true;
        out.push_str(element.inner());
        if out.len() > MAX_TEXT {
            return Err(length_error());
        }
    }
    spend_units(i64::try_from(out.len().saturating_div(1024)).unwrap_or(i64::MAX))?;
    Ok(CowVal::owned(CelString::from(out)))
}

#[expect(clippy::needless_pass_by_value, reason = "cel requires this signature")]
fn replace_text<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (target, from, to) =
        (text_argument(&args, 0)?, text_argument(&args, 1)?, text_argument(&args, 2)?);
    let limit = args.get(3).and_then(|n| n.downcast_ref::<CelInt>()).map_or(-1, |n| *n.inner());
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = target.match_indices(from).take(limit).count();
    let length = target.len().saturating_add(found.saturating_mul(to.len()));
    if length > MAX_TEXT {
        return Err(length_error());
    }
    spend_units(i64::try_from(length.saturating_div(1024)).unwrap_or(i64::MAX))?;
    Ok(CowVal::owned(CelString::from(target.replacen(from, to, limit))))
}

/// Declares the functions that charge the budget. Source text cannot contain their names, because
/// these begin with `@`.
pub(crate) fn declare_budget_functions(env: &mut Env) -> Result<(), DeclarationError> {
    let any = || vec![types::DYN_TYPE];
    env.add_overload(WALK, "walk", any(), charge_walk)?;
    env.add_overload(WALK, "walk_by", vec![types::DYN_TYPE, types::INT_TYPE], charge_walk)?;
    env.add_overload(WEIGH, "weigh", any(), charge_value)?;
    env.add_overload(PAIRS, "pairs", any(), charge_pairs)?;
    env.add_overload(ROUND, "round", any(), charge_round)?;
    env.add_overload(GROWN, "grown", any(), check_growth)?;
    env.add_overload(COUNT, "count", any(), charge_range)?;
    let string = || types::STRING_TYPE;
    env.add_member_overload(JOIN, "join", types::LIST_TYPE, vec![], join_texts)?;
    env.add_member_overload(JOIN, "join_by", types::LIST_TYPE, vec![string()], join_texts)?;
    env.add_member_overload(SPLIT, "split", string(), vec![string()], split_text)?;
    let by = vec![string(), types::INT_TYPE];
    env.add_member_overload(SPLIT, "split_n", string(), by, split_text)?;
    let by = vec![string(), string()];
    env.add_member_overload(REPLACE, "replace", string(), by, replace_text)?;
    let by = vec![string(), string(), types::INT_TYPE];
    env.add_member_overload(REPLACE, "replace_n", string(), by, replace_text)
}
