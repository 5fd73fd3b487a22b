//! Settings from the environment.

use std::str::FromStr;

/// Why a setting cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is missing.
    #[error("{name} is not set: {expected}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it is to hold.
        expected: &'static str,
    },
    /// It cannot be read.
    #[error("{name} is not {expected}: {value}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What it is to hold.
        expected: &'static str,
        /// What it holds.
        value: String,
    },
}

/// The value of a variable; one that is empty is not set.
pub fn find_setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of a variable that must be set; `expected` says what it is to hold.
///
/// # Errors
/// [`SettingError::Missing`] when it is not set.
pub fn read_setting(name: &'static str, expected: &'static str) -> Result<String, SettingError> {
    find_setting(name).ok_or(SettingError::Missing { name, expected })
}

/// The parsed value of a variable, if it is set; `expected` says what it is to hold.
///
/// # Errors
/// [`SettingError::Malformed`] when it cannot be parsed.
pub fn parse_setting<T: FromStr>(
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, SettingError> {
    let Some(value) = find_setting(name) else { return Ok(None) };
    match value.parse() {
        Ok(parsed) => Ok(Some(parsed)),
        Err(_) => Err(SettingError::Malformed { name, expected, value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let error = read_setting("EVENKEEL_NO_SUCH_SETTING", "a folder").unwrap_err();
        assert_eq!(error.to_string(), "EVENKEEL_NO_SUCH_SETTING is not set: a folder");
        assert_eq!(parse_setting::<u64>("EVENKEEL_NO_SUCH_SETTING", "a number"), Ok(None));
    }

    #[test]
    fn what_cannot_be_parsed_is_named() {
        let error = parse_setting::<u64>("CARGO_PKG_NAME", "a number").unwrap_err();
        assert_eq!(error.to_string(), "CARGO_PKG_NAME is not a number: evenkeel-client");
    }
}
