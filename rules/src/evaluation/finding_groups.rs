//! Attaches the findings of one action to the most severe one, so that one act is announced once.

use super::single_evaluation::ComplianceStatus;
use crate::finding::{AttachedFinding, Finding};

/// A finding of an action.
pub(super) struct ActionFinding<'f> {
    /// True if the policy evaluates each resource of a call.
    pub(super) of_each_resource: bool,
    pub(super) finding: &'f mut Finding,
}

/// Attaches findings of one action to the finding with the highest severity.
///
/// The violations of an action belong together, except for those of policies that evaluate each
/// resource of a call: these belong together for each resource. Waived findings and findings that
/// are no violations stay alone.
pub(super) fn attach_findings(mut findings: Vec<ActionFinding<'_>>) {
    findings.retain(|one| is_violation(one.finding));
    for group in group_findings(&findings) {
        attach_group(&mut findings, &group);
    }
}

fn is_violation(finding: &Finding) -> bool {
    finding.status == ComplianceStatus::NonCompliant && finding.waived.is_none()
}

/// Findings that belong together: the resource that they have in common, if they are about each
/// resource of a call, and their positions.
type FindingGroup<'f> = (Option<(&'f str, &'f str)>, Vec<usize>);

/// Returns the positions of the findings that belong together, in ascending order.
fn group_findings(findings: &[ActionFinding<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<FindingGroup<'_>> = Vec::new();
    // The resources of policies that evaluate each resource define the groups of their resources.
    for each in [true, false] {
        for (number, one) in findings.iter().enumerate() {
            if one.of_each_resource != each {
                continue;
            }
            let resource = &one.finding.resource;
            let resource = Some((resource.kind.as_str(), resource.id.as_str()));
            let has_group = groups.iter().any(|group| group.0 == resource);
            let key = resource.filter(|_| each || has_group);
            match groups.iter_mut().find(|group| group.0 == key) {
                Some(group) => group.1.push(number),
                None => groups.push((key, vec![number])),
            }
        }
    }
    let groups = groups.into_iter().map(|group| group.1).filter(|group| group.len() > 1);
    groups
        .map(|mut group| {
            group.sort_unstable();
            group
        })
        .collect()
}

/// Attaches the findings at these positions to the most severe one, which is the first one in the
/// order of the policies if several have the same severity.
fn attach_group(findings: &mut [ActionFinding<'_>], group: &[usize]) {
    let finding = |number: &usize| findings.get(*number).map(|one| &*one.finding);
    let primary = group.iter().rev().max_by_key(|number| finding(number).map(|one| one.severity));
    let Some((primary, uid)) = primary.and_then(|one| Some((*one, finding(one)?.uid))) else {
        return;
    };
    let others = group.iter().filter(|number| **number != primary);
    let attached: Vec<AttachedFinding> =
        others.clone().filter_map(finding).map(AttachedFinding::from).collect();
    for number in others {
        if let Some(one) = findings.get_mut(*number) {
            one.finding.attached_to = Some(uid);
        }
    }
    if let Some(one) = findings.get_mut(primary) {
        one.finding.attached = attached;
    }
}
