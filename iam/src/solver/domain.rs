//! The values that a part of a request can have.

use std::net::IpAddr;

use ipnet::IpNet;

use super::pattern::{Form, Pattern};
use crate::internet::is_public_address;
use crate::model::template::Template;

/// The values that a condition key can have in a request.
#[derive(Clone, Debug)]
pub(crate) struct KeyDomain {
    /// True if the request may lack the key.
    pub(crate) may_be_absent: bool,
    /// The values of the key, if the request has it.
    pub(crate) values: ValueDomain,
    /// True if the value is a fact that the caller cannot choose and that is not known, such as the
    /// time. An answer that depends on it is unknown.
    pub(crate) is_fact: bool,
}

/// The values of a condition key.
#[derive(Clone, Debug)]
pub(crate) enum ValueDomain {
    /// The request never has the key.
    Never,
    /// Any value.
    Any,
    /// One of these values.
    Listed(Vec<String>),
    /// Texts that match one of `within` and none of `except`.
    Texts {
        /// The patterns of the values.
        within: Vec<Pattern>,
        /// The patterns of the values that are excluded.
        except: Vec<Pattern>,
    },
    /// Addresses of the public Internet that are in none of these ranges.
    PublicAddresses {
        /// The ranges that are excluded.
        except: Vec<IpNet>,
    },
}

impl KeyDomain {
    /// The request never has the key.
    pub(crate) fn never() -> Self {
        KeyDomain { may_be_absent: true, values: ValueDomain::Never, is_fact: false }
    }

    /// The request may have any value, or lack the key.
    pub(crate) fn any() -> Self {
        KeyDomain { may_be_absent: true, values: ValueDomain::Any, is_fact: false }
    }

    /// The request has one of these values.
    pub(crate) fn listed(values: &[&str]) -> Self {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        KeyDomain { may_be_absent: false, values: ValueDomain::Listed(values), is_fact: false }
    }

    /// The request has a value that matches a pattern with the wildcards `*` and `?`.
    pub(crate) fn like<T: AsRef<str>>(patterns: &[T]) -> Self {
        let within = patterns.iter().map(|text| Pattern::like(text.as_ref())).collect();
        KeyDomain {
            may_be_absent: false,
            values: ValueDomain::Texts { within, except: Pattern::with_literal_wildcards() },
            is_fact: false,
        }
    }

    /// The request has an ARN that matches a pattern. A wildcard stays in its part of the ARN.
    pub(crate) fn arns(patterns: &[String]) -> Self {
        let arn =
            |text: &String| Pattern::from_template(&Template::parse_text(text, false), Form::Arn);
        let within = patterns.iter().map(arn).collect();
        KeyDomain {
            may_be_absent: false,
            values: ValueDomain::Texts { within, except: Pattern::with_literal_wildcards() },
            is_fact: false,
        }
    }

    /// Excludes values that match a pattern.
    #[must_use]
    pub(crate) fn without(mut self, excluded: impl Iterator<Item = Pattern>) -> Self {
        if let ValueDomain::Texts { except, .. } = &mut self.values {
            except.extend(excluded);
        }
        self
    }

    /// The request may also lack the key.
    #[must_use]
    pub(crate) fn or_absent(mut self) -> Self {
        self.may_be_absent = true;
        self
    }

    /// The value is a fact that is not known.
    #[must_use]
    pub(crate) fn with_unknown_value(mut self) -> Self {
        self.is_fact = true;
        self
    }

    /// The request must have the key.
    #[must_use]
    pub(crate) fn present(mut self) -> Self {
        self.may_be_absent = false;
        self
    }
}

impl ValueDomain {
    /// Returns whether a value is in the domain.
    pub(crate) fn contains_value(&self, value: &str) -> bool {
        match self {
            ValueDomain::Never => false,
            ValueDomain::Any => true,
            ValueDomain::Listed(values) => values.iter().any(|listed| listed == value),
            ValueDomain::Texts { within, except } => {
                (within.is_empty() || within.iter().any(|pattern| pattern.matches_text(value)))
                    && !except.iter().any(|pattern| pattern.matches_text(value))
            }
            ValueDomain::PublicAddresses { except } => {
                value.parse::<IpAddr>().is_ok_and(|address| {
                    is_public_address(address) && !except.iter().any(|one| one.contains(&address))
                })
            }
        }
    }
}
