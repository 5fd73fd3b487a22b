//! Attaches the findings of one action to the most severe one, so that one act is announced once.

use super::record_evaluator::PolicyEvaluation;
use super::single_evaluation::ComplianceStatus;
use crate::finding::{AttachedFinding, Finding};
use crate::policy::PolicySet;

/// Attaches findings of one action to the finding with the highest severity.
///
/// The violations of an action belong together, except for those of policies that evaluate each
/// resource of a call: these belong together for each resource. Waived findings and findings that
/// are no violations stay alone.
pub(super) fn attach_findings(set: &PolicySet, evaluations: &mut [PolicyEvaluation]) {
    for group in group_violations(set, evaluations) {
        attach_group(evaluations, &group);
    }
}

/// Returns the positions of the violations that belong together.
fn group_violations(set: &PolicySet, evaluations: &[PolicyEvaluation]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Option<(&str, &str)>, Vec<usize>)> = Vec::new();
    let of_each = |evaluation: &PolicyEvaluation| {
        let policy = set.policies().get(evaluation.policy);
        policy.is_some_and(crate::policy::Policy::evaluates_each_resource)
    };
    // The resources of policies that evaluate each resource define the groups of their resources.
    for each in [true, false] {
        for (number, evaluation) in evaluations.iter().enumerate() {
            let Some(finding) = evaluation.finding.as_deref().filter(|one| is_violation(one))
            else {
                continue;
            };
            if of_each(evaluation) != each {
                continue;
            }
            let resource = Some((finding.resource.kind.as_str(), finding.resource.id.as_str()));
            let has_group = groups.iter().any(|group| group.0 == resource);
            let key = resource.filter(|_| each || has_group);
            match groups.iter_mut().find(|group| group.0 == key) {
                Some(group) => group.1.push(number),
                None => groups.push((key, vec![number])),
            }
        }
    }
    groups.into_iter().map(|group| group.1).filter(|group| group.len() > 1).collect()
}

fn is_violation(finding: &Finding) -> bool {
    finding.status == ComplianceStatus::NonCompliant && finding.waived.is_none()
}

/// Attaches the findings at these positions to the most severe one, which is the first one in the
/// order of the policies if several have the same severity.
fn attach_group(evaluations: &mut [PolicyEvaluation], group: &[usize]) {
    let mut group = group.to_vec();
    group.sort_unstable();
    let finding = |number: &usize| evaluations.get(*number).and_then(|one| one.finding.as_deref());
    let primary = group.iter().rev().max_by_key(|number| finding(number).map(|one| one.severity));
    let Some((primary, uid)) = primary.and_then(|one| Some((*one, finding(one)?.uid))) else {
        return;
    };
    let attached = group.iter().filter(|number| **number != primary).filter_map(finding);
    let attached: Vec<AttachedFinding> = attached.map(AttachedFinding::from).collect();
    for number in group.into_iter().filter(|number| *number != primary) {
        let finding = evaluations.get_mut(number).and_then(|one| one.finding.as_deref_mut());
        if let Some(finding) = finding {
            finding.attached_to = Some(uid);
        }
    }
    let finding = evaluations.get_mut(primary).and_then(|one| one.finding.as_deref_mut());
    if let Some(finding) = finding {
        finding.attached = attached;
    }
}
