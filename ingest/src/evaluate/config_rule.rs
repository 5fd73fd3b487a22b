//! The answer to a rule of AWS Config: each resource's compliance, once its findings are durable.

use evenkeel_ledger::Announce;
use evenkeel_rules::{
    ComplianceStatus, ConfigurationItem, Filter, Finding, Judge, Judged, JudgedEvent,
};
use serde_json::Value;

use super::taken::Taken;
use super::{EvaluateError, Evaluator, Task};
use crate::environment::{Assessment, Outside};
use crate::evaluate::judging::judge_item;
use crate::payload::suspect;
use crate::payload::{ConfigRuleInvocation, Content, RuleSubject};

/// The longest annotation that AWS Config takes, in characters.
///
/// Source: AWS Config API Reference, `Evaluation`.
const ANNOTATION: usize = 256;

/// The rule's parameter that names the policies it stands for, with commas between them; all, unless given.
const POLICIES: &str = "policies";

impl<A: Announce, O: Outside> Evaluator<A, O> {
    /// Judges what a rule asks about, records what is found, and answers the rule.
    pub(super) async fn rule(
        &self,
        rule: &ConfigRuleInvocation,
        task: &mut Task<'_>,
    ) -> Result<(), EvaluateError> {
        let policies = self.policies(rule)?;
        let items = match &rule.subject {
            RuleSubject::Item(change) => vec![change.item.clone()],
            RuleSubject::Oversized(item) => vec![self.whole_item(item).await?.item],
            RuleSubject::Scheduled => {
                let kinds = self.kinds(&policies);
                self.outside.inventory(rule, &kinds).await?
            }
            RuleSubject::Delivery(_) | RuleSubject::Other(_) => {
                task.metrics.skip(&Content::ConfigRule(Box::new(rule.clone())).kind(), 1);
                return Ok(());
            }
        };
        let (assessments, taken) = self.assess(rule, &policies, &items)?;
        // A test is to leave nothing behind.
        if !rule.test_mode {
            self.settle(taken, task).await?;
        }
        self.outside.assess(rule, &assessments).await?;
        let count = u64::try_from(assessments.len()).unwrap_or(u64::MAX);
        task.metrics.add("Evaluations", count);
        Ok(())
    }

    fn assess(
        &self,
        rule: &ConfigRuleInvocation,
        policies: &[usize],
        items: &[ConfigurationItem],
    ) -> Result<(Vec<Assessment>, Taken), EvaluateError> {
        let filter = Filter::default();
        let mut judge = Judge::new(&self.bundle.set, &self.bundle.waivers, &filter);
        let why = suspect(&Content::ConfigRule(Box::new(rule.clone())));
        let (mut assessments, mut taken) = (Vec::new(), Taken::default());
        for item in items {
            let judged = judge_item(&mut judge, item, why);
            let judged = judged.map_err(|why| EvaluateError::Item {
                resource_type: item.kind.clone(),
                resource: item.id.clone(),
                why,
            })?;
            assessments.push(assessment(rule, policies, item, &judged));
            taken.take(judged, None);
        }
        Ok((assessments, taken))
    }

    /// The numbers of the policies that the rule stands for.
    fn policies(&self, rule: &ConfigRuleInvocation) -> Result<Vec<usize>, EvaluateError> {
        let all = self.bundle.set.policies();
        let parameters: Option<Value> = serde_json::from_str(&rule.parameters).ok();
        let Some(names) = parameters.as_ref().and_then(|all| all.get(POLICIES)?.as_str()) else {
            return Ok((0..all.len()).collect());
        };
        let number = |name: &str| {
            let found = all.iter().position(|policy| policy.id == name);
            found.ok_or_else(|| EvaluateError::UnknownPolicy {
                parameter: POLICIES,
                policy: name.to_owned(),
            })
        };
        names.split(',').map(str::trim).map(number).collect()
    }

    /// The resource types that these policies judge, in order.
    fn kinds(&self, policies: &[usize]) -> Vec<String> {
        let chosen = policies.iter().filter_map(|number| self.bundle.set.policies().get(*number));
        let mut kinds: Vec<String> =
            chosen.flat_map(|policy| policy.matches.resource_type.clone()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

/// What the rule is told about one resource.
fn assessment(
    rule: &ConfigRuleInvocation,
    policies: &[usize],
    item: &ConfigurationItem,
    judged: &Judged,
) -> Assessment {
    let (status, annotation) = if rule.left_scope || item.deleted() {
        (
            ComplianceStatus::NotApplicable,
            "the resource is gone, or left the rule's scope".to_owned(),
        )
    } else if let Judged::Event(event) = judged {
        status(policies, event)
    } else {
        (ComplianceStatus::NotApplicable, "no policy judges resources of this type".to_owned())
    };
    let time = if item.time.is_empty() { &rule.time } else { &item.time };
    Assessment {
        kind: item.kind.clone(),
        id: item.id.clone(),
        status,
        annotation: annotation.chars().take(ANNOTATION).collect(),
        time: if matches!(rule.subject, RuleSubject::Scheduled) { &rule.time } else { time }
            .clone(),
    }
}

/// The status of all policies together, the worst first.
///
/// What is not known, or accepted by a waiver, is told as not applicable, which takes back what was said
/// before: AWS Config takes no `INSUFFICIENT_DATA`, and to say nothing would leave an old `COMPLIANT`
/// standing.
fn status(policies: &[usize], event: &JudgedEvent) -> (ComplianceStatus, String) {
    let of_rule = || event.evaluations.iter().filter(|one| policies.contains(&one.policy));
    let found = of_rule().filter_map(|one| one.finding.as_deref());
    let (violated, rest): (Vec<&Finding>, Vec<&Finding>) = found.partition(|finding| {
        finding.status == ComplianceStatus::NonCompliant && finding.suppressed.is_none()
    });
    if !violated.is_empty() {
        (ComplianceStatus::NonCompliant, words(&violated))
    } else if !rest.is_empty() {
        (ComplianceStatus::NotApplicable, words(&rest))
    } else if of_rule().any(|one| one.status == ComplianceStatus::Compliant) {
        (ComplianceStatus::Compliant, String::new())
    } else {
        (ComplianceStatus::NotApplicable, "no policy concerns the resource".to_owned())
    }
}

fn words(findings: &[&Finding]) -> String {
    let word = |finding: &&Finding| match &finding.suppressed {
        Some(waiver) => format!("{}: accepted by waiver {}", finding.policy, waiver.waiver),
        None => format!("{}: {}", finding.policy, finding.message),
    };
    findings.iter().map(word).collect::<Vec<_>>().join("; ")
}
