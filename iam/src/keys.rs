//! Facts about condition keys.
//!
//! Source: AWS IAM User Guide, "AWS global condition context keys" and "Single-valued vs.
//! multivalued context keys"; Service Authorization Reference.

/// Keys that can have several values in a request.
const MULTIVALUED: &[&str] = &[
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "aws:vpceorgpaths",
    "cognito-identity.amazonaws.com:amr",
    "dynamodb:attributes",
    "dynamodb:leadingkeys",
    "kms:encryptioncontextkeys",
    "kms:grantoperations",
    "s3:requestobjecttagkeys",
    "sts:transitivetagkeys",
];

/// Prefixes of keys that have one value, although policies may use them with set operators.
const SINGLE_VALUED: &[&str] = &[
    "aws:principal",
    "aws:resource",
    "aws:source",
    "aws:vpc",
    "aws:userid",
    "aws:username",
    "aws:securetransport",
    "aws:requested",
    "aws:requesttag/",
    "aws:via",
    "aws:multifactor",
    "aws:currenttime",
    "aws:epochtime",
    "aws:federatedprovider",
    "kms:calleraccount",
    "kms:viaservice",
    "s3:dataaccesspoint",
    "sts:externalid",
    "token.actions.githubusercontent.com:",
];

/// Returns whether a key can have several values. The key is in lower case.
pub(crate) fn is_multivalued(key: &str) -> bool {
    MULTIVALUED.contains(&key)
}

/// Returns whether a key has at most one value in every request. The key is in lower case.
pub(crate) fn is_single_valued(key: &str) -> bool {
    !is_multivalued(key) && SINGLE_VALUED.iter().any(|prefix| key.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_multivalued_key_is_not_single_valued() {
        assert!(is_multivalued("aws:principalorgpaths"));
        assert!(!is_single_valued("aws:principalorgpaths"));
        assert!(is_single_valued("aws:principalorgid") && !is_single_valued("custom:keys"));
    }
}
