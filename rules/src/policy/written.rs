//! A policy's expressions as they stand in its file: for people to read, where judging needs them compiled.

use super::header;
use super::load::Policy;
use crate::diagnostic::Diagnostic;

/// A policy's expressions as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The variables, in their order.
    pub variables: Vec<(String, String)>,
    /// What identifies the resource.
    pub resource_id: String,
    /// Its ARN.
    pub resource_arn: Option<String>,
    /// The message, with its holes.
    pub message: String,
    /// The body.
    pub body: String,
}

impl Policy {
    /// The policy's expressions as they were written, for people to read.
    ///
    /// # Errors
    /// When the header is not what the policy was read from.
    pub fn written(&self) -> Result<Written, Diagnostic> {
        let (header, body_at) = header::read(&self.file, self.text())?;
        let variables = header.variables.0.into_iter();
        Ok(Written {
            variables: variables.map(|(name, cel)| (name, cel.value)).collect(),
            resource_id: header.resource.id.value,
            resource_arn: header.resource.arn.map(|arn| arn.value),
            message: header.message.value,
            body: self.text().get(body_at..).unwrap_or_default().trim().to_owned(),
        })
    }
}
