//! What one invocation did, as a line of CloudWatch's Embedded Metric Format.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The namespace of all metrics.
const NAMESPACE: &str = "Evenkeel";

/// Counts of one invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvocationMetrics {
    counts: Vec<(&'static str, u64)>,
    /// What was known and not judged, by its kind.
    skipped: BTreeMap<String, u64>,
    /// What failed, by its code.
    failed: BTreeMap<&'static str, u64>,
    /// The age of the oldest finding's event when it was durable, in milliseconds.
    oldest_event_age: Option<i64>,
}

impl InvocationMetrics {
    /// Adds to the metric `name`.
    pub fn add_count(&mut self, name: &'static str, count: u64) {
        match self.counts.iter_mut().find(|metric| metric.0 == name) {
            Some(metric) => metric.1 = metric.1.saturating_add(count),
            None => self.counts.push((name, count)),
        }
    }

    /// Counts what is not judged.
    pub fn count_skipped(&mut self, kind: &str, count: u64) {
        self.add_count("Skipped", count);
        let skipped = self.skipped.entry(kind.to_owned()).or_default();
        *skipped = skipped.saturating_add(count);
    }

    /// Counts what failed, by its code.
    pub fn count_failure(&mut self, code: &'static str) {
        self.add_count("Failed", 1);
        let failed = self.failed.entry(code).or_default();
        *failed = failed.saturating_add(1);
    }

    /// Notes the age of a finding's event, in milliseconds.
    pub fn record_event_age(&mut self, age: i64) {
        self.oldest_event_age = Some(self.oldest_event_age.unwrap_or(age).max(age));
    }

    /// Adds all of another.
    pub fn merge_from(&mut self, other: &InvocationMetrics) {
        for (name, count) in &other.counts {
            self.add_count(name, *count);
        }
        for (kind, count) in &other.skipped {
            let skipped = self.skipped.entry(kind.clone()).or_default();
            *skipped = skipped.saturating_add(*count);
        }
        for (code, count) in &other.failed {
            let failed = self.failed.entry(code).or_default();
            *failed = failed.saturating_add(*count);
        }
        if let Some(age) = other.oldest_event_age {
            self.record_event_age(age);
        }
    }

    /// The value of the metric `name`.
    pub fn metric_count(&self, name: &str) -> u64 {
        self.counts.iter().find(|metric| metric.0 == name).map_or(0, |metric| metric.1)
    }

    /// What was known and not judged, by its kind.
    pub fn skipped_kinds(&self) -> impl Iterator<Item = (&str, u64)> {
        self.skipped.iter().map(|(kind, count)| (kind.as_str(), *count))
    }

    /// The line that CloudWatch Logs makes metrics of. `time` is in milliseconds since 1970. The kinds of
    /// what was skipped and the codes of what failed are properties and no metrics: each new metric costs.
    ///
    /// Source: CloudWatch User Guide, "Specification: Embedded metric format".
    pub fn to_log_line(&self, function: &str, time: i64) -> String {
        let mut line = Map::new();
        let count = |(name, _): &(&str, u64)| json!({"Name": name, "Unit": "Count"});
        let mut definitions: Vec<Value> = self.counts.iter().map(count).collect();
        if let Some(age) = self.oldest_event_age {
            definitions.push(json!({"Name": "EventAge", "Unit": "Milliseconds"}));
            line.insert("EventAge".to_owned(), age.into());
        }
        let metrics = json!([{
            "Namespace": NAMESPACE,
            "Dimensions": [["Function"]],
            "Metrics": definitions,
        }]);
        line.insert("_aws".to_owned(), json!({"Timestamp": time, "CloudWatchMetrics": metrics}));
        line.insert("Function".to_owned(), function.into());
        for (name, value) in &self.counts {
            line.insert((*name).to_owned(), (*value).into());
        }
        if !self.skipped.is_empty() {
            line.insert("SkippedKinds".to_owned(), json!(self.skipped));
        }
        if !self.failed.is_empty() {
            line.insert("FailureCodes".to_owned(), json!(self.failed));
        }
        Value::Object(line).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::InvocationMetrics;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let mut metrics = InvocationMetrics::default();
        metrics.add_count("Received", 2);
        metrics.add_count("Received", 1);
        metrics.add_count("Findings", 0);
        let line: serde_json::Value =
            serde_json::from_str(&metrics.to_log_line("evaluate", 5)).unwrap();
        assert_eq!(line["_aws"]["Timestamp"], 5);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "Received");
        metrics.count_failure("not-begun");
        metrics.count_skipped("EventBridge: Scheduled Event", 2);
        metrics.record_event_age(70);
        let mut all = InvocationMetrics::default();
        all.record_event_age(7);
        all.merge_from(&metrics);
        let merged: serde_json::Value =
            serde_json::from_str(&all.to_log_line("evaluate", 5)).unwrap();
        assert_eq!((&merged["Skipped"], &merged["EventAge"]), (&2.into(), &70.into()));
        assert_eq!(
            (&merged["Failed"], &merged["FailureCodes"]["not-begun"]),
            (&1.into(), &1.into())
        );
        assert_eq!(merged["SkippedKinds"]["EventBridge: Scheduled Event"], 2);
        assert_eq!((line["Received"].as_u64(), line["Findings"].as_u64()), (Some(3), Some(0)));
    }
}
