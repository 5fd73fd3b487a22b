//! The parameters and responses of AWS calls, with their types, from AWS's own service models.

use flate2::read::ZlibDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{LazyLock, OnceLock};

/// The index and the compressed models. `authoring/tables/generate.py` generates the file and
/// describes its format.
static MODEL_TABLE: &[u8] = include_bytes!("../../tables/fields.bin");

/// The write operations of a service, with the structures of their parameters and responses.
#[derive(Debug, Default)]
pub struct ServiceModel {
    operations: BTreeMap<&'static str, [Option<usize>; 2]>,
    structures: Vec<Vec<StructureMember>>,
    enums: Vec<Vec<&'static str>>,
}

/// A member of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StructureMember {
    /// The name in AWS's API. CloudTrail records it with a lower-case first letter.
    pub name: &'static str,
    /// True if every call has the member.
    pub required: bool,
    /// The type of the member.
    pub shape: ShapeCode,
}

/// The code of a type in the table, such as `[#3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeCode(&'static str);

/// A type of a service model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedShape<'m> {
    /// A string.
    Text,
    /// An integer.
    Int,
    /// A floating-point number.
    Double,
    /// A boolean.
    Bool,
    /// A time, which CloudTrail records as text or as a number.
    Time,
    /// A list with elements of a type.
    List(ShapeCode),
    /// A map from strings to values of a type.
    Map(ShapeCode),
    /// A structure with these members.
    Structure(&'m [StructureMember]),
    /// A string with one of these values.
    Enum(&'m [&'static str]),
    /// A value of any type.
    Any,
}

/// A side of a call: its request or its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSide {
    /// The parameters of the call: `requestParameters`.
    Request,
    /// The response to the call: `responseElements`.
    Response,
}

impl ServiceModel {
    /// Returns the names of the write operations, in alphabetical order.
    pub fn operation_names(&self) -> impl Iterator<Item = &'static str> {
        self.operations.keys().copied()
    }

    /// Returns whether the model has this write operation.
    pub fn has_operation(&self, operation: &str) -> bool {
        self.operations.contains_key(operation)
    }

    /// Returns the name of an operation with a static lifetime, if the model has the operation.
    pub(crate) fn operation_name(&self, name: &str) -> Option<&'static str> {
        self.operations.get_key_value(name).map(|found| *found.0)
    }

    /// Returns the members of one side of a call. The result is empty for an unknown operation.
    pub fn side_members(&self, operation: &str, side: CallSide) -> &[StructureMember] {
        let sides = self.operations.get(operation).copied().unwrap_or_default();
        let [request, response] = sides;
        let number = if side == CallSide::Request { request } else { response };
        number.and_then(|number| self.structures.get(number)).map_or(&[], Vec::as_slice)
    }

    /// Returns the type that a code of this model describes.
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

    /// Returns a structure as a type. CloudFront's `{"Quantity": 1, "Items": [...]}` is a list,
    /// because `request` and `response` contain only the elements of `Items`.
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

/// A compressed model, which is decompressed and parsed on first use.
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
    // The result needs no check: the table is part of the program, and a test decompresses all
    // models.
    drop(ZlibDecoder::new(bytes).read_to_string(&mut text));
    text
}

/// The models, by `eventSource` without `.amazonaws.com`.
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

/// Returns the models of the services with this `eventSource`.
pub fn service_models(event_source: &str) -> impl Iterator<Item = &'static ServiceModel> {
    let source = event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source);
    MODELS.get(source).into_iter().flatten().map(PackedModel::load_model)
}

/// The fields that records have but models do not, by `eventSource` without `.amazonaws.com`.
static UNMODELED_FIELDS: LazyLock<BTreeMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = include_str!("../../tables/seen.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(source, names)| (source, names.split(' ').collect()))
        .collect()
});

/// Returns the fields that a service's records have but AWS's models do not.
pub(crate) fn unmodeled_fields(event_source: &str) -> &'static [&'static str] {
    let source = event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source);
    UNMODELED_FIELDS.get(source).map_or(&[], Vec::as_slice)
}

/// Returns a name with a lower-case first letter, as CloudTrail records it.
pub fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::{CallSide, MODELS, ResolvedShape, StructureMember, service_models};

    #[test]
    fn every_model_can_be_decompressed_and_parsed() {
        let mut operations = 0;
        for packed in MODELS.values().flatten() {
            let model = packed.load_model();
            assert!(!packed.text.get().unwrap().is_empty(), "a model cannot be decompressed");
            operations += model.operations.len();
            for member in model.structures.iter().flatten() {
                let known = "sidbtx[{#%j".contains(member.shape.0.chars().next().unwrap());
                assert!(known && !member.name.is_empty(), "{member:?}");
            }
        }
        assert!(operations > 10_000, "{operations}");
    }

    #[test]
    fn a_structure_of_items_and_quantity_is_a_list() {
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
            panic!("not a structure")
        };
        let ResolvedShape::List(origin) = model.resolve_shape(member(config, "Origins").shape)
        else {
            panic!("not a list")
        };
        let ResolvedShape::Structure(origin) = model.resolve_shape(origin) else {
            panic!("not a structure")
        };
        assert!(origin.iter().any(|one| one.name == "DomainName"));
    }

    #[test]
    fn a_call_has_parameters_with_types() {
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
            panic!("not a structure")
        };
        assert_eq!(tls.first().map(|member| member.name), Some("insecureSkipVerification"));
    }
}
