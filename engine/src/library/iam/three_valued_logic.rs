//! Truths of which some cannot be told: `None` is neither true nor false.

/// Whether one of several holds; `None` where none does, and of some that cannot be told.
pub(super) fn any_holds(tests: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut unknown = false;
    for test in tests {
        match test {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(false)
}

/// Whether each of several holds; `None` where none fails, and of some that cannot be told.
pub(super) fn all_hold(tests: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    any_holds(tests.into_iter().map(|test| test.map(|holds| !holds))).map(|fails| !fails)
}
