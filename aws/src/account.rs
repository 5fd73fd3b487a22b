//! AWS account IDs.

/// Returns whether `text` is an AWS account ID: exactly 12 ASCII digits.
///
/// Source: AWS Account Management Reference Guide, "View AWS account identifiers".
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_account_id;

    #[test]
    fn twelve_digits_are_an_account_id() {
        assert!(is_account_id("012345678901"));
        for other in ["", "12345678901", "1234567890123", "12345678901a", "１２３４", "*"] {
            assert!(!is_account_id(other), "{other}");
        }
    }
}
