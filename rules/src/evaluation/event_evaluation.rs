//! The evaluation of one policy against one event, for each resource that the event is about.

use super::single_evaluation::{
    ComplianceStatus, Evaluation, ResourceContext, evaluate_element, list_elements, new_evaluation,
    unnamed_resource,
};
use crate::event::CloudTrailEvent;
use crate::policy::{OutcomeMatch, Policy};
use evenkeel_engine::{ConstantValue, start_event_budget};

/// Evaluates one event with one policy. The caller has checked that the policy matches the source
/// and the name of the event; the function checks the outcome of the call.
///
/// Returns one evaluation for each resource if the policy defines `resource.each`, and otherwise one
/// evaluation. The list is never empty: if an event is about no resource, the list contains one
/// `COMPLIANT` evaluation.
pub fn evaluate_event(
    policy: &Policy,
    event: &CloudTrailEvent<'_>,
    context: &ResourceContext<'_>,
) -> Vec<Evaluation> {
    start_event_budget();
    if !matches_outcome(policy.matches.outcome, event.has_failed())
        || !policy.matches.matches_identity(&event.identity_type())
    {
        return vec![conclude_without_resource(policy, event, ComplianceStatus::NotApplicable)];
    }
    let Some(list) = &policy.resource_list else {
        return vec![evaluate_element(policy, event, context, None)];
    };
    match list_elements(policy, list, event, context) {
        Ok(elements) if elements.is_empty() => {
            vec![conclude_without_resource(policy, event, ComplianceStatus::Compliant)]
        }
        Ok(elements) => {
            let evaluate = |(element, value): (usize, &serde_json::Value)| {
                let each = ConstantValue::new(value);
                let found = evaluate_element(policy, event, context, Some(&each));
                Evaluation { element, ..found }
            };
            merge_equal_resources(elements.iter().enumerate().map(evaluate))
        }
        Err(evaluation) => vec![*evaluation],
    }
}

/// Evaluates one resource of an event again. `element` is [`Evaluation::element`] of the earlier
/// evaluation. Returns `None` if `resource.each` returns no such element.
pub(crate) fn evaluate_event_resource(
    policy: &Policy,
    event: &CloudTrailEvent<'_>,
    context: &ResourceContext<'_>,
    element: usize,
) -> Option<Evaluation> {
    start_event_budget();
    let Some(list) = &policy.resource_list else {
        return Some(evaluate_element(policy, event, context, None));
    };
    match list_elements(policy, list, event, context) {
        Ok(elements) => {
            let each = ConstantValue::new(elements.get(element)?);
            let found = evaluate_element(policy, event, context, Some(&each));
            Some(Evaluation { element, ..found })
        }
        Err(evaluation) => Some(*evaluation),
    }
}

fn matches_outcome(wanted: OutcomeMatch, failed: bool) -> bool {
    match wanted {
        OutcomeMatch::Success => !failed,
        OutcomeMatch::Failure => failed,
        OutcomeMatch::Any => true,
    }
}

fn conclude_without_resource(
    policy: &Policy,
    event: &CloudTrailEvent<'_>,
    status: ComplianceStatus,
) -> Evaluation {
    new_evaluation(status, unnamed_resource(policy, event), String::new())
}

/// Merges the evaluations of elements that name the same resource: a finding exists once for each
/// resource. The most serious status is kept, with the evidence of all elements that have it.
fn merge_equal_resources(evaluations: impl Iterator<Item = Evaluation>) -> Vec<Evaluation> {
    let mut merged: Vec<Evaluation> = Vec::new();
    for evaluation in evaluations {
        match merged.iter_mut().find(|other| other.resource == evaluation.resource) {
            None => merged.push(evaluation),
            Some(other) if other.status == evaluation.status => {
                other.evidence.extend(evaluation.evidence);
            }
            Some(other) if other.status.severity_rank() < evaluation.status.severity_rank() => {
                *other = evaluation;
            }
            Some(_) => {}
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::JsonTape;
    use crate::policy::{Policy, PolicyFile};
    use evenkeel_engine::{FunctionSet, on_large_stack};
    use serde_json::{Value, json};

    fn compile(resource: &str, body: &str) -> Result<Policy, crate::Diagnostic> {
        let text = format!(
            "// METADATA
// title: t
// description: d
// severity: LOW
// match: {{eventSource: monitoring.amazonaws.com, eventName: DeleteAlarms}}
// resource: {{type: 'AWS::CloudWatch::Alarm', {resource}}}
// variables: {{name: each.name}}
// message: alarm {{{{resource.id}}}}

{body}
"
        );
        let file = PolicyFile { name: "a-policy.cel".to_owned(), text };
        on_large_stack(|| Policy::compile_file(&file, &FunctionSet::default())).unwrap()
    }

    /// Returns the status, the id and the message of each resource.
    fn evaluate(
        resource: &str,
        body: &str,
        request: &Value,
    ) -> Vec<(ComplianceStatus, String, String)> {
        let policy = compile(resource, body).unwrap();
        let record = json!({"eventSource": "monitoring.amazonaws.com", "eventName": "DeleteAlarms",
            "requestParameters": request});
        let text = record.to_string();
        let mut tape = JsonTape::default();
        let event = CloudTrailEvent::parse_record(&text, &mut tape).unwrap();
        evaluate_event(&policy, &event, &ResourceContext::default())
            .into_iter()
            .map(|one| (one.status, one.resource.id, one.message))
            .collect()
    }

    const EACH: &str = "each: request.alarms, id: name";

    #[test]
    fn each_resource_of_a_call_has_its_own_status_name_and_message() {
        let alarms = json!({"alarms": [
            {"name": "a", "bad": true}, {"name": "b", "bad": false}, {"name": "c", "bad": true}]});
        let found = evaluate(EACH, "each.bad", &alarms);
        let of = |status, id: &str, message: &str| (status, id.to_owned(), message.to_owned());
        let expected = [
            of(ComplianceStatus::NonCompliant, "a", "alarm a"),
            of(ComplianceStatus::Compliant, "b", ""),
            of(ComplianceStatus::NonCompliant, "c", "alarm c"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn one_resource_that_cannot_be_evaluated_does_not_affect_the_others() {
        let alarms = json!({"alarms": [{"name": "a"}, {"name": "b", "bad": true}]});
        let found = evaluate(EACH, "each.bad", &alarms);
        let statuses: Vec<_> = found.iter().map(|one| (one.0, one.1.as_str())).collect();
        let expected = [(ComplianceStatus::Error, "a"), (ComplianceStatus::NonCompliant, "b")];
        assert_eq!(statuses, expected);
    }

    #[test]
    fn a_resource_that_the_call_names_twice_has_one_evaluation() {
        let alarms = json!({"alarms": [{"name": "a", "bad": false}, {"name": "a", "bad": true}]});
        let found = evaluate(EACH, "each.bad", &alarms);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, ComplianceStatus::NonCompliant);
    }

    #[test]
    fn a_call_without_resources_is_compliant_and_unknown_resources_are_not() {
        let status = |request: &Value| {
            evaluate("each: 'request.?alarms.orValue([])', id: name", "true", request).remove(0).0
        };
        assert_eq!(status(&json!({"alarms": []})), ComplianceStatus::Compliant);
        assert_eq!(status(&json!({"omitted": true})), ComplianceStatus::InsufficientData);
        let many: Vec<Value> = (0..1001).map(|n| json!({"name": n.to_string()})).collect();
        assert_eq!(status(&json!({"alarms": many})), ComplianceStatus::Error);
        assert_eq!(status(&json!({"alarms": "x"})), ComplianceStatus::Error);
    }

    #[test]
    fn a_status_does_not_depend_on_the_name_of_the_resource() {
        let alarms = json!({"alarms": [{"bad": true}]});
        let found = evaluate(EACH, "each.bad", &alarms);
        assert_eq!(found[0].0, ComplianceStatus::NonCompliant);
        assert_eq!(found[0].1, "");
        assert_eq!(found[0].2, "alarm ; the event does not name the resource");
    }

    #[test]
    fn a_policy_that_is_costly_for_each_resource_fails_within_the_budget_of_the_event() {
        let alarms: Vec<Value> = (0..1000).map(|n| json!({"name": n.to_string()})).collect();
        let costly = "lists.range(30000).all(i, i >= 0)";
        let found = evaluate(EACH, costly, &json!({"alarms": alarms}));
        let evaluated = found.iter().filter(|one| one.0 == ComplianceStatus::NonCompliant).count();
        assert!((1..40).contains(&evaluated), "{evaluated} of 1000 were evaluated");
        assert!(found.iter().all(|one| one.0 != ComplianceStatus::Compliant));
    }

    #[test]
    fn the_list_cannot_use_its_own_elements() {
        for list in ["each", "[name]"] {
            let error = compile(&format!("each: '{list}', id: name"), "true").unwrap_err();
            assert_eq!(error.code, "expression", "{}", error.message);
        }
    }
}
