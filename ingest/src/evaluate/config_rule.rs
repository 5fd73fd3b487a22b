//! Evaluates the resources of a rule of AWS Config, and submits the compliance of each resource
//! after its findings are durable.

use evenkeel_ledger::NoticeAnnouncer;
use evenkeel_rules::{
    ComplianceStatus, ConfigurationItem, EventFilter, Finding, RecordEvaluation, RecordEvaluator,
    RecordOutcome,
};
use serde_json::Value;

use super::evaluation_batch::EvaluationBatch;
use super::{EvaluateError, MessageTask, PayloadEvaluator};
use crate::environment::{CloudContext, RuleAssessment};
use crate::evaluate::record_evaluation::evaluate_item;
use crate::payload::find_forgery_sign;
use crate::payload::{ConfigRuleInvocation, PayloadContent, RuleSubject};

/// The maximum length of an annotation in AWS Config, in characters.
///
/// Source: AWS Config API Reference, `Evaluation`.
const MAX_ANNOTATION_LENGTH: usize = 256;

/// The rule parameter that contains the ids of the policies of the rule, separated by commas. If
/// the parameter is missing, the rule uses all policies.
const POLICIES_PARAMETER: &str = "policies";

impl<A: NoticeAnnouncer, O: CloudContext> PayloadEvaluator<A, O> {
    /// Evaluates the resources of a rule, records the findings, and submits the assessments to AWS
    /// Config.
    pub(super) async fn evaluate_config_rule(
        &self,
        rule: &ConfigRuleInvocation,
        task: &mut MessageTask<'_>,
    ) -> Result<(), EvaluateError> {
        let policies = self.select_policies(rule)?;
        let items = match &rule.subject {
            RuleSubject::Item(change) => vec![change.item.clone()],
            RuleSubject::Oversized(item) => vec![self.load_oversized_change(item).await?.item],
            RuleSubject::Scheduled => {
                let kinds = self.policy_resource_types(&policies);
                self.cloud.list_resources(rule, &kinds).await?
            }
            RuleSubject::Delivery(_) | RuleSubject::Other(_) => {
                task.metrics.count_skipped(
                    &PayloadContent::ConfigRule(Box::new(rule.clone())).kind_label(),
                    1,
                );
                return Ok(());
            }
        };
        let (assessments, batch) = self.assess_items(rule, &policies, &items)?;
        // A test of the rule must not write to the ledger.
        if !rule.test_mode {
            self.record_findings(batch, task).await?;
        }
        self.cloud.submit_assessments(rule, &assessments).await?;
        let count = u64::try_from(assessments.len()).unwrap_or(u64::MAX);
        task.metrics.add_count("Evaluations", count);
        Ok(())
    }

    fn assess_items(
        &self,
        rule: &ConfigRuleInvocation,
        policies: &[usize],
        items: &[ConfigurationItem],
    ) -> Result<(Vec<RuleAssessment>, EvaluationBatch), EvaluateError> {
        let filter = EventFilter::default();
        let mut evaluator = RecordEvaluator::new(&self.bundle.set, &self.bundle.waivers, &filter);
        let why = find_forgery_sign(&PayloadContent::ConfigRule(Box::new(rule.clone())));
        let (mut assessments, mut batch) = (Vec::new(), EvaluationBatch::default());
        for item in items {
            let outcome = evaluate_item(&mut evaluator, item, why);
            let outcome = outcome.map_err(|why| EvaluateError::Item {
                resource_type: item.kind.clone(),
                resource: item.id.clone(),
                why,
            })?;
            assessments.push(build_assessment(rule, policies, item, &outcome));
            batch.add_evaluation(outcome, None);
        }
        Ok((assessments, batch))
    }

    /// Returns the indexes of the policies of the rule in the policy set of the bundle.
    fn select_policies(&self, rule: &ConfigRuleInvocation) -> Result<Vec<usize>, EvaluateError> {
        let all = self.bundle.set.policies();
        let parameters: Option<Value> = serde_json::from_str(&rule.parameters).ok();
        let Some(names) = parameters.as_ref().and_then(|all| all.get(POLICIES_PARAMETER)?.as_str())
        else {
            return Ok((0..all.len()).collect());
        };
        let find_index = |name: &str| {
            let found = all.iter().position(|policy| policy.id == name);
            found.ok_or_else(|| EvaluateError::UnknownPolicy {
                parameter: POLICIES_PARAMETER,
                policy: name.to_owned(),
            })
        };
        names.split(',').map(str::trim).map(find_index).collect()
    }

    /// Returns the resource types that these policies evaluate, sorted and without duplicates.
    fn policy_resource_types(&self, policies: &[usize]) -> Vec<String> {
        let chosen = policies.iter().filter_map(|number| self.bundle.set.policies().get(*number));
        let mut kinds: Vec<String> =
            chosen.flat_map(|policy| policy.matches.resource_type.clone()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

/// Returns the assessment of one resource.
fn build_assessment(
    rule: &ConfigRuleInvocation,
    policies: &[usize],
    item: &ConfigurationItem,
    outcome: &RecordOutcome,
) -> RuleAssessment {
    let (status, annotation) = if rule.left_scope || item.is_deleted() {
        (
            ComplianceStatus::NotApplicable,
            "the resource was deleted, or left the scope of the rule".to_owned(),
        )
    } else if let RecordOutcome::Evaluated(event) = outcome {
        combine_statuses(policies, event)
    } else {
        (ComplianceStatus::NotApplicable, "no policy evaluates resources of this type".to_owned())
    };
    let time = if item.time.is_empty() { &rule.time } else { &item.time };
    RuleAssessment {
        kind: item.kind.clone(),
        id: item.id.clone(),
        status,
        annotation: annotation.chars().take(MAX_ANNOTATION_LENGTH).collect(),
        time: if matches!(rule.subject, RuleSubject::Scheduled) { &rule.time } else { time }
            .clone(),
    }
}

/// Returns the most severe status of all policies of the rule, with its annotation.
///
/// The function reports `NOT_APPLICABLE` for insufficient data, errors and waived findings, because
/// AWS Config does not accept `INSUFFICIENT_DATA`. It does not omit the status, because an earlier
/// `COMPLIANT` of the resource would then remain in AWS Config.
fn combine_statuses(policies: &[usize], event: &RecordEvaluation) -> (ComplianceStatus, String) {
    let of_rule =
        || event.evaluations.iter().filter(|evaluation| policies.contains(&evaluation.policy));
    let found = of_rule().filter_map(|evaluation| evaluation.finding.as_deref());
    let (violated, rest): (Vec<&Finding>, Vec<&Finding>) = found.partition(|finding| {
        finding.status == ComplianceStatus::NonCompliant && finding.waived.is_none()
    });
    if !violated.is_empty() {
        (ComplianceStatus::NonCompliant, describe_findings(&violated))
    } else if !rest.is_empty() {
        (ComplianceStatus::NotApplicable, describe_findings(&rest))
    } else if of_rule().any(|evaluation| evaluation.status == ComplianceStatus::Compliant) {
        (ComplianceStatus::Compliant, String::new())
    } else {
        (ComplianceStatus::NotApplicable, "no policy applies to the resource".to_owned())
    }
}

fn describe_findings(findings: &[&Finding]) -> String {
    let describe = |finding: &&Finding| match &finding.waived {
        Some(waiver) => format!("{}: waived by waiver {}", finding.policy, waiver.waiver),
        None => format!("{}: {}", finding.policy, finding.message),
    };
    findings.iter().map(describe).collect::<Vec<_>>().join("; ")
}
