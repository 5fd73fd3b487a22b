//! What AWS's own service models say of a call: its parameters, its answer, and their types.

use flate2::read::ZlibDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{LazyLock, OnceLock};

/// Index and compressed models; `authoring/tables/generate.py` writes and describes them.
static MODEL_TABLE: &[u8] = include_bytes!("../../tables/fields.bin");

/// A service's calls that change something, and the structures that they take and give.
#[derive(Debug, Default)]
pub struct ServiceModel {
    operations: BTreeMap<&'static str, [Option<usize>; 2]>,
    structures: Vec<Vec<StructureMember>>,
    enums: Vec<Vec<&'static str>>,
}

/// A member of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StructureMember {
    /// Its name in AWS's API; CloudTrail writes it with a small first letter.
    pub name: &'static str,
    /// Whether every call has it.
    pub required: bool,
    /// The type of its values.
    pub shape: ShapeCode,
}

/// A type as the table writes it, such as `[#3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeCode(&'static str);

/// What a type is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedShape<'m> {
    /// Text.
    Text,
    /// An integer.
    Int,
    /// A number.
    Double,
    /// A truth.
    Bool,
    /// A time, which CloudTrail writes as text or as a number.
    Time,
    /// A list.
    List(ShapeCode),
    /// A map from text.
    Map(ShapeCode),
    /// A structure.
    Structure(&'m [StructureMember]),
    /// One of these texts.
    Enum(&'m [&'static str]),
    /// Anything.
    Any,
}

/// A side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSide {
    /// What it is told: `requestParameters`.
    Request,
    /// What it answers: `responseElements`.
    Response,
}

impl ServiceModel {
    /// Whether the call is one of those that change something.
    pub fn has_operation(&self, operation: &str) -> bool {
        self.operations.contains_key(operation)
    }

    /// The call's name, where the model has it.
    pub(crate) fn operation_name(&self, name: &str) -> Option<&'static str> {
        self.operations.get_key_value(name).map(|found| *found.0)
    }

    /// The members of a side of a call.
    pub fn side_members(&self, operation: &str, side: CallSide) -> &[StructureMember] {
        let sides = self.operations.get(operation).copied().unwrap_or_default();
        let [request, response] = sides;
        let number = if side == CallSide::Request { request } else { response };
        number.and_then(|number| self.structures.get(number)).map_or(&[], Vec::as_slice)
    }

    /// What a type of this model is.
    pub fn resolve_shape(&self, shape: ShapeCode) -> ResolvedShape<'_> {
        let mut letters = shape.0.chars();
        let kind = letters.next();
        let rest = letters.as_str();
        let number = rest.parse::<usize>().unwrap_or(usize::MAX);
        match kind {
            Some('s' | 'x') => ResolvedShape::Text,
            Some('i') => ResolvedShape::Int,
            Some('d') => ResolvedShape::Double,
            Some('b') => ResolvedShape::Bool,
            Some('t') => ResolvedShape::Time,
            Some('[') => ResolvedShape::List(ShapeCode(rest)),
            Some('{') => ResolvedShape::Map(ShapeCode(rest)),
            Some('#') => self
                .structures
                .get(number)
                .map_or(ResolvedShape::Any, |members| self.resolve_structure(members)),
            Some('%') => self
                .enums
                .get(number)
                .map_or(ResolvedShape::Text, |values| ResolvedShape::Enum(values)),
            _ => ResolvedShape::Any,
        }
    }

    /// A structure; CloudFront's `{"Quantity": 1, "Items": [...]}` is the list, as `request` and `response` show it.
    fn resolve_structure<'m>(&'m self, members: &'m [StructureMember]) -> ResolvedShape<'m> {
        let is_part = |member: &StructureMember| ["Items", "Quantity"].contains(&member.name);
        let items =
            members.iter().find(|member| member.name == "Items" && member.shape.0.starts_with('['));
        match items.filter(|_| members.iter().all(is_part)) {
            Some(items) => self.resolve_shape(items.shape),
            None => ResolvedShape::Structure(members),
        }
    }

    fn parse_model(text: &'static str) -> ServiceModel {
        let mut model = ServiceModel::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            match (words.next(), words.next()) {
                (Some("O"), Some(name)) => {
                    let mut side = || words.next().and_then(|number| number.parse().ok());
                    model.operations.insert(name, [side(), side()]);
                }
                (Some("S"), Some(number)) => {
                    insert_at_number(
                        &mut model.structures,
                        number,
                        words.filter_map(parse_member).collect(),
                    );
                }
                (Some("E"), Some(number)) => {
                    insert_at_number(&mut model.enums, number, words.collect());
                }
                _ => {}
            }
        }
        model
    }
}

fn insert_at_number<T: Default + Clone>(list: &mut Vec<T>, number: &str, value: T) {
    let Ok(number) = number.parse::<usize>() else { return };
    if list.len() <= number {
        list.resize(number.saturating_add(1), T::default());
    }
    if let Some(place) = list.get_mut(number) {
        *place = value;
    }
}

fn parse_member(word: &'static str) -> Option<StructureMember> {
    let (name, shape) = word.split_once(':')?;
    let required = name.ends_with('!');
    Some(StructureMember { name: name.trim_end_matches('!'), required, shape: ShapeCode(shape) })
}

/// One compressed model, and the same once it was wanted.
struct PackedModel {
    bytes: &'static [u8],
    text: OnceLock<String>,
    model: OnceLock<ServiceModel>,
}

impl PackedModel {
    fn load_model(&'static self) -> &'static ServiceModel {
        self.model.get_or_init(|| {
            ServiceModel::parse_model(self.text.get_or_init(|| decompress_text(self.bytes)))
        })
    }
}

fn decompress_text(bytes: &[u8]) -> String {
    let mut text = String::new();
    // The table is part of the program, and a test reads all of it.
    drop(ZlibDecoder::new(bytes).read_to_string(&mut text));
    text
}

/// The models by `eventSource` without its ending.
static MODELS: LazyLock<BTreeMap<&str, Vec<PackedModel>>> = LazyLock::new(|| {
    let mut models: BTreeMap<&str, Vec<PackedModel>> = BTreeMap::new();
    let end = MODEL_TABLE.windows(2).position(|pair| pair == b"\n\n").unwrap_or_default();
    let (index, data) = MODEL_TABLE.split_at_checked(end.saturating_add(2)).unwrap_or_default();
    for line in std::str::from_utf8(index).unwrap_or_default().lines() {
        let mut words = line.split(' ');
        let source = words.next().unwrap_or_default();
        let mut number =
            || words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or_default();
        let (start, length) = (number(), number());
        if let Some(bytes) =
            data.get(start..start.saturating_add(length)).filter(|bytes| !bytes.is_empty())
        {
            let packed = PackedModel { bytes, text: OnceLock::new(), model: OnceLock::new() };
            models.entry(source).or_default().push(packed);
        }
    }
    models
});

/// The models of the services that an `eventSource` names.
pub fn service_models(event_source: &str) -> impl Iterator<Item = &'static ServiceModel> {
    let source = event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source);
    MODELS.get(source).into_iter().flatten().map(PackedModel::load_model)
}

/// Names that records have and models do not, by `eventSource` without its ending.
static UNMODELED_FIELDS: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = include_str!("../../tables/seen.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(source, names)| (source, names.split(' ').collect()))
        .collect()
});

/// The fields that a service's records have and AWS's models do not.
pub(crate) fn unmodeled_fields(event_source: &str) -> &'static [&'static str] {
    let source = event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source);
    UNMODELED_FIELDS.get(source).map_or(&[], Vec::as_slice)
}

/// A name as CloudTrail writes it: with a small first letter.
pub fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::{CallSide, MODELS, ResolvedShape, StructureMember, service_models};

    #[test]
    fn every_model_is_whole() {
        let mut operations = 0;
        for packed in MODELS.values().flatten() {
            let model = packed.load_model();
            assert!(!packed.text.get().unwrap().is_empty(), "a stream is broken");
            operations += model.operations.len();
            for member in model.structures.iter().flatten() {
                let known = "sidbtx[{#%j".contains(member.shape.0.chars().next().unwrap());
                assert!(known && !member.name.is_empty(), "{member:?}");
            }
        }
        assert!(operations > 10_000, "{operations}");
    }

    #[test]
    fn a_list_with_its_length_is_a_list() {
        let model = service_models("cloudfront.amazonaws.com")
            .find(|model| model.has_operation("CreateDistribution"))
            .unwrap();
        let member = |members: &[StructureMember], name: &str| {
            *members.iter().find(|member| member.name == name).unwrap()
        };
        let config = member(
            model.side_members("CreateDistribution", CallSide::Request),
            "DistributionConfig",
        );
        let ResolvedShape::Structure(config) = model.resolve_shape(config.shape) else {
            panic!("no structure")
        };
        let ResolvedShape::List(origin) = model.resolve_shape(member(config, "Origins").shape)
        else {
            panic!("no list")
        };
        assert!(
            matches!(model.resolve_shape(origin), ResolvedShape::Structure(members) if members.iter().any(|one| one.name == "DomainName"))
        );
    }

    #[test]
    fn a_call_has_its_parameters_and_their_types() {
        let model = service_models("apigateway.amazonaws.com")
            .find(|model| model.has_operation("PutIntegration"))
            .unwrap();
        let members = model.side_members("PutIntegration", CallSide::Request);
        let member = |name: &str| members.iter().find(|member| member.name == name).unwrap();
        assert!(member("restApiId").required && !member("uri").required);
        assert!(matches!(
            model.resolve_shape(member("connectionType").shape),
            ResolvedShape::Enum(&["INTERNET", "VPC_LINK"])
        ));
        let ResolvedShape::Structure(tls) = model.resolve_shape(member("tlsConfig").shape) else {
            panic!("no structure")
        };
        assert_eq!(tls.first().map(|member| member.name), Some("insecureSkipVerification"));
    }
}
