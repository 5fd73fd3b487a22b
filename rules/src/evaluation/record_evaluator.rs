//! From the bytes of one record to what the policies say of it, looking no further than needed.

use crate::evaluation::configuration_item::{ConfigurationItem, ItemTapes, ParsedItem};
use crate::evaluation::single_evaluation::{
    ComplianceStatus, Evaluation, ResourceContext, ResourceIdentity, evaluate_event,
};
use crate::event::{BusOrigin, CloudTrailEvent, EventError};
use crate::finding::Finding;
use crate::json::{JsonNode, JsonTape, decode_utf8_lossy};
use crate::policy::PolicySet;
use crate::waiver::{WaiverError, WaiverSet};
use memchr::memmem::Finder;
use uuid::Uuid;

/// Which events are judged; the others are counted as filtered.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// No earlier than this: milliseconds since 1970. An event whose time cannot be read is kept.
    pub since: Option<i64>,
    /// Earlier than this: milliseconds since 1970.
    pub until: Option<i64>,
    /// Only in these accounts.
    pub accounts: Vec<String>,
    /// Only in these regions.
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

/// Milliseconds since 1970 of a day (`2026-03-01`, its beginning in UTC) or an RFC 3339 time.
pub fn parse_epoch_millis(text: &str) -> Option<i64> {
    let time = chrono::DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_millis());
    let day = || {
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    };
    time.ok().or_else(day)
}

/// What was made of one record.
#[derive(Debug)]
pub enum RecordOutcome {
    /// No policy watches such events.
    Unwatched,
    /// A policy watches it, and the filter does not admit it.
    Filtered,
    /// A record of another kind than a policy could watch.
    Skipped(&'static str),
    /// Policies judged it.
    Evaluated(RecordEvaluation),
}

/// An event that policies judged.
#[derive(Debug)]
pub struct RecordEvaluation {
    /// `eventID`: the same in every copy of the record.
    pub id: Uuid,
    /// A digest of all that the record says: copies of it have the same, and whatever else has its `eventID` another.
    pub content_digest: Uuid,
    /// What each policy said that wants the event, in the policies' order.
    pub evaluations: Vec<PolicyEvaluation>,
    /// Whether some of its text was no UTF-8, and was replaced.
    pub replaced: bool,
    /// Waivers whose condition could not be evaluated.
    pub waiver_errors: Vec<WaiverError>,
}

/// What one policy said of an event, and what follows from it.
#[derive(Debug)]
pub struct PolicyEvaluation {
    /// The policy's number in its set.
    pub policy: usize,
    /// What it said.
    pub status: ComplianceStatus,
    /// What is to be written; none where the policy holds or does not apply.
    pub finding: Option<Box<Finding>>,
    /// What should be known of the resource, where the policy gave `INSUFFICIENT_DATA`.
    pub missing: Option<Box<MissingConfiguration>>,
}

/// A policy could say more if this resource's configuration were known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingConfiguration {
    /// The resource, as far as the event names it.
    pub resource: ResourceIdentity,
    /// The event's time: what was seen earlier says nothing of the event's effect.
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

    /// The findings, in the policies' order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.evaluations.iter().filter_map(|one| one.finding.as_deref())
    }

    /// Marks all findings as such that may be forged, and why.
    pub fn mark_possibly_forged(&mut self, why: &str) {
        self.content_digest = Uuid::new_v5(&self.content_digest, why.as_bytes());
        for one in &mut self.evaluations {
            one.finding =
                one.finding.take().map(|finding| Box::new(finding.into_possibly_forged(why)));
        }
    }
}

/// Judges records one after the other; each thread has its own.
#[derive(Debug)]
pub struct RecordEvaluator<'s> {
    set: &'s PolicySet,
    waivers: &'s WaiverSet,
    filter: &'s EventFilter,
    name_finder: Finder<'static>,
    escape_finder: Finder<'static>,
    tape: JsonTape,
    item_tapes: ItemTapes,
}

impl<'s> RecordEvaluator<'s> {
    /// A judge by these policies.
    pub fn new(set: &'s PolicySet, waivers: &'s WaiverSet, filter: &'s EventFilter) -> Self {
        let finder = |text: &'static str| Finder::new(text).into_owned();
        let (name, escape) = (finder("\"eventName\""), finder("\\u00"));
        let (tape, item_tapes) = (JsonTape::default(), ItemTapes::default());
        RecordEvaluator {
            set,
            waivers,
            filter,
            name_finder: name,
            escape_finder: escape,
            tape,
            item_tapes,
        }
    }

    /// Judges one record.
    ///
    /// # Errors
    /// When the record is not one, or may be one that a policy watches and cannot be read.
    pub fn evaluate_record(&mut self, record: &[u8]) -> Result<RecordOutcome, EventError> {
        self.evaluate_record_from(record, None)
    }

    /// Judges one record, which came over a bus if there is an `origin`.
    ///
    /// # Errors
    /// As [`RecordEvaluator::evaluate_record`].
    pub fn evaluate_record_from(
        &mut self,
        record: &[u8],
        origin: Option<&BusOrigin>,
    ) -> Result<RecordOutcome, EventError> {
        if !self.may_be_watched(record) {
            return Ok(RecordOutcome::Unwatched);
        }
        let mut tape = std::mem::take(&mut self.tape);
        let judged = self.evaluate_watched_record(record, origin, &mut tape);
        self.tape = tape;
        judged
    }

    /// Judges a record that some policy may watch.
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
        let wanted = self.set.policies_for_event(&event.source, &event.name);
        if wanted.is_empty() {
            return Ok(RecordOutcome::Unwatched);
        }
        if !self.filter.admits_event(&event) {
            return Ok(RecordOutcome::Filtered);
        }
        let content = hash_texts(&[&event.account, &event.region, &root.to_canonical_text()]);
        let mut judged = RecordEvaluation::new(to_record_uuid(&event.id), content, wanted.len());
        judged.replaced = replaced;
        for number in wanted {
            let Some(policy) = self.set.policies().get(number) else { continue };
            let evaluation = evaluate_event(policy, &event, &ResourceContext::default());
            let evaluation =
                self.build_policy_evaluation(number, &event, evaluation, &mut judged.waiver_errors);
            judged.evaluations.extend(evaluation);
        }
        Ok(RecordOutcome::Evaluated(judged))
    }

    /// What follows from what a policy said: the finding it makes, and what it should have known.
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
            Box::new(MissingConfiguration { resource, since })
        });
        let mut finding = Finding::from_evaluation(policy, event, evaluation).map(Box::new);
        if let Some(finding) = &mut finding
            && let Err(error) = self.waivers.apply_to_finding(finding)
        {
            waiver_errors.push(error);
        }
        Some(PolicyEvaluation { policy: number, status, finding, missing })
    }

    /// Judges one record again by a policy that lacked a configuration, now that it is known: the finding, if it still
    /// makes one.
    ///
    /// # Errors
    /// When the record or the configuration cannot be read.
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
        let Some(by) = self.set.policies().get(policy) else { return Ok(None) };
        let (event, evaluation) = parsed.evaluate_event_after(by, event, missing.resource.clone());
        let again = self.build_policy_evaluation(policy, &event, evaluation, &mut Vec::new());
        Ok(again.and_then(|one| one.finding))
    }

    /// Judges one configuration item.
    ///
    /// # Errors
    /// When its configuration is no JSON.
    pub fn evaluate_item(&mut self, item: &ConfigurationItem) -> Result<RecordOutcome, EventError> {
        let wanted = self.set.policies_for_resource(&item.kind);
        if wanted.is_empty() {
            return Ok(RecordOutcome::Unwatched);
        }
        let mut tapes = std::mem::take(&mut self.item_tapes);
        let judged = self.evaluate_watched_item(item, wanted, &mut tapes);
        self.item_tapes = tapes;
        judged
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
        let identity = [&item.account, &item.region, &item.kind, &item.id, &item.state_id]
            .map(String::as_str)
            .join("\n");
        let ConfigurationItem { status, configuration, supplementary, tags, .. } = item;
        let content = hash_texts(&[status, configuration, supplementary, tags]);
        let mut judged = RecordEvaluation::new(to_record_uuid(&identity), content, wanted.len());
        for number in wanted {
            let Some(policy) = self.set.policies().get(*number) else { continue };
            let evaluation = parsed.evaluate_policy(policy);
            let evaluation = self.build_policy_evaluation(
                *number,
                &parsed.event,
                evaluation,
                &mut judged.waiver_errors,
            );
            judged.evaluations.extend(evaluation);
        }
        Ok(RecordOutcome::Evaluated(judged))
    }

    /// Whether a name that some policy watches stands anywhere in the record as an event's name. A
    /// record in which no name can be seen may hide it behind an escape, and is read.
    fn may_be_watched(&self, record: &[u8]) -> bool {
        let mut seen = false;
        for at in self.name_finder.find_iter(record) {
            let behind = record.get(at.saturating_add(self.name_finder.needle().len())..);
            match plain_string(behind.unwrap_or_default()) {
                Some(name) if !self.set.watches_event_name(name) => seen = true,
                _ => return true,
            }
        }
        // A key may be written with escapes, though CloudTrail writes none so.
        !seen || self.escape_finder.find(record).is_some()
    }
}

/// The string that follows a key's closing quote; none if it is not a plain one.
fn plain_string(behind_key: &[u8]) -> Option<&str> {
    let value = behind_key.trim_ascii_start().strip_prefix(b":")?;
    let text = value.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr2(b'"', b'\\', text)?;
    if text.get(end) != Some(&b'"') {
        return None;
    }
    std::str::from_utf8(text.get(..end)?).ok()
}

/// What a record is, if it is none of an action: an Insight event has no name of its own.
fn unsupported_record_kind(root: JsonNode<'_>) -> Option<&'static str> {
    let is = |name: &str, value: &str| {
        root.get_member(name).and_then(JsonNode::as_str).is_some_and(|text| text == value)
    };
    if is("eventCategory", "Insight") || is("eventType", "AwsCloudTrailInsight") {
        return Some("CloudTrail Insight events");
    }
    // Each tells of a call through a VPC endpoint that has a record of its own.
    if is("eventCategory", "NetworkActivity") || is("eventType", "AwsVpceEvent") {
        return Some("CloudTrail network activity events");
    }
    None
}

/// `eventID` as 128 bits; one that is no UUID is hashed.
fn to_record_uuid(id: &str) -> Uuid {
    Uuid::try_parse(id).unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()))
}

/// A digest of these texts; lengths keep them apart.
fn hash_texts(texts: &[&str]) -> Uuid {
    let mut all = String::new();
    for text in texts {
        all += &format!("{}:{text}", text.len());
    }
    Uuid::new_v5(&Uuid::NAMESPACE_OID, all.as_bytes())
}
