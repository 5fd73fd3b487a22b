//! The operators of conditions.
//!
//! Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for
//! multivalued context keys".

use std::cmp::Ordering;

/// How a condition quantifies over the values of a multivalued key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetQuantifier {
    /// `ForAnyValue:`
    AnyValue,
    /// `ForAllValues:`
    AllValues,
}

/// The order that a numeric or date operator requires between the value of the request and the value
/// of the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequiredOrder {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl RequiredOrder {
    /// Returns whether this order of the value of the request to the value of the condition is
    /// sufficient.
    pub(crate) fn accepts(self, order: Ordering) -> bool {
        match self {
            RequiredOrder::Equal => order.is_eq(),
            RequiredOrder::Less => order.is_lt(),
            RequiredOrder::LessOrEqual => order.is_le(),
            RequiredOrder::Greater => order.is_gt(),
            RequiredOrder::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Text,
    TextIgnoringCase,
    TextPattern,
    Arn,
    Boolean,
    Number(RequiredOrder),
    Date(RequiredOrder),
    Address,
    /// `Null`: whether the request does not have the key.
    Absence,
}

/// An operator of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Option<SetQuantifier>,
    pub(crate) comparison: Comparison,
    /// True for operators such as `StringNotEquals`, which reject the values of the condition.
    pub(crate) is_negated: bool,
    pub(crate) if_exists: bool,
}

/// The operators without their prefix and suffix, in lower case. `true` marks a negated operator.
const OPERATORS: &[(&str, Comparison, bool)] = &[
    ("stringequals", Comparison::Text, false),
    ("stringnotequals", Comparison::Text, true),
    ("stringequalsignorecase", Comparison::TextIgnoringCase, false),
    ("stringnotequalsignorecase", Comparison::TextIgnoringCase, true),
    ("stringlike", Comparison::TextPattern, false),
    ("stringnotlike", Comparison::TextPattern, true),
    ("binaryequals", Comparison::Text, false),
    ("arnequals", Comparison::Arn, false),
    ("arnlike", Comparison::Arn, false),
    ("arnnotequals", Comparison::Arn, true),
    ("arnnotlike", Comparison::Arn, true),
    ("bool", Comparison::Boolean, false),
    ("ipaddress", Comparison::Address, false),
    ("notipaddress", Comparison::Address, true),
    ("null", Comparison::Absence, false),
    ("numericequals", Comparison::Number(RequiredOrder::Equal), false),
    ("numericnotequals", Comparison::Number(RequiredOrder::Equal), true),
    ("numericlessthan", Comparison::Number(RequiredOrder::Less), false),
    ("numericlessthanequals", Comparison::Number(RequiredOrder::LessOrEqual), false),
    ("numericgreaterthan", Comparison::Number(RequiredOrder::Greater), false),
    ("numericgreaterthanequals", Comparison::Number(RequiredOrder::GreaterOrEqual), false),
    ("dateequals", Comparison::Date(RequiredOrder::Equal), false),
    ("datenotequals", Comparison::Date(RequiredOrder::Equal), true),
    ("datelessthan", Comparison::Date(RequiredOrder::Less), false),
    ("datelessthanequals", Comparison::Date(RequiredOrder::LessOrEqual), false),
    ("dategreaterthan", Comparison::Date(RequiredOrder::Greater), false),
    ("dategreaterthanequals", Comparison::Date(RequiredOrder::GreaterOrEqual), false),
];

impl Operator {
    /// Parses the name of an operator. The result is `None` for a name that AWS does not document.
    pub(crate) fn parse_name(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some(("foranyvalue", rest)) => (Some(SetQuantifier::AnyValue), rest),
            Some(("forallvalues", rest)) => (Some(SetQuantifier::AllValues), rest),
            Some(_) => return None,
            None => (None, lower.as_str()),
        };
        let base = rest.strip_suffix("ifexists");
        let found = OPERATORS.iter().find(|(name, ..)| *name == base.unwrap_or(rest))?;
        let (_, comparison, is_negated) = *found;
        let is_valid =
            comparison != Comparison::Absence || (base.is_none() && quantifier.is_none());
        is_valid.then_some(Operator {
            quantifier,
            comparison,
            is_negated,
            if_exists: base.is_some(),
        })
    }

    /// Returns whether a condition with this operator is true for a request without the key. For
    /// `Null`, the values of the condition decide instead.
    pub(crate) fn holds_without_key(self) -> bool {
        self.if_exists
            || match self.quantifier {
                Some(SetQuantifier::AllValues) => true,
                Some(SetQuantifier::AnyValue) => false,
                None => self.is_negated,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_suffixes_and_case_are_read() {
        let like = Operator::parse_name("ForAllValues:StringNotLikeIfExists").unwrap();
        assert_eq!(like.quantifier, Some(SetQuantifier::AllValues));
        assert!(like.is_negated && like.if_exists && like.comparison == Comparison::TextPattern);
        for unknown in ["StringMatches", "ForSomeValues:StringLike", "NullIfExists", ""] {
            assert_eq!(Operator::parse_name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn an_absent_key_makes_negated_operators_true() {
        let holds = |name| Operator::parse_name(name).unwrap().holds_without_key();
        for name in ["StringNotEquals", "NotIpAddress", "BoolIfExists", "ForAllValues:StringLike"] {
            assert!(holds(name), "{name}");
        }
        for name in ["StringEquals", "Bool", "DateLessThan", "ForAnyValue:StringNotLike"] {
            assert!(!holds(name), "{name}");
        }
    }
}
