//! A file that policies, or what goes with them, are read from.

/// A file that a policy is read from, or what goes with policies.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// Its path; the stem of a policy's file is the policy's id.
    pub name: String,
    /// What it holds.
    pub text: String,
}
