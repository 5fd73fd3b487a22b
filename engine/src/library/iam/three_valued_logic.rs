//! Combines tests in three-valued logic: true, false, and `None` for unknown.

/// Returns whether at least one test is true. The result is `None` if no test is true and at least
/// one is unknown.
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

/// Returns whether all tests are true. The result is `None` if no test is false and at least one is
/// unknown.
pub(super) fn all_hold(tests: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    any_holds(tests.into_iter().map(|test| test.map(|holds| !holds))).map(|fails| !fails)
}
