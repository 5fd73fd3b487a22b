//! Reads settings from environment variables.

use std::str::FromStr;

/// The reason why a setting cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The variable is not set.
    #[error("{name} is not set; its value must be {expected}")]
    Missing {
        /// The name of the variable.
        name: &'static str,
        /// A description of the expected value, such as "a number of seconds".
        expected: &'static str,
    },
    /// The value of the variable is not valid.
    #[error("{name} is `{value}`, which is not {expected}")]
    Malformed {
        /// The name of the variable.
        name: &'static str,
        /// A description of the expected value, such as "a number of seconds".
        expected: &'static str,
        /// The value of the variable.
        value: String,
    },
}

/// Returns the value of an environment variable. An empty value counts as not set.
pub fn find_setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the value of a required environment variable. `expected` describes the value in the
/// error message.
///
/// # Errors
/// [`SettingError::Missing`] if the variable is not set.
pub fn read_setting(name: &'static str, expected: &'static str) -> Result<String, SettingError> {
    find_setting(name).ok_or(SettingError::Missing { name, expected })
}

/// Returns the parsed value of an environment variable, or `None` if the variable is not set.
/// `expected` describes the value in the error message.
///
/// # Errors
/// [`SettingError::Malformed`] if the value cannot be parsed.
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
    fn the_error_names_the_missing_variable() {
        let error = read_setting("EVENKEEL_NO_SUCH_SETTING", "a folder").unwrap_err();
        assert_eq!(
            error.to_string(),
            "EVENKEEL_NO_SUCH_SETTING is not set; its value must be a folder"
        );
        assert_eq!(parse_setting::<u64>("EVENKEEL_NO_SUCH_SETTING", "a number"), Ok(None));
    }

    #[test]
    fn the_error_names_the_malformed_variable() {
        let error = parse_setting::<u64>("CARGO_PKG_NAME", "a number").unwrap_err();
        assert_eq!(error.to_string(), "CARGO_PKG_NAME is `evenkeel-client`, which is not a number");
    }
}
