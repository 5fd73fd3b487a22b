//! The kinds of files in a policy folder. The name of a file determines its kind.

use crate::operator_settings::OPERATOR_SETTINGS;

/// The kind of a file in a policy folder or in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `<id>.cel`: a policy.
    Policy,
    /// `<id>.test.yaml`: the test cases of the policy in the same folder.
    Cases,
    /// `functions.yaml`: the CEL functions of the organization.
    Functions,
    /// `settings.yaml`: the values for the parameters of policies.
    Settings,
    /// `waivers/*.yaml`: waivers.
    Waivers,
    /// `remediation.yaml`: the operator's settings for remediations.
    OperatorSettings,
    /// `frameworks/<name>.yaml`: the controls of a framework.
    Framework,
}

impl FileKind {
    /// Returns whether the evaluator needs files of this kind. Only those files are part of a
    /// bundle.
    pub fn is_bundled(self) -> bool {
        !matches!(self, FileKind::Cases | FileKind::Framework)
    }

    /// Returns the kind of the file with this path, or `None` if it is not a policy file.
    pub fn from_file_name(name: &str) -> Option<FileKind> {
        let mut parts = name.rsplit(['/', '\\']);
        let (file, folder) = (parts.next()?, parts.next());
        let (stem, ending) = file.rsplit_once('.')?;
        match (folder, file, ending) {
            (Some("waivers"), _, "yaml") => Some(FileKind::Waivers),
            (Some("frameworks"), _, "yaml") => Some(FileKind::Framework),
            (_, "functions.yaml", _) => Some(FileKind::Functions),
            (_, "settings.yaml", _) => Some(FileKind::Settings),
            (_, OPERATOR_SETTINGS, _) => Some(FileKind::OperatorSettings),
            (_, _, "cel") => Some(FileKind::Policy),
            (_, _, "yaml") => {
                let second = stem.rsplit_once('.').map(|(_, second)| second);
                (second == Some("test")).then_some(FileKind::Cases)
            }
            _ => None,
        }
    }
}
