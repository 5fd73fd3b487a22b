//! Waivers: accepted exceptions from policies, with a reason and an expiry date.

use crate::diagnostic::Diagnostic;
use crate::finding::{AppliedWaiver, Finding};
use crate::policy::PolicySet;
use crate::text::{locate_span, start_offset};
use chrono::NaiveDate;
use evenkeel_engine::ast::SourceTexts;
use evenkeel_engine::glob;
use evenkeel_engine::{
    CelError, CompiledExpression, ConstantValue, EvaluationScope, ExpressionCompiler,
    ExpressionValue, FunctionSet, on_large_stack,
};
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;
use std::ops::Range;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenWaiver {
    id: Spanned<String>,
    policies: Vec<String>,
    resource: Option<String>,
    when: Option<Spanned<String>>,
    #[serde(default)]
    accounts: Vec<String>,
    reason: String,
    ticket: Option<String>,
    #[expect(dead_code, reason = "the field is required in the file; only people read it")]
    approved_by: String,
    expires: String,
}

#[derive(Debug)]
struct Waiver {
    terms: WaiverTerms,
    when: Option<(CompiledExpression, SourceTexts)>,
    reason: String,
    ticket: Option<String>,
    expires: NaiveDate,
}

/// The terms of a waiver: the findings that it covers and its expiry date, without its reason and
/// its ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaiverTerms {
    /// The id of the waiver.
    pub id: String,
    /// The ids of policies, or glob patterns for them.
    pub policies: Vec<String>,
    /// A glob pattern for the id or the ARN of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// A CEL condition over `finding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The ids of accounts, or glob patterns for them. An empty list selects all accounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// The last day on which the waiver is valid, such as `2026-12-31`.
    pub expires: String,
}

/// The reason why waivers cannot be loaded or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaiverError {
    /// A waiver file is not valid. The text is the first error in it.
    #[error("{0}")]
    File(String),
    /// The condition of a waiver cannot be evaluated.
    #[error("waiver `{waiver}`: {}", failure.full_message())]
    Condition {
        /// The id of the waiver.
        waiver: String,
        /// The error of the CEL engine.
        failure: Box<CelError>,
    },
    /// The condition of a waiver does not return a bool.
    #[error("waiver `{waiver}`: the condition in `when` does not return a bool")]
    NoBool {
        /// The id of the waiver.
        waiver: String,
    },
}

/// The waivers of one or several files, in order.
#[derive(Debug, Default)]
pub struct WaiverSet(Vec<Waiver>);

impl WaiverSet {
    /// Parses a waiver file, which is a YAML list, and checks it against the policies.
    ///
    /// A waiver selects policies by id or by glob pattern. It selects resources by glob pattern, by
    /// a CEL condition over `finding`, or by both. It has a reason, an approver and an expiry date.
    ///
    /// # Errors
    /// Returns a diagnostic for each waiver that is not valid or that selects a policy that is not
    /// in `set`.
    pub fn load_checked(
        name: &str,
        text: &str,
        set: &PolicySet,
    ) -> Result<WaiverSet, Vec<Diagnostic>> {
        Self::parse_waivers(name, text, Some(set))
    }

    /// Parses a waiver file without a check against the policies. Use it for a file that was
    /// checked before.
    ///
    /// # Errors
    /// Returns [`WaiverError::File`] with the first error in the file.
    pub fn load_unchecked(name: &str, text: &str) -> Result<WaiverSet, WaiverError> {
        Self::parse_waivers(name, text, None).map_err(|wrong| {
            let first = wrong.into_iter().next().map(|first| first.message);
            WaiverError::File(first.unwrap_or_default())
        })
    }

    fn parse_waivers(
        name: &str,
        text: &str,
        set: Option<&PolicySet>,
    ) -> Result<WaiverSet, Vec<Diagnostic>> {
        let written: Vec<WrittenWaiver> = serde_saphyr::from_str(text)
            .map_err(|error| vec![Diagnostic::from_yaml_error("waiver", name, text, &error)])?;
        let (mut waivers, mut errors) = (Vec::new(), Vec::new());
        for waiver in written {
            match Waiver::new(name, text, waiver, set) {
                Ok(waiver) => waivers.push(waiver),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(WaiverSet(waivers)) } else { Err(errors) }
    }

    /// Adds the waivers of another file.
    pub fn add_waivers(&mut self, other: WaiverSet) {
        self.0.extend(other.0);
    }

    /// Returns whether the set contains no waiver.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the terms of the waivers, in the order in which they are applied.
    pub fn waiver_terms(&self) -> impl Iterator<Item = &WaiverTerms> {
        self.0.iter().map(|waiver| &waiver.terms)
    }

    /// Marks the finding as waived if a waiver covers it at the time of its action. The first
    /// waiver that covers the finding is used.
    ///
    /// # Errors
    /// Returns [`WaiverError::Condition`] or [`WaiverError::NoBool`] if the condition of a waiver
    /// fails. The finding is then not waived.
    pub fn apply_to_finding(&self, finding: &mut Finding) -> Result<(), WaiverError> {
        if self.0.is_empty() {
            return Ok(());
        }
        for waiver in &self.0 {
            if waiver.covers_finding(finding)? {
                finding.waived = Some(AppliedWaiver {
                    waiver: waiver.terms.id.clone(),
                    reason: waiver.reason.clone(),
                    ticket: waiver.ticket.clone(),
                });
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Waiver {
    fn new(
        file: &str,
        text: &str,
        written: WrittenWaiver,
        set: Option<&PolicySet>,
    ) -> Result<Self, Diagnostic> {
        let locate = |value: &Spanned<String>, span: &Range<usize>| {
            locate_span(text, start_offset(value), &value.value, span)
        };
        let id = written.id.value.clone();
        let here = locate(&written.id, &(0..id.len()));
        let fail = |message: String| Diagnostic::new_error("waiver", file, here.clone(), message);
        let is_unknown = |set: &PolicySet, pattern: &String| {
            !set.policies().iter().any(|policy| glob::matches_pattern(pattern, &policy.id))
        };
        let unknown = |set: &PolicySet| written.policies.iter().find(|one| is_unknown(set, one));
        if let Some((set, unknown)) = set.and_then(|set| Some((set, unknown(set)?))) {
            let ids = set.policies().iter().map(|policy| policy.id.as_str());
            let help = evenkeel_engine::suggest_name(unknown, ids);
            return Err(fail(format!("there is no policy `{unknown}`")).with_help(help));
        }
        if written.resource.is_none() && written.when.is_none() {
            return Err(fail(
                "the waiver has no `resource` and no `when`; add one of them".to_owned(),
            ));
        }
        if written.reason.trim().is_empty() {
            return Err(fail("the `reason` of the waiver is empty; write a reason".to_owned()));
        }
        let expires = NaiveDate::parse_from_str(&written.expires, "%Y-%m-%d").map_err(|_| {
            fail(format!("`{}` is not a valid date; use 2026-12-31", written.expires))
        })?;
        let condition_of = written.when.as_ref().map(|when| {
            compile_condition(&when.value).map_err(|failure| {
                let span = locate(when, &failure.span);
                Diagnostic::new_error("waiver", file, span, failure.message).with_help(failure.help)
            })
        });
        let when = condition_of.transpose()?;
        let terms = WaiverTerms {
            id,
            policies: written.policies,
            resource: written.resource,
            when: written.when.map(|when| when.value),
            accounts: written.accounts,
            expires: written.expires,
        };
        Ok(Waiver { terms, when, reason: written.reason, ticket: written.ticket, expires })
    }

    fn covers_finding(&self, finding: &Finding) -> Result<bool, WaiverError> {
        let matches_any = |patterns: &[String], text: &str| {
            patterns.iter().any(|pattern| glob::matches_pattern(pattern, text))
        };
        let WaiverTerms { policies, resource, accounts, .. } = &self.terms;
        if !matches_any(policies, &finding.policy)
            || !(accounts.is_empty() || matches_any(accounts, &finding.resource.account))
            || self.had_expired(finding)
        {
            return Ok(false);
        }
        let known_as = [Some(finding.resource.id.as_str()), finding.resource.arn.as_deref()];
        let named = resource.as_ref().is_none_or(|pattern| {
            known_as.iter().flatten().any(|name| glob::matches_pattern(pattern, name))
        });
        match &self.when {
            Some((condition, sources)) if named => {
                self.evaluate_condition(condition, sources, finding)
            }
            _ => Ok(named),
        }
    }

    fn evaluate_condition(
        &self,
        condition: &CompiledExpression,
        sources: &SourceTexts,
        finding: &Finding,
    ) -> Result<bool, WaiverError> {
        let waiver = || self.terms.id.clone();
        let failed =
            |failure| WaiverError::Condition { waiver: waiver(), failure: Box::new(failure) };
        let value = serde_json::to_value(finding)
            .map_err(|error| failed(CelError::internal_error(error.to_string())))?;
        let prepared = ConstantValue::new(&value);
        let mut scope: EvaluationScope<'_> = EvaluationScope::default();
        scope.bind_constant("finding", &prepared);
        match condition.evaluate_in(&scope, sources).map_err(failed)? {
            ExpressionValue::Bool(truth) => Ok(truth),
            _ => Err(WaiverError::NoBool { waiver: waiver() }),
        }
    }

    /// Returns whether the waiver had expired at the time of the action. If the time of the action
    /// is unknown, the waiver counts as expired.
    fn had_expired(&self, finding: &Finding) -> bool {
        let day = finding.action.event_time.get(..10);
        let day = day.and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
        day.is_none_or(|day| day > self.expires)
    }
}

fn compile_condition(text: &str) -> Result<(CompiledExpression, SourceTexts), CelError> {
    let functions = FunctionSet::default();
    on_large_stack(|| {
        let mut compiler = ExpressionCompiler::new(&functions);
        let expression = compiler.compile_expression(text, &["finding"])?;
        Ok((expression, compiler.into_sources()))
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the parts of the text that the diagnostics mark.
    fn marked_parts(text: &str) -> Vec<&str> {
        let wrong = WaiverSet::parse_waivers("waivers.yaml", text, None).unwrap_err();
        wrong.into_iter().map(|one| text.get(one.span).unwrap()).collect()
    }

    #[test]
    fn an_error_marks_the_text_between_the_quotation_marks() {
        let terms = "policies: [p], reason: r, approvedBy: jo";
        let text = format!(
            "- {{id: 'é', {terms}, resource: b, expires: tomorrow}}
- {{id: b, {terms}, when: \"1 + é\", expires: 2026-12-31}}
- {{id: c, {terms}, when: 'findin', expires: 2026-12-31}}
"
        );
        assert_eq!(marked_parts(&text), ["é", "é", "findin"]);
    }
}
