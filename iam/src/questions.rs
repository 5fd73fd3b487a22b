//! The questions about a document.

pub(crate) mod administrator;
pub(crate) mod grants;
pub(crate) mod new_access;
pub(crate) mod outsiders;
pub(crate) mod public;
pub(crate) mod transport;
pub(crate) mod trust;

use crate::answer::Answer;

/// The answer for one statement of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementAnswer {
    /// The position of the statement; the first is 0.
    pub statement: usize,
    /// The answer: a yes or unknown.
    pub answer: Answer,
}

/// Returns the answer for the whole document.
pub fn join_answers(answers: &[StatementAnswer]) -> Answer {
    let join = |whole: Answer, one: &StatementAnswer| whole.or_else(|| one.answer.clone());
    answers.iter().fold(Answer::No, join)
}
