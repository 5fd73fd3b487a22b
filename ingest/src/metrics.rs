//! What one invocation did, as a line of CloudWatch's Embedded Metric Format.

use serde_json::{Map, Value, json};

/// The namespace of all metrics.
const NAMESPACE: &str = "Evenkeel";

/// Counts of one invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics(Vec<(&'static str, u64)>);

impl Metrics {
    /// Adds to the metric `name`.
    pub fn add(&mut self, name: &'static str, count: u64) {
        match self.0.iter_mut().find(|metric| metric.0 == name) {
            Some(metric) => metric.1 = metric.1.saturating_add(count),
            None => self.0.push((name, count)),
        }
    }

    /// The value of the metric `name`.
    pub fn get(&self, name: &str) -> u64 {
        self.0.iter().find(|metric| metric.0 == name).map_or(0, |metric| metric.1)
    }

    /// The line that CloudWatch Logs makes metrics of. `time` is in milliseconds since 1970.
    ///
    /// Source: CloudWatch User Guide, "Specification: Embedded metric format".
    pub fn line(&self, function: &str, time: i64) -> String {
        let definitions: Vec<Value> =
            self.0.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
        let mut line = Map::new();
        let metrics = json!([{
            "Namespace": NAMESPACE,
            "Dimensions": [["Function"]],
            "Metrics": definitions,
        }]);
        line.insert("_aws".to_owned(), json!({"Timestamp": time, "CloudWatchMetrics": metrics}));
        line.insert("Function".to_owned(), function.into());
        for (name, value) in &self.0 {
            line.insert((*name).to_owned(), (*value).into());
        }
        Value::Object(line).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let mut metrics = Metrics::default();
        metrics.add("Received", 2);
        metrics.add("Received", 1);
        metrics.add("Findings", 0);
        let line: serde_json::Value = serde_json::from_str(&metrics.line("evaluate", 5)).unwrap();
        assert_eq!(line["_aws"]["Timestamp"], 5);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], "Received");
        assert_eq!((line["Received"].as_u64(), line["Findings"].as_u64()), (Some(3), Some(0)));
    }
}
