//! `PutEvaluations`: the answer to a rule of AWS Config.

use aws_sdk_config::Client;
use aws_sdk_config::primitives::DateTime;
use aws_sdk_config::types::{ComplianceType, Evaluation};
use evenkeel_rules::{ComplianceStatus, milliseconds};

use super::because;
use crate::environment::{Assessment, OutsideError};
use crate::payload::ConfigRuleInvocation;

/// So many evaluations are taken at a time.
///
/// Source: AWS Config API Reference, `PutEvaluations`.
const AT_A_TIME: usize = 100;

/// Sends all assessments. No assessment is an answer too: there is nothing of the kind.
pub(super) async fn put(
    client: &Client,
    rule: &ConfigRuleInvocation,
    assessments: &[Assessment],
) -> Result<(), OutsideError> {
    for portion in assessments.chunks(AT_A_TIME) {
        let evaluations: Result<Vec<_>, _> = portion.iter().map(evaluation).collect();
        let mut failed = client
            .put_evaluations()
            .result_token(&rule.result_token)
            .test_mode(rule.test_mode)
            .set_evaluations(Some(evaluations?))
            .send()
            .await
            .map_err(|error| because("AWS Config did not take the evaluations", error))?
            .failed_evaluations
            .unwrap_or_default();
        if let Some(first) = failed.pop() {
            let resource = first.compliance_resource_id;
            return Err(OutsideError::Evaluation { resource });
        }
    }
    Ok(())
}

fn evaluation(assessment: &Assessment) -> Result<Evaluation, OutsideError> {
    let status = match assessment.status {
        ComplianceStatus::Compliant => ComplianceType::Compliant,
        ComplianceStatus::NonCompliant => ComplianceType::NonCompliant,
        ComplianceStatus::NotApplicable
        | ComplianceStatus::InsufficientData
        | ComplianceStatus::Error => ComplianceType::NotApplicable,
    };
    let time = milliseconds(&assessment.time)
        .ok_or_else(|| OutsideError::NoTime { resource: assessment.id.clone() })?;
    let annotation = Some(assessment.annotation.clone()).filter(|text| !text.is_empty());
    Evaluation::builder()
        .compliance_resource_type(&assessment.kind)
        .compliance_resource_id(&assessment.id)
        .compliance_type(status)
        .set_annotation(annotation)
        .ordering_timestamp(DateTime::from_millis(time))
        .build()
        .map_err(|error| OutsideError::Request(error.to_string()))
}
