//! Counts the results of one invocation, and formats the counts in the CloudWatch Embedded Metric
//! Format.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The CloudWatch namespace of all metrics.
const NAMESPACE: &str = "Evenkeel";

/// The counts of one invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvocationMetrics {
    counts: Vec<(&'static str, u64)>,
    /// The numbers of skipped items, by kind.
    skipped: BTreeMap<String, u64>,
    /// The numbers of failures, by error code.
    failed: BTreeMap<&'static str, u64>,
    /// The age of the oldest event with a finding, measured when the finding was durable, in
    /// milliseconds.
    oldest_event_age: Option<i64>,
}

impl InvocationMetrics {
    /// Adds `count` to the metric `name`.
    pub fn add_count(&mut self, name: &'static str, count: u64) {
        match self.counts.iter_mut().find(|metric| metric.0 == name) {
            Some(metric) => metric.1 = metric.1.saturating_add(count),
            None => self.counts.push((name, count)),
        }
    }

    /// Counts skipped content by its kind.
    pub fn count_skipped(&mut self, kind: &str, count: u64) {
        self.add_count("Skipped", count);
        let skipped = self.skipped.entry(kind.to_owned()).or_default();
        *skipped = skipped.saturating_add(count);
    }

    /// Counts a failure by its error code.
    pub fn count_failure(&mut self, code: &'static str) {
        self.add_count("Failed", 1);
        let failed = self.failed.entry(code).or_default();
        *failed = failed.saturating_add(1);
    }

    /// Records the age of a finding's event, in milliseconds.
    pub fn record_event_age(&mut self, age: i64) {
        self.oldest_event_age = Some(self.oldest_event_age.unwrap_or(age).max(age));
    }

    /// Adds the counts of `other`.
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

    /// Returns the value of the metric `name`, or 0 if it was never counted.
    pub fn metric_count(&self, name: &str) -> u64 {
        self.counts.iter().find(|metric| metric.0 == name).map_or(0, |metric| metric.1)
    }

    /// Returns the kinds of skipped items, each with its count.
    pub fn skipped_kinds(&self) -> impl Iterator<Item = (&str, u64)> {
        self.skipped.iter().map(|(kind, count)| (kind.as_str(), *count))
    }

    /// Returns the log line that CloudWatch Logs converts to metrics. `time` is in milliseconds
    /// since 1970. The kinds of skipped content and the error codes are properties and not metrics,
    /// because each additional metric costs money.
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
    fn a_line_has_the_format_that_cloudwatch_reads() {
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
