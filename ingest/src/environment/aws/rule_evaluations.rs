//! Sends the evaluations of AWS Config rules with `PutEvaluations`.

use aws_sdk_config::Client;
use aws_sdk_config::primitives::DateTime;
use aws_sdk_config::types::{ComplianceType, Evaluation};
use evenkeel_rules::{ComplianceStatus, parse_epoch_millis};

use super::to_context_error;
use crate::environment::{CloudContextError, RuleAssessment};
use crate::payload::ConfigRuleInvocation;

/// The maximum number of evaluations in one request.
///
/// Source: AWS Config API Reference, `PutEvaluations`.
const EVALUATIONS_PER_REQUEST: usize = 100;

/// Sends all assessments. The function sends no request if there are no assessments, which means
/// that no resource of the types of the rule exists.
pub(super) async fn send_evaluations(
    client: &Client,
    rule: &ConfigRuleInvocation,
    assessments: &[RuleAssessment],
) -> Result<(), CloudContextError> {
    for portion in assessments.chunks(EVALUATIONS_PER_REQUEST) {
        let evaluations: Result<Vec<_>, _> = portion.iter().map(build_evaluation).collect();
        let mut failed = client
            .put_evaluations()
            .result_token(&rule.result_token)
            .test_mode(rule.test_mode)
            .set_evaluations(Some(evaluations?))
            .send()
            .await
            .map_err(|error| to_context_error("AWS Config did not accept the evaluations", error))?
            .failed_evaluations
            .unwrap_or_default();
        if let Some(first) = failed.pop() {
            let resource = first.compliance_resource_id;
            return Err(CloudContextError::Evaluation { resource });
        }
    }
    Ok(())
}

fn build_evaluation(assessment: &RuleAssessment) -> Result<Evaluation, CloudContextError> {
    let status = match assessment.status {
        ComplianceStatus::Compliant => ComplianceType::Compliant,
        ComplianceStatus::NonCompliant => ComplianceType::NonCompliant,
        ComplianceStatus::NotApplicable
        | ComplianceStatus::InsufficientData
        | ComplianceStatus::Error => ComplianceType::NotApplicable,
    };
    let time = parse_epoch_millis(&assessment.time)
        .ok_or_else(|| CloudContextError::NoTime { resource: assessment.id.clone() })?;
    let annotation = Some(assessment.annotation.clone()).filter(|text| !text.is_empty());
    Evaluation::builder()
        .compliance_resource_type(&assessment.kind)
        .compliance_resource_id(&assessment.id)
        .compliance_type(status)
        .set_annotation(annotation)
        .ordering_timestamp(DateTime::from_millis(time))
        .build()
        .map_err(|error| CloudContextError::Request(error.to_string()))
}
