//! The answers to questions.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::request::Request;

/// The answer to a question about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No request is allowed.
    No,
    /// A request is allowed.
    Yes(Box<Witness>),
    /// It is not known whether a request is allowed.
    Unknown(BTreeSet<UnknownReason>),
}

/// A request that proves a yes: [`decide_request`](crate::decide_request) allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The request.
    pub request: Request,
    /// The position of the statement that allows it; the first is 0.
    pub statement: Option<usize>,
    /// The ID of the statement.
    pub sid: Option<String>,
}

/// Why an answer is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnknownReason {
    /// AWS does not document an operator of a condition, or a value has another type than its
    /// operator.
    Condition,
    /// A condition compares a key that can have several values without `ForAnyValue` or
    /// `ForAllValues`.
    SetOperatorMissing,
    /// `NotPrincipal` names an identity without its account, or an account without the identity.
    NotPrincipal,
    /// The answer depends on policy variables, or on several keys together.
    Variables,
    /// The answer depends on a fact that the document does not contain, such as the time or the
    /// organization of an account.
    Facts,
    /// The document needs more steps than the limit.
    TooComplex,
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl UnknownReason {
    /// Returns a code for programs.
    pub fn code(self) -> &'static str {
        match self {
            UnknownReason::Condition => "condition",
            UnknownReason::SetOperatorMissing => "set-operator-missing",
            UnknownReason::NotPrincipal => "not-principal",
            UnknownReason::Variables => "variables",
            UnknownReason::Facts => "facts",
            UnknownReason::TooComplex => "too-complex",
        }
    }

    /// Returns a sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            UnknownReason::Condition => {
                "a condition has an operator that AWS does not document, or a value of a wrong type"
            }
            UnknownReason::SetOperatorMissing => {
                "a condition compares a key with several values without `ForAnyValue` or \
                 `ForAllValues`"
            }
            UnknownReason::NotPrincipal => {
                "`NotPrincipal` must name both an identity and its account"
            }
            UnknownReason::Variables => "the answer depends on the values of policy variables",
            UnknownReason::Facts => {
                "the answer depends on a fact that is not known, such as the time, the Region, a tag of \
                 the resource or the organization of an account"
            }
            UnknownReason::TooComplex => "the document is too complex to examine every request",
        }
    }
}

impl Answer {
    /// Returns the witness of a yes.
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Answer::Yes(witness) => Some(witness),
            _ => None,
        }
    }

    /// Returns whether the answer is no.
    pub fn is_no(&self) -> bool {
        *self == Answer::No
    }

    /// Returns whether the answer is yes.
    pub fn is_yes(&self) -> bool {
        matches!(self, Answer::Yes(_))
    }

    /// Returns the answer to "this or that": yes if one is yes, and no if both are no.
    #[must_use]
    pub fn or_else(self, other: impl FnOnce() -> Answer) -> Answer {
        match self {
            Answer::Yes(_) => self,
            Answer::No => other(),
            Answer::Unknown(mut reasons) => match other() {
                Answer::No => Answer::Unknown(reasons),
                Answer::Unknown(more) => {
                    reasons.extend(more);
                    Answer::Unknown(reasons)
                }
                yes @ Answer::Yes(_) => yes,
            },
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::No => f.write_str("no"),
            Answer::Yes(witness) => write!(f, "yes: {}", witness.request),
            Answer::Unknown(reasons) => {
                let texts: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                write!(f, "unknown: {}", texts.join("; "))
            }
        }
    }
}
