//! What a file of policies is, by its name: the one rule for whoever reads a folder or a bundle.

/// What a file in a folder of policies is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `<id>.cel`: a policy.
    Policy,
    /// `<id>.test.yaml`: the cases of the policy beside it.
    Cases,
    /// `functions.yaml`: the organization's functions.
    Functions,
    /// `settings.yaml`: values for policies' parameters.
    Settings,
    /// `waivers/*.yaml`: waivers.
    Waivers,
    /// `frameworks/<name>.yaml`: the controls of a framework.
    Framework,
}

impl FileKind {
    /// Whether judging needs such files: then they are part of a bundle.
    pub fn is_bundled(self) -> bool {
        !matches!(self, FileKind::Cases | FileKind::Framework)
    }

    /// What the file called `name` is; none where it does not belong to policies.
    pub fn from_file_name(name: &str) -> Option<FileKind> {
        let mut parts = name.rsplit(['/', '\\']);
        let (file, folder) = (parts.next()?, parts.next());
        let (stem, ending) = file.rsplit_once('.')?;
        match (folder, file, ending) {
            (Some("waivers"), _, "yaml") => Some(FileKind::Waivers),
            (Some("frameworks"), _, "yaml") => Some(FileKind::Framework),
            (_, "functions.yaml", _) => Some(FileKind::Functions),
            (_, "settings.yaml", _) => Some(FileKind::Settings),
            (_, _, "cel") => Some(FileKind::Policy),
            (_, _, "yaml") => {
                let second = stem.rsplit_once('.').map(|(_, second)| second);
                (second == Some("test")).then_some(FileKind::Cases)
            }
            _ => None,
        }
    }
}
