//! The name and the text of a file that the policy compiler reads.

/// The source file of a policy, of functions, of settings or of waivers.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// The path of the file. The file name of a policy without `.cel` is the id of the policy.
    pub name: String,
    /// The whole text of the file.
    pub text: String,
}
