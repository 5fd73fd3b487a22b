//! The types of a policy's expressions, as far as they are known before the evaluation of an event.

pub(crate) mod inference;

use crate::services::models::{
    CallSide, ResolvedShape, ServiceModel, ShapeCode, StructureMember, lower_first, service_models,
    unmodeled_fields,
};
use evenkeel_rules::policy::{Policy, PolicyMatch};
use std::collections::BTreeMap;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExpressionType {
    /// An unknown type.
    Any,
    Null,
    Bool,
    Int,
    Double,
    Text,
    Time,
    List(Box<ExpressionType>),
    Map(Box<ExpressionType>),
    /// A value that may be absent.
    Optional(Box<ExpressionType>),
    /// `request` or `response`, for these calls.
    View(Vec<CallView>),
    /// A type from AWS's models: one of these, depending on the call.
    Aws(Vec<ModeledType>),
    /// A map with known fields, such as `event`. The text describes the map in messages.
    NamedFields(&'static str, Vec<(String, ExpressionType)>),
}

/// The request or the response of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallView {
    pub(crate) model: &'static ServiceModel,
    pub(crate) operation: &'static str,
    pub(crate) side: CallSide,
    /// The fields that records have but the model does not.
    pub(crate) unmodeled_fields: &'static [&'static str],
}

/// A type from one of AWS's models.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModeledType {
    model: &'static ServiceModel,
    shape: ShapeCode,
}

impl PartialEq for CallView {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.model, other.model)
            && self.operation == other.operation
            && self.side == other.side
    }
}

impl PartialEq for ModeledType {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.model, other.model) && self.shape == other.shape
    }
}

/// The result of the search for a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FieldLookup {
    /// The field has this type, and every call has it.
    Always(ExpressionType),
    /// The field has this type, but some calls do not have it.
    Sometimes(ExpressionType),
    /// No call has the field. The list contains the fields that exist.
    Never(Vec<String>),
    /// The models do not show whether the field exists.
    Unknown,
}

/// Returns whether AWS's models are reliable for the events of a policy. EC2 and S3 record many
/// fields under other names than those of their API.
pub(crate) fn is_certain(matches: &PolicyMatch) -> bool {
    let odd = ["ec2.amazonaws.com", "s3.amazonaws.com"];
    !matches.event_source.iter().any(|source| odd.contains(&source.as_str()))
}

/// Returns the type of `request` or `response` for a policy. The type is unknown if an event of the
/// policy is not in the models.
pub(crate) fn build_view_type(matches: &PolicyMatch, side: CallSide) -> ExpressionType {
    let mut views = Vec::new();
    for source in &matches.event_source {
        for name in &matches.event_name {
            // API Gateway has two services with the same source, and some calls have the same name.
            let found = service_models(source)
                .filter_map(|model| Some((model, model.operation_name(name)?)));
            let before = views.len();
            views.extend(found.map(|(model, operation)| CallView {
                model,
                operation,
                side,
                unmodeled_fields: unmodeled_fields(source),
            }));
            // If there are several sources, another source may have the event. If there is only one
            // source, the models do not contain the event, so the type is unknown.
            if views.len() == before && matches.event_source.len() == 1 {
                return ExpressionType::Any;
            }
        }
    }
    if views.is_empty() { ExpressionType::Any } else { ExpressionType::View(views) }
}

/// Returns the type that a policy's header states for a parameter.
pub(crate) fn parse_parameter_type(kind: &str) -> ExpressionType {
    let element = kind.strip_prefix("list(").and_then(|rest| rest.strip_suffix(')'));
    match (kind, element) {
        (_, Some(element)) => ExpressionType::List(Box::new(parse_parameter_type(element))),
        ("bool", _) => ExpressionType::Bool,
        ("int", _) => ExpressionType::Int,
        ("double", _) => ExpressionType::Double,
        ("string", _) => ExpressionType::Text,
        ("map", _) => ExpressionType::Map(Box::new(ExpressionType::Any)),
        _ => ExpressionType::Any,
    }
}

/// Returns the names that an expression can use, with their types.
pub(crate) fn build_scope(policy: &Policy) -> Vec<(String, ExpressionType)> {
    let any = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), ExpressionType::Any)).collect::<Vec<_>>()
    };
    let texts = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), ExpressionType::Text)).collect::<Vec<_>>()
    };
    let params =
        policy.parameters.iter().map(|(name, one)| (name.clone(), parse_parameter_type(&one.kind)));
    let resource = [
        texts(&["type", "id", "arn", "account", "region"]),
        any(&["configuration", "supplementaryConfiguration", "tags"]),
    ];
    let account = [texts(&["id", "alias", "ou"]), any(&["tags"])];
    vec![
        ("request".to_owned(), build_view_type(&policy.matches, CallSide::Request)),
        ("response".to_owned(), build_view_type(&policy.matches, CallSide::Response)),
        ("event".to_owned(), ExpressionType::NamedFields("a CloudTrail record", record_fields())),
        ("resource".to_owned(), ExpressionType::NamedFields("`resource`", resource.concat())),
        ("account".to_owned(), ExpressionType::NamedFields("`account`", account.concat())),
        (
            "params".to_owned(),
            ExpressionType::NamedFields("the policy's parameters", params.collect()),
        ),
        ("now".to_owned(), ExpressionType::Time),
        ("violations".to_owned(), ExpressionType::List(Box::new(ExpressionType::Any))),
    ]
}

/// Returns the fields of a record with their types. A field that some records do not have is
/// optional.
fn record_fields() -> Vec<(String, ExpressionType)> {
    let always = ["awsRegion", "eventID", "eventName", "eventSource", "eventTime", "eventVersion"];
    let kind = |name: &str| match name {
        _ if always.contains(&name) => ExpressionType::Text,
        "userIdentity" => ExpressionType::Any,
        _ => ExpressionType::Any.into_optional(),
    };
    RECORD_FIELDS.iter().map(|name| ((*name).to_owned(), kind(name))).collect()
}

/// The fields of a CloudTrail record.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "Insights events".
const RECORD_FIELDS: &[&str] = &[
    "additionalEventData",
    "addendum",
    "annotation",
    "apiVersion",
    "awsRegion",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "insightDetails",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
    "vpcEndpointAccountId",
    "vpcEndpointId",
];

impl ExpressionType {
    /// Returns the name of the type for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.plain_type() {
            ExpressionType::Null => "null",
            ExpressionType::Bool => "bool",
            ExpressionType::Int => "int",
            ExpressionType::Double => "double",
            ExpressionType::Text => "string",
            ExpressionType::Time => "timestamp",
            ExpressionType::List(_) => "list",
            ExpressionType::Map(_) | ExpressionType::View(_) | ExpressionType::NamedFields(..) => {
                "map"
            }
            ExpressionType::Optional(_) => "optional",
            ExpressionType::Any | ExpressionType::Aws(_) => "dyn",
        }
    }

    /// Returns the type itself if it is not from a model. For a type from models, returns the type
    /// if it is equal in all models, and otherwise the unknown type.
    pub(crate) fn plain_type(&self) -> ExpressionType {
        let ExpressionType::Aws(all) = self else { return self.clone() };
        let mut types = all.iter().map(|one| match one.model.resolve_shape(one.shape) {
            ResolvedShape::Text | ResolvedShape::Enum(_) => ExpressionType::Text,
            ResolvedShape::Int => ExpressionType::Int,
            ResolvedShape::Double => ExpressionType::Double,
            ResolvedShape::Bool => ExpressionType::Bool,
            ResolvedShape::List(_) => ExpressionType::List(Box::new(ExpressionType::Any)),
            ResolvedShape::Map(_) | ResolvedShape::Structure(_) => {
                ExpressionType::Map(Box::new(ExpressionType::Any))
            }
            ResolvedShape::Time | ResolvedShape::Any => ExpressionType::Any,
        });
        let first = types.next().unwrap_or(ExpressionType::Any);
        if types.all(|other| other == first) { first } else { ExpressionType::Any }
    }

    /// Returns the type of the elements of a list, or of the values of a map.
    pub(crate) fn element_type(&self) -> ExpressionType {
        match self {
            ExpressionType::List(element) | ExpressionType::Map(element) => (**element).clone(),
            ExpressionType::Aws(all) => merge_modeled_types(all.iter().filter_map(|one| {
                match one.model.resolve_shape(one.shape) {
                    ResolvedShape::List(shape) | ResolvedShape::Map(shape) => {
                        Some(ModeledType { shape, ..*one })
                    }
                    _ => None,
                }
            })),
            _ => ExpressionType::Any,
        }
    }

    /// Returns the type of the value that an optional type contains, or the type itself.
    pub(crate) fn present_type(&self) -> ExpressionType {
        match self {
            ExpressionType::Optional(value) => (**value).clone(),
            other => other.clone(),
        }
    }

    /// Returns the type as an optional type.
    pub(crate) fn into_optional(self) -> ExpressionType {
        match self {
            ExpressionType::Optional(_) => self,
            other => ExpressionType::Optional(Box::new(other)),
        }
    }

    /// Returns the possible values of a string, if the models list them.
    pub(crate) fn allowed_values(&self) -> Option<Vec<&'static str>> {
        let ExpressionType::Aws(all) = self else { return None };
        let mut values = Vec::new();
        for one in all {
            let ResolvedShape::Enum(some) = one.model.resolve_shape(one.shape) else { return None };
            values.extend(some);
        }
        Some(values)
    }

    /// Searches for the field `name`.
    pub(crate) fn find_field(&self, name: &str) -> FieldLookup {
        match self {
            ExpressionType::NamedFields(_, fields) => match fields
                .iter()
                .find(|field| field.0 == name)
            {
                Some((_, ExpressionType::Optional(found))) => {
                    FieldLookup::Sometimes((**found).clone())
                }
                Some((_, found)) => FieldLookup::Always(found.clone()),
                None => FieldLookup::Never(fields.iter().map(|field| field.0.clone()).collect()),
            },
            ExpressionType::Map(value) => FieldLookup::Sometimes((**value).clone()),
            ExpressionType::View(views) => find_view_field(views, name),
            ExpressionType::Aws(all) => {
                let structures =
                    all.iter().map(|one| (one.model, one.model.resolve_shape(one.shape)));
                find_modeled_field(structures, name)
            }
            _ => FieldLookup::Unknown,
        }
    }
}

/// Returns the name of a type with its article. `null` has no article.
pub(crate) fn with_article(name: &str) -> String {
    match name.chars().next() {
        Some('n') => name.to_owned(),
        Some('i' | 'o') => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// Combines several types from models into one. Returns the unknown type for an empty list.
fn merge_modeled_types(all: impl Iterator<Item = ModeledType>) -> ExpressionType {
    let mut types: Vec<ModeledType> = Vec::new();
    for one in all {
        if !types.contains(&one) {
            types.push(one);
        }
    }
    if types.is_empty() { ExpressionType::Any } else { ExpressionType::Aws(types) }
}

fn find_member<'m>(members: &'m [StructureMember], name: &str) -> Option<&'m StructureMember> {
    members.iter().find(|member| member.name == name || lower_first(member.name) == name)
}

fn find_modeled_field<'m>(
    structures: impl Iterator<Item = (&'static ServiceModel, ResolvedShape<'m>)>,
    name: &str,
) -> FieldLookup {
    let (mut names, mut found, mut always) = (Vec::new(), Vec::new(), true);
    for (model, form) in structures {
        let (shape, required) = match form {
            ResolvedShape::Structure(members) => {
                let member = find_member(members, name);
                if member.is_none() {
                    names.extend(members.iter().map(|member| lower_first(member.name)));
                }
                (member.map(|member| member.shape), member.is_some_and(|member| member.required))
            }
            ResolvedShape::Map(shape) => (Some(shape), false),
            _ => return FieldLookup::Unknown,
        };
        always &= required;
        found.extend(shape.map(|shape| ModeledType { model, shape }));
    }
    if found.is_empty() { FieldLookup::Never(names) } else { build_field_lookup(found, always) }
}

fn build_field_lookup(found: Vec<ModeledType>, always: bool) -> FieldLookup {
    let kind = merge_modeled_types(found.into_iter());
    if always { FieldLookup::Always(kind) } else { FieldLookup::Sometimes(kind) }
}

/// Searches for a field of `request` or `response`.
///
/// The field can be a parameter of the call, a property that a patch operation sets, or a member of
/// the only structure of a response, which some services record without its name.
fn find_view_field(views: &[CallView], name: &str) -> FieldLookup {
    if views.iter().any(|view| view.unmodeled_fields.contains(&name)) {
        return FieldLookup::Unknown;
    }
    let is_wrapper = ["Input", "Request", "Response", "Req"].iter().any(|end| name.ends_with(end));
    if is_wrapper || ["omitted", "tags"].contains(&name) {
        return FieldLookup::Unknown;
    }
    let (mut names, mut found) = (Vec::new(), Vec::new());
    let mut calls: BTreeMap<&str, bool> = BTreeMap::new();
    for view in views {
        let own = view.model.side_members(view.operation, view.side);
        let always = calls.entry(view.operation).or_default();
        names.extend(own.iter().map(|member| lower_first(member.name)));
        if let Some(member) =
            find_member(own, name).or_else(|| find_member(view.extra_members(own), name))
        {
            // Two services can have a call with this name. The expression then refers to the call
            // that has the field.
            *always |= member.required && find_member(own, name).is_some();
            found.push(ModeledType { model: view.model, shape: member.shape });
        }
    }
    if found.is_empty() {
        FieldLookup::Never(names)
    } else {
        build_field_lookup(found, calls.into_values().all(|always| always))
    }
}

impl CallView {
    /// Returns the members that `request` or `response` has in addition to the side's own members.
    fn extra_members(&self, own: &[StructureMember]) -> &[StructureMember] {
        match (self.side, own) {
            (CallSide::Request, _) if find_member(own, "patchOperations").is_some() => {
                self.model.side_members(self.operation, CallSide::Response)
            }
            (CallSide::Response, [only]) => match self.model.resolve_shape(only.shape) {
                ResolvedShape::Structure(members) => members,
                _ => &[],
            },
            _ => &[],
        }
    }
}
