//! The answer to a rule of AWS Config: each resource's compliance, once its findings are durable.

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

/// The longest annotation that AWS Config takes, in characters.
///
/// Source: AWS Config API Reference, `Evaluation`.
const MAX_ANNOTATION_LENGTH: usize = 256;

/// The rule's parameter that names the policies it stands for, with commas between them; all, unless given.
const POLICIES_PARAMETER: &str = "policies";

impl<A: NoticeAnnouncer, O: CloudContext> PayloadEvaluator<A, O> {
    /// Judges what a rule asks about, records what is found, and answers the rule.
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
        let (assessments, taken) = self.assess_items(rule, &policies, &items)?;
        // A test is to leave nothing behind.
        if !rule.test_mode {
            self.record_findings(taken, task).await?;
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
        let mut judge = RecordEvaluator::new(&self.bundle.set, &self.bundle.waivers, &filter);
        let why = find_forgery_sign(&PayloadContent::ConfigRule(Box::new(rule.clone())));
        let (mut assessments, mut taken) = (Vec::new(), EvaluationBatch::default());
        for item in items {
            let judged = evaluate_item(&mut judge, item, why);
            let judged = judged.map_err(|why| EvaluateError::Item {
                resource_type: item.kind.clone(),
                resource: item.id.clone(),
                why,
            })?;
            assessments.push(build_assessment(rule, policies, item, &judged));
            taken.add_evaluation(judged, None);
        }
        Ok((assessments, taken))
    }

    /// The numbers of the policies that the rule stands for.
    fn select_policies(&self, rule: &ConfigRuleInvocation) -> Result<Vec<usize>, EvaluateError> {
        let all = self.bundle.set.policies();
        let parameters: Option<Value> = serde_json::from_str(&rule.parameters).ok();
        let Some(names) = parameters.as_ref().and_then(|all| all.get(POLICIES_PARAMETER)?.as_str())
        else {
            return Ok((0..all.len()).collect());
        };
        let number = |name: &str| {
            let found = all.iter().position(|policy| policy.id == name);
            found.ok_or_else(|| EvaluateError::UnknownPolicy {
                parameter: POLICIES_PARAMETER,
                policy: name.to_owned(),
            })
        };
        names.split(',').map(str::trim).map(number).collect()
    }

    /// The resource types that these policies judge, in order.
    fn policy_resource_types(&self, policies: &[usize]) -> Vec<String> {
        let chosen = policies.iter().filter_map(|number| self.bundle.set.policies().get(*number));
        let mut kinds: Vec<String> =
            chosen.flat_map(|policy| policy.matches.resource_type.clone()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

/// What the rule is told about one resource.
fn build_assessment(
    rule: &ConfigRuleInvocation,
    policies: &[usize],
    item: &ConfigurationItem,
    judged: &RecordOutcome,
) -> RuleAssessment {
    let (status, annotation) = if rule.left_scope || item.is_deleted() {
        (
            ComplianceStatus::NotApplicable,
            "the resource is gone, or left the rule's scope".to_owned(),
        )
    } else if let RecordOutcome::Evaluated(event) = judged {
        combine_statuses(policies, event)
    } else {
        (ComplianceStatus::NotApplicable, "no policy judges resources of this type".to_owned())
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

/// The status of all policies together, the worst first.
///
/// What is not known, or accepted by a waiver, is told as not applicable, which takes back what was said
/// before: AWS Config takes no `INSUFFICIENT_DATA`, and to say nothing would leave an old `COMPLIANT`
/// standing.
fn combine_statuses(policies: &[usize], event: &RecordEvaluation) -> (ComplianceStatus, String) {
    let of_rule = || event.evaluations.iter().filter(|one| policies.contains(&one.policy));
    let found = of_rule().filter_map(|one| one.finding.as_deref());
    let (violated, rest): (Vec<&Finding>, Vec<&Finding>) = found.partition(|finding| {
        finding.status == ComplianceStatus::NonCompliant && finding.suppressed.is_none()
    });
    if !violated.is_empty() {
        (ComplianceStatus::NonCompliant, describe_findings(&violated))
    } else if !rest.is_empty() {
        (ComplianceStatus::NotApplicable, describe_findings(&rest))
    } else if of_rule().any(|one| one.status == ComplianceStatus::Compliant) {
        (ComplianceStatus::Compliant, String::new())
    } else {
        (ComplianceStatus::NotApplicable, "no policy concerns the resource".to_owned())
    }
}

fn describe_findings(findings: &[&Finding]) -> String {
    let word = |finding: &&Finding| match &finding.suppressed {
        Some(waiver) => format!("{}: accepted by waiver {}", finding.policy, waiver.waiver),
        None => format!("{}: {}", finding.policy, finding.message),
    };
    findings.iter().map(word).collect::<Vec<_>>().join("; ")
}
