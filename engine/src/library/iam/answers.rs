//! Converts the answers about documents to values of CEL.

use std::collections::BTreeMap;

use evenkeel_iam::{Answer, OutsiderName, PolicyDocument, StatementAnswer, Witness};
use serde_json::{Map, Value as Json, json};

use crate::run::undecided::note_undecided;

/// Returns the witness of a yes. For an unknown answer, records the reason for the evaluation.
fn find_witness(answer: Answer) -> Option<Box<Witness>> {
    match answer {
        Answer::Yes(witness) => Some(witness),
        Answer::No => None,
        Answer::Unknown(reasons) => {
            reasons.iter().take(1).for_each(|reason| note_undecided(reason.text()));
            None
        }
    }
}

fn describe_witness(witness: &Witness) -> Json {
    let request = &witness.request;
    json!({
        "text": request.to_string(),
        "caller": request.caller.to_string(),
        "action": request.action,
        "resource": request.resource,
        "context": request.context,
    })
}

/// Returns the statement that allows the request of a witness, with the witness.
fn describe_statement(document: &PolicyDocument, witness: &Witness) -> Json {
    let statement = witness.statement.and_then(|number| document.statements().get(number));
    let mut fields = match statement.map(evenkeel_iam::Statement::describe) {
        Some(Json::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.insert("witness".to_owned(), describe_witness(witness));
    Json::Object(fields)
}

/// Returns the statements for which the answer is yes.
pub(super) fn describe_statements(
    document: &PolicyDocument,
    answers: Vec<StatementAnswer>,
) -> Vec<Json> {
    let witnesses = answers.into_iter().filter_map(|one| find_witness(one.answer));
    witnesses.map(|witness| describe_statement(document, &witness)).collect()
}

/// Returns a list with the statement of a yes, and an empty list for any other answer.
pub(super) fn describe_answer(document: &PolicyDocument, answer: Answer) -> Vec<Json> {
    let witness = find_witness(answer);
    witness.into_iter().map(|witness| describe_statement(document, &witness)).collect()
}

/// Returns the outsiders for which the answer is yes.
pub(super) fn describe_outsiders(found: BTreeMap<OutsiderName, Answer>) -> Vec<Json> {
    let mut all = Vec::new();
    for (name, answer) in found {
        if let Some(witness) = find_witness(answer) {
            all.push(json!({
                "name": name.to_string(),
                "account": name.account().unwrap_or_default(),
                "witness": describe_witness(&witness),
            }));
        }
    }
    all
}
