//! Writes pairs and questions as JSON lines for `iam/oracle/second_opinion.py`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use evenkeel_iam::{Answer, Caller, Grantee, PolicyDocument, Request, decide_request};
use serde_json::{Value, json};

use crate::questions::{Question, decision_name};

/// A file of JSON lines.
#[derive(Debug)]
pub(crate) struct Export(BufWriter<File>);

impl Export {
    /// Creates a file, or empties it.
    pub(crate) fn create_file(path: &Path) -> Self {
        Export(BufWriter::new(File::create(path).unwrap()))
    }

    fn write_line(&mut self, line: &Value) {
        writeln!(self.0, "{line}").unwrap();
    }

    /// Writes a document with requests and the decisions about them.
    pub(crate) fn write_pairs(
        &mut self,
        json: &Value,
        document: &PolicyDocument,
        requests: &[Request],
    ) {
        for request in requests {
            let decision = decision_name(decide_request(document, request));
            let request = request_json(request);
            self.write_line(&json!({"document": json, "request": request, "decision": decision}));
        }
    }

    /// Writes a question about a document, and the answer, if the second opinion can answer it.
    pub(crate) fn write_question(&mut self, json: &Value, question: &Question, answer: &Answer) {
        let Question::Grants { grantee, action, resource } = question else { return };
        let (kind, name) = match grantee {
            Grantee::Holder => ("holder", ""),
            Grantee::Account(name) => ("account", name.as_str()),
            Grantee::Principal(name) => ("principal", name.as_str()),
            Grantee::CanonicalUser(name) => ("canonical", name.as_str()),
            Grantee::Service(name) => ("service", name.as_str()),
            Grantee::Stranger => return,
        };
        let answer = match answer {
            Answer::Yes(_) => "yes",
            Answer::No => "no",
            Answer::Unknown(_) => "unknown",
        };
        self.write_line(&json!({
            "document": json,
            "grantee": {"kind": kind, "name": name},
            "action": action,
            "resource": resource,
            "answer": answer,
        }));
    }
}

fn request_json(request: &Request) -> Value {
    let (kind, name) = match &request.caller {
        Caller::Anonymous => ("anonymous", ""),
        Caller::Identity { arn } => ("identity", arn.as_str()),
        Caller::Service(name) => ("service", name.as_str()),
        Caller::Federated(name) => ("federated", name.as_str()),
        Caller::CanonicalUser(name) => ("canonical", name.as_str()),
    };
    json!({
        "caller": {"kind": kind, "name": name},
        "action": request.action,
        "resource": request.resource,
        "context": request.context,
    })
}
