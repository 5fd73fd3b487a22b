//! Evaluates one record or configuration item with every policy that matches it.

use crate::evaluation::configuration_item::{ConfigurationItem, ItemTapes, ParsedItem};
use crate::evaluation::event_evaluation::evaluate_event;
use crate::evaluation::finding_groups::{ActionFinding, attach_findings};
use crate::evaluation::record_kinds::{is_unsupported_event_type, unsupported_record_kind};
use crate::evaluation::single_evaluation::{
    ComplianceStatus, Evaluation, ResourceContext, ResourceIdentity,
};
use crate::event::{BusOrigin, CloudTrailEvent, EventError};
use crate::finding::Finding;
use crate::json::{JsonTape, decode_utf8_lossy};
use crate::policy::{Policy, PolicySet};
use crate::waiver::{WaiverError, WaiverSet};
use memchr::memmem::Finder;
use uuid::Uuid;

/// A filter that selects the events to evaluate. Other events are reported as
/// [`RecordOutcome::Filtered`].
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// The earliest time of an event, in milliseconds since 1970. An event whose time is not valid
    /// passes the filter.
    pub since: Option<i64>,
    /// The end of the period, in milliseconds since 1970. Events at this time or later are
    /// filtered.
    pub until: Option<i64>,
    /// The ids of the accounts; all accounts if empty.
    pub accounts: Vec<String>,
    /// The names of the Regions; all Regions if empty.
    pub regions: Vec<String>,
}

impl EventFilter {
    fn admits_event(&self, event: &CloudTrailEvent<'_>) -> bool {
        let listed = |list: &[String], value: &str| {
            list.is_empty() || list.iter().any(|wanted| wanted == value)
        };
        listed(&self.accounts, &event.account)
            && listed(&self.regions, &event.region)
            && (self.since.is_none() && self.until.is_none() || self.contains_time(&event.time))
    }

    fn contains_time(&self, time: &str) -> bool {
        let Some(time) = parse_epoch_millis(time) else { return true };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}

/// Parses a day (`2026-03-01`, its beginning in UTC) or an RFC 3339 time. Returns milliseconds
/// since 1970, or `None` if the text is neither.
pub fn parse_epoch_millis(text: &str) -> Option<i64> {
    let time = chrono::DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_millis());
    let day = || {
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    };
    time.ok().or_else(day)
}

/// The outcome for one record.
#[derive(Debug)]
pub enum RecordOutcome {
    /// No policy matches the event.
    Unwatched,
    /// A policy matches the event, and the filter excludes it.
    Filtered,
    /// The record is of a kind that policies do not support. The text names the kind.
    Skipped(&'static str),
    /// Policies evaluated the event.
    Evaluated(RecordEvaluation),
}

/// The result of all policies that match one event.
#[derive(Debug)]
pub struct RecordEvaluation {
    /// The `eventID`, which is equal in every copy of the record. If the `eventID` is not a UUID,
    /// the field contains a UUIDv5 of it.
    pub id: Uuid,
    /// A digest of the content of the record. Copies of a record have the same digest. Another
    /// record with the same `eventID` has another digest.
    pub content_digest: Uuid,
    /// The result of each policy that matches the event, in the order of the policies. A policy has
    /// several results if the event is about several resources.
    pub evaluations: Vec<PolicyEvaluation>,
    /// True if the record contained invalid UTF-8, which was replaced.
    pub replaced: bool,
    /// The errors of waivers whose condition could not be evaluated.
    pub waiver_errors: Vec<WaiverError>,
}

/// The result of one policy for one resource of an event.
#[derive(Debug)]
pub struct PolicyEvaluation {
    /// The index of the policy in its set.
    pub policy: usize,
    /// The status that the policy returned.
    pub status: ComplianceStatus,
    /// The finding; `None` if the status is `COMPLIANT` or `NOT_APPLICABLE`.
    pub finding: Option<Box<Finding>>,
    /// The resource whose configuration is needed, if the status is `INSUFFICIENT_DATA`.
    pub missing: Option<Box<MissingConfiguration>>,
}

/// A resource whose configuration a policy needs to return a definite status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingConfiguration {
    /// The resource. Fields that the event does not contain are empty.
    pub resource: ResourceIdentity,
    /// The index of the resource in the list of `resource.each`.
    pub element: usize,
    /// The time of the event. A configuration that was captured earlier does not show the effect of
    /// the event.
    pub since: String,
}

impl RecordEvaluation {
    fn new(id: Uuid, content: Uuid, policies: usize) -> Self {
        RecordEvaluation {
            id,
            content_digest: content,
            evaluations: Vec::with_capacity(policies),
            replaced: false,
            waiver_errors: Vec::new(),
        }
    }

    /// Returns the findings in the order of the policies.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.evaluations.iter().filter_map(|one| one.finding.as_deref())
    }

    /// Marks all findings as possibly forged, with the reason `why`.
    pub fn mark_possibly_forged(&mut self, why: &str) {
        self.content_digest = Uuid::new_v5(&self.content_digest, why.as_bytes());
        for one in &mut self.evaluations {
            one.finding =
                one.finding.take().map(|finding| Box::new(finding.into_possibly_forged(why)));
        }
    }
}

/// An evaluator for records and configuration items. Each thread uses its own evaluator, because
/// the evaluator reuses its buffers.
///
/// The evaluator searches the bytes of a record for an event name first. It parses the record only
/// if a policy may match.
///
/// ```
/// use evenkeel_rules::policy::PolicySet;
/// use evenkeel_rules::{EventFilter, RecordEvaluator, RecordOutcome, WaiverSet};
///
/// let (set, waivers) = (PolicySet::default(), WaiverSet::default());
/// let filter = EventFilter::default();
/// let mut evaluator = RecordEvaluator::new(&set, &waivers, &filter);
/// let record = br#"{"eventSource": "s3.amazonaws.com", "eventName": "ListBuckets"}"#;
/// let outcome = evaluator.evaluate_record(record).expect("the record is valid");
/// assert!(matches!(outcome, RecordOutcome::Unwatched));
/// ```
#[derive(Debug)]
pub struct RecordEvaluator<'s> {
    set: &'s PolicySet,
    waivers: &'s WaiverSet,
    filter: &'s EventFilter,
    name_finder: Finder<'static>,
    escape_finder: Finder<'static>,
    type_finder: Finder<'static>,
    /// The quoted identity types whose events policies for every name match.
    identity_finders: Vec<Finder<'static>>,
    evaluates_every_event: bool,
    tape: JsonTape,
    item_tapes: ItemTapes,
}

impl<'s> RecordEvaluator<'s> {
    /// Creates an evaluator for these policies, waivers and filter.
    pub fn new(set: &'s PolicySet, waivers: &'s WaiverSet, filter: &'s EventFilter) -> Self {
        let finder = |text: &'static str| Finder::new(text).into_owned();
        let (name, escape) = (finder("\"eventName\""), finder("\\u00"));
        let event_type = finder("\"eventType\"");
        let identities = set.any_name_identities();
        let (tape, item_tapes) = (JsonTape::default(), ItemTapes::default());
        RecordEvaluator {
            set,
            waivers,
            filter,
            name_finder: name,
            escape_finder: escape,
            type_finder: event_type,
            identity_finders: identities
                .iter()
                .flatten()
                .map(|kind| Finder::new(&format!("\"{kind}\"")).into_owned())
                .collect(),
            evaluates_every_event: identities.is_none(),
            tape,
            item_tapes,
        }
    }

    /// Evaluates one CloudTrail record, given as JSON.
    ///
    /// # Errors
    /// Returns an [`EventError`] if a policy may match the record and the record is not valid JSON,
    /// is not an object, or has no `eventSource` or `eventName`.
    pub fn evaluate_record(&mut self, record: &[u8]) -> Result<RecordOutcome, EventError> {
        self.evaluate_record_from(record, None)
    }

    /// Evaluates one CloudTrail record. If the record was delivered by an event bus, `origin` is
    /// the account and the Region of the bus, which replace those in the record.
    ///
    /// # Errors
    /// Returns the errors of [`RecordEvaluator::evaluate_record`].
    pub fn evaluate_record_from(
        &mut self,
        record: &[u8],
        origin: Option<&BusOrigin>,
    ) -> Result<RecordOutcome, EventError> {
        if !self.may_be_watched(record) {
            return Ok(RecordOutcome::Unwatched);
        }
        let mut tape = std::mem::take(&mut self.tape);
        let outcome = self.evaluate_watched_record(record, origin, &mut tape);
        self.tape = tape;
        outcome
    }

    /// Evaluates a record that a policy may match.
    fn evaluate_watched_record(
        &self,
        record: &[u8],
        origin: Option<&BusOrigin>,
        tape: &mut JsonTape,
    ) -> Result<RecordOutcome, EventError> {
        let (text, replaced) = decode_utf8_lossy(record);
        let root = tape.parse_text(&text)?;
        if let Some(kind) = unsupported_record_kind(root) {
            return Ok(RecordOutcome::Skipped(kind));
        }
        let event = CloudTrailEvent::from_node(root)?.with_origin(origin);
        let mut wanted = self.set.policies_for_event(&event.source, &event.name);
        let identity = event.identity_type();
        let matches_identity = |policy: &Policy| policy.matches.matches_identity(&identity);
        wanted.retain(|number| self.set.policies().get(*number).is_some_and(matches_identity));
        if wanted.is_empty() {
            return Ok(RecordOutcome::Unwatched);
        }
        if !self.filter.admits_event(&event) {
            return Ok(RecordOutcome::Filtered);
        }
        let content = hash_texts(&[&event.account, &event.region, &root.to_canonical_text()]);
        let mut result = RecordEvaluation::new(to_record_uuid(&event.id), content, wanted.len());
        result.replaced = replaced;
        for number in wanted {
            let Some(policy) = self.set.policies().get(number) else { continue };
            for evaluation in evaluate_event(policy, &event, &ResourceContext::default()) {
                let errors = &mut result.waiver_errors;
                let evaluation = self.build_policy_evaluation(number, &event, evaluation, errors);
                result.evaluations.extend(evaluation);
            }
        }
        self.attach_findings_of_action(&mut result.evaluations);
        Ok(RecordOutcome::Evaluated(result))
    }

    fn attach_findings_of_action(&self, evaluations: &mut [PolicyEvaluation]) {
        let findings = evaluations.iter_mut().filter_map(|one| {
            let policy = self.set.policies().get(one.policy)?;
            let of_each_resource = policy.evaluates_each_resource();
            Some(ActionFinding { of_each_resource, finding: one.finding.as_deref_mut()? })
        });
        attach_findings(findings.collect());
    }

    /// Builds the result of a policy: its status, its finding with the waivers applied, and the
    /// configuration that the policy needs.
    fn build_policy_evaluation(
        &self,
        number: usize,
        event: &CloudTrailEvent<'_>,
        evaluation: Evaluation,
        waiver_errors: &mut Vec<WaiverError>,
    ) -> Option<PolicyEvaluation> {
        let policy = self.set.policies().get(number)?;
        let status = evaluation.status;
        let missing = (status == ComplianceStatus::InsufficientData).then(|| {
            let (resource, since) = (evaluation.resource.clone(), event.time.clone().into_owned());
            Box::new(MissingConfiguration { resource, element: evaluation.element, since })
        });
        let mut finding = Finding::from_evaluation(policy, event, evaluation).map(Box::new);
        if let Some(finding) = &mut finding
            && let Err(error) = self.waivers.apply_to_finding(finding)
        {
            waiver_errors.push(error);
        }
        Some(PolicyEvaluation { policy: number, status, finding, missing })
    }

    /// Evaluates one record again with the policy of index `policy`, which needed the configuration
    /// of the resource. `item` contains this configuration. Returns the finding, or `None` if the
    /// policy now returns `COMPLIANT` or `NOT_APPLICABLE`.
    ///
    /// # Errors
    /// Returns an [`EventError`] if the record or the configuration is not valid.
    pub fn reevaluate_with_item(
        &self,
        record: &[u8],
        origin: Option<&BusOrigin>,
        policy: usize,
        missing: &MissingConfiguration,
        item: &ConfigurationItem,
    ) -> Result<Option<Box<Finding>>, EventError> {
        let (text, _) = decode_utf8_lossy(record);
        let (mut tape, mut tapes) = (JsonTape::default(), ItemTapes::default());
        let event = CloudTrailEvent::from_node(tape.parse_text(&text)?)?.with_origin(origin);
        let parsed = ParsedItem::new(item, &mut tapes)?;
        let Some(compiled) = self.set.policies().get(policy) else { return Ok(None) };
        let (resource, element) = (missing.resource.clone(), missing.element);
        let (event, evaluation) = parsed.evaluate_event_after(compiled, event, resource, element);
        let again = self.build_policy_evaluation(policy, &event, evaluation, &mut Vec::new());
        Ok(again.and_then(|one| one.finding))
    }

    /// Evaluates one configuration item of AWS Config.
    ///
    /// # Errors
    /// Returns [`EventError::Json`] if the configuration, the supplementary configuration or the
    /// tags of the item are not valid JSON.
    pub fn evaluate_item(&mut self, item: &ConfigurationItem) -> Result<RecordOutcome, EventError> {
        let wanted = self.set.policies_for_resource(&item.kind);
        if wanted.is_empty() {
            return Ok(RecordOutcome::Unwatched);
        }
        let mut tapes = std::mem::take(&mut self.item_tapes);
        let outcome = self.evaluate_watched_item(item, wanted, &mut tapes);
        self.item_tapes = tapes;
        outcome
    }

    fn evaluate_watched_item(
        &self,
        item: &ConfigurationItem,
        wanted: &[usize],
        tapes: &mut ItemTapes,
    ) -> Result<RecordOutcome, EventError> {
        let parsed = ParsedItem::new(item, tapes)?;
        if !self.filter.admits_event(&parsed.event) {
            return Ok(RecordOutcome::Filtered);
        }
        let identity = [&item.account, &item.region, &item.kind, &item.id, item.state_identity()]
            .map(String::as_str)
            .join("\n");
        let ConfigurationItem { status, configuration, supplementary, tags, .. } = item;
        let content = hash_texts(&[status, configuration, supplementary, tags]);
        let mut result = RecordEvaluation::new(to_record_uuid(&identity), content, wanted.len());
        for number in wanted {
            let Some(policy) = self.set.policies().get(*number) else { continue };
            for evaluation in parsed.evaluate_policy(policy) {
                let (event, errors) = (&parsed.event, &mut result.waiver_errors);
                let evaluation = self.build_policy_evaluation(*number, event, evaluation, errors);
                result.evaluations.extend(evaluation);
            }
        }
        self.attach_findings_of_action(&mut result.evaluations);
        Ok(RecordOutcome::Evaluated(result))
    }

    /// Returns whether a policy may match the record. The function searches the bytes for
    /// `"eventName"` and looks up each value that follows. It also returns true if it finds no
    /// event name or if the record contains escapes, because an escape can hide the name.
    fn may_be_watched(&self, record: &[u8]) -> bool {
        if self.evaluates_every_event
            || self.identity_finders.iter().any(|finder| finder.find(record).is_some())
        {
            return true;
        }
        let mut seen = false;
        for at in self.name_finder.find_iter(record) {
            let rest = record.get(at.saturating_add(self.name_finder.needle().len())..);
            match find_plain_string(rest.unwrap_or_default()) {
                Some(name) if !self.set.watches_event_name(name) => seen = true,
                _ => return true,
            }
        }
        // JSON allows escapes in a key, although CloudTrail does not write them.
        !seen || self.escape_finder.find(record).is_some() || self.has_unsupported_type(record)
    }

    /// Returns whether the record may be of a kind that policies do not support. Such a record
    /// contains event names in its details, and is counted by its kind.
    fn has_unsupported_type(&self, record: &[u8]) -> bool {
        self.type_finder.find_iter(record).any(|at| {
            let rest = record.get(at.saturating_add(self.type_finder.needle().len())..);
            find_plain_string(rest.unwrap_or_default()).is_some_and(is_unsupported_event_type)
        })
    }
}

/// Returns the string value that follows the closing quote of a key. Returns `None` if the value is
/// not a string without escapes.
fn find_plain_string(after_key: &[u8]) -> Option<&str> {
    let value = after_key.trim_ascii_start().strip_prefix(b":")?;
    let text = value.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr2(b'"', b'\\', text)?;
    if text.get(end) != Some(&b'"') {
        return None;
    }
    std::str::from_utf8(text.get(..end)?).ok()
}

/// Parses an `eventID`. If the id is not a UUID, returns a UUIDv5 of it.
fn to_record_uuid(id: &str) -> Uuid {
    Uuid::try_parse(id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()))
}

/// Returns a digest of these texts. The length of each text is part of the input, so that the
/// boundaries between the texts are unambiguous.
fn hash_texts(texts: &[&str]) -> Uuid {
    let mut all = String::new();
    for text in texts {
        all += &format!("{}:{text}", text.len());
    }
    Uuid::new_v5(&Uuid::NAMESPACE_OID, all.as_bytes())
}
