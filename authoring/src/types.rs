//! The types that expressions of policies have, as far as they can be told before an event is seen.

pub(crate) mod inference;

use crate::services::models::{Form, Member, Model, Shape, Side, lower_first, models, seen};
use evenkeel_rules::policy::{Match, Policy};
use std::collections::BTreeMap;

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// It cannot be told.
    Any,
    Null,
    Bool,
    Int,
    Double,
    Text,
    Time,
    List(Box<Type>),
    Map(Box<Type>),
    /// A value that may be absent.
    Optional(Box<Type>),
    /// `request` or `response`, of these calls.
    View(Vec<View>),
    /// What AWS's models say of it: one of these, as the calls differ.
    Aws(Vec<Modelled>),
    /// A map of known names, such as `event`.
    Known(&'static str, Vec<(String, Type)>),
}

/// One call's side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) model: &'static Model,
    pub(crate) operation: &'static str,
    pub(crate) side: Side,
    /// Fields that records have and the model does not.
    pub(crate) seen: &'static [&'static str],
}

/// A type of one of AWS's models.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Modelled {
    model: &'static Model,
    shape: Shape,
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.model, other.model)
            && self.operation == other.operation
            && self.side == other.side
    }
}

impl PartialEq for Modelled {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.model, other.model) && self.shape == other.shape
    }
}

/// What is known of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// It is of this type, and every call has it.
    Always(Type),
    /// It is of this type, and some call does not have it.
    Sometimes(Type),
    /// There is no such field; these there are.
    Never(Vec<String>),
    /// Nothing is known.
    Unknown,
}

/// Where a value that a policy looks at may be told by AWS's models with certainty: EC2 and S3 record much under
/// other names than those of their API.
pub(crate) fn is_certain(matches: &Match) -> bool {
    let odd = ["ec2.amazonaws.com", "s3.amazonaws.com"];
    !matches.event_source.iter().any(|source| odd.contains(&source.as_str()))
}

/// `request` or `response` of a policy; anything, where some of its events is not in the models.
pub(crate) fn view(matches: &Match, side: Side) -> Type {
    let mut views = Vec::new();
    for source in &matches.event_source {
        for name in &matches.event_name {
            // API Gateway's two services are one source, with calls of the same names.
            let found = models(source).filter_map(|model| Some((model, model.operation(name)?)));
            let before = views.len();
            views.extend(found.map(|(model, operation)| View {
                model,
                operation,
                side,
                seen: seen(source),
            }));
            // Another source may have it; where none has, nothing is known.
            if views.len() == before && matches.event_source.len() == 1 {
                return Type::Any;
            }
        }
    }
    if views.is_empty() { Type::Any } else { Type::View(views) }
}

/// The type of a policy's parameter.
pub(crate) fn parameter(kind: &str) -> Type {
    let element = kind.strip_prefix("list(").and_then(|rest| rest.strip_suffix(')'));
    match (kind, element) {
        (_, Some(element)) => Type::List(Box::new(parameter(element))),
        ("bool", _) => Type::Bool,
        ("int", _) => Type::Int,
        ("double", _) => Type::Double,
        ("string", _) => Type::Text,
        ("map", _) => Type::Map(Box::new(Type::Any)),
        _ => Type::Any,
    }
}

/// The names that an expression may use, and their types.
pub(crate) fn scope(policy: &Policy) -> Vec<(String, Type)> {
    let any = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), Type::Any)).collect::<Vec<_>>()
    };
    let texts = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), Type::Text)).collect::<Vec<_>>()
    };
    let params = policy.parameters.iter().map(|(name, one)| (name.clone(), parameter(&one.kind)));
    let resource = [
        texts(&["type", "id", "arn", "account", "region"]),
        any(&["configuration", "supplementaryConfiguration", "tags"]),
    ];
    let account = [texts(&["id", "alias", "ou"]), any(&["tags"])];
    vec![
        ("request".to_owned(), view(&policy.matches, Side::Request)),
        ("response".to_owned(), view(&policy.matches, Side::Response)),
        ("event".to_owned(), Type::Known("a CloudTrail record", record())),
        ("resource".to_owned(), Type::Known("`resource`", resource.concat())),
        ("account".to_owned(), Type::Known("`account`", account.concat())),
        ("params".to_owned(), Type::Known("the policy's parameters", params.collect())),
        ("now".to_owned(), Type::Time),
        ("violations".to_owned(), Type::List(Box::new(Type::Any))),
    ]
}

/// The fields of a record; those that not every record has are optional.
fn record() -> Vec<(String, Type)> {
    let always = ["awsRegion", "eventID", "eventName", "eventSource", "eventTime", "eventVersion"];
    let kind = |name: &str| match name {
        _ if always.contains(&name) => Type::Text,
        "userIdentity" => Type::Any,
        _ => Type::Any.optional(),
    };
    RECORD.iter().map(|name| ((*name).to_owned(), kind(name))).collect()
}

/// The fields of a record. Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "Insights events".
const RECORD: &[&str] = &[
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

impl Type {
    /// What it is called in a message.
    pub(crate) fn name(&self) -> &'static str {
        match self.plain() {
            Type::Null => "null",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Double => "double",
            Type::Text => "string",
            Type::Time => "timestamp",
            Type::List(_) => "list",
            Type::Map(_) | Type::View(_) | Type::Known(..) => "map",
            Type::Optional(_) => "optional",
            Type::Any | Type::Aws(_) => "dyn",
        }
    }

    /// The type that all models agree on; itself, where no model is involved.
    pub(crate) fn plain(&self) -> Type {
        let Type::Aws(all) = self else { return self.clone() };
        let mut types = all.iter().map(|one| match one.model.form(one.shape) {
            Form::Text | Form::Enum(_) => Type::Text,
            Form::Int => Type::Int,
            Form::Double => Type::Double,
            Form::Bool => Type::Bool,
            Form::List(_) => Type::List(Box::new(Type::Any)),
            Form::Map(_) | Form::Structure(_) => Type::Map(Box::new(Type::Any)),
            Form::Time | Form::Any => Type::Any,
        });
        let first = types.next().unwrap_or(Type::Any);
        if types.all(|other| other == first) { first } else { Type::Any }
    }

    /// What is in it: of a list its elements, of an optional value the value.
    pub(crate) fn element(&self) -> Type {
        match self {
            Type::List(element) | Type::Map(element) => (**element).clone(),
            Type::Aws(all) => merge(all.iter().filter_map(|one| match one.model.form(one.shape) {
                Form::List(shape) | Form::Map(shape) => Some(Modelled { shape, ..*one }),
                _ => None,
            })),
            _ => Type::Any,
        }
    }

    /// The type without its absence.
    pub(crate) fn present(&self) -> Type {
        match self {
            Type::Optional(value) => (**value).clone(),
            other => other.clone(),
        }
    }

    /// The same, perhaps absent.
    pub(crate) fn optional(self) -> Type {
        match self {
            Type::Optional(_) => self,
            other => Type::Optional(Box::new(other)),
        }
    }

    /// The values that a text may have, where it may only have some.
    pub(crate) fn values(&self) -> Option<Vec<&'static str>> {
        let Type::Aws(all) = self else { return None };
        let mut values = Vec::new();
        for one in all {
            let Form::Enum(some) = one.model.form(one.shape) else { return None };
            values.extend(some);
        }
        Some(values)
    }

    /// What is known of its field `name`.
    pub(crate) fn field(&self, name: &str) -> Found {
        match self {
            Type::Known(_, fields) => match fields.iter().find(|field| field.0 == name) {
                Some((_, Type::Optional(found))) => Found::Sometimes((**found).clone()),
                Some((_, found)) => Found::Always(found.clone()),
                None => Found::Never(fields.iter().map(|field| field.0.clone()).collect()),
            },
            Type::Map(value) => Found::Sometimes((**value).clone()),
            Type::View(views) => view_field(views, name),
            Type::Aws(all) => {
                let structures = all.iter().map(|one| (one.model, one.model.form(one.shape)));
                modelled_field(structures, name)
            }
            _ => Found::Unknown,
        }
    }
}

/// A type's name with its article; null has none.
pub(crate) fn a(name: &str) -> String {
    match name.chars().next() {
        Some('n') => name.to_owned(),
        Some('i' | 'o') => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// One type of many; anything, where there is none.
fn merge(all: impl Iterator<Item = Modelled>) -> Type {
    let mut types: Vec<Modelled> = Vec::new();
    for one in all {
        if !types.contains(&one) {
            types.push(one);
        }
    }
    if types.is_empty() { Type::Any } else { Type::Aws(types) }
}

fn named<'m>(members: &'m [Member], name: &str) -> Option<&'m Member> {
    members.iter().find(|member| member.name == name || lower_first(member.name) == name)
}

fn modelled_field<'m>(
    structures: impl Iterator<Item = (&'static Model, Form<'m>)>,
    name: &str,
) -> Found {
    let (mut names, mut found, mut always) = (Vec::new(), Vec::new(), true);
    for (model, form) in structures {
        let (shape, required) = match form {
            Form::Structure(members) => {
                let member = named(members, name);
                if member.is_none() {
                    names.extend(members.iter().map(|member| lower_first(member.name)));
                }
                (member.map(|member| member.shape), member.is_some_and(|member| member.required))
            }
            Form::Map(shape) => (Some(shape), false),
            _ => return Found::Unknown,
        };
        always &= required;
        found.extend(shape.map(|shape| Modelled { model, shape }));
    }
    if found.is_empty() { Found::Never(names) } else { said(found, always) }
}

fn said(found: Vec<Modelled>, always: bool) -> Found {
    let kind = merge(found.into_iter());
    if always { Found::Always(kind) } else { Found::Sometimes(kind) }
}

/// A field of a view, which is of a call's parameters, of what a patch sets, or of the one structure of an answer,
/// which some services write without its name.
fn view_field(views: &[View], name: &str) -> Found {
    if views.iter().any(|view| view.seen.contains(&name)) {
        return Found::Unknown;
    }
    let is_wrapper = ["Input", "Request", "Response", "Req"].iter().any(|end| name.ends_with(end));
    if is_wrapper || ["omitted", "tags"].contains(&name) {
        return Found::Unknown;
    }
    let (mut names, mut found) = (Vec::new(), Vec::new());
    let mut calls: BTreeMap<&str, bool> = BTreeMap::new();
    for view in views {
        let own = view.model.members(view.operation, view.side);
        let always = calls.entry(view.operation).or_default();
        names.extend(own.iter().map(|member| lower_first(member.name)));
        if let Some(member) = named(own, name).or_else(|| named(view.more(own), name)) {
            // Of two services with a call of this name, the policy is about the one that has the field.
            *always |= member.required && named(own, name).is_some();
            found.push(Modelled { model: view.model, shape: member.shape });
        }
    }
    if found.is_empty() {
        Found::Never(names)
    } else {
        said(found, calls.into_values().all(|always| always))
    }
}

impl View {
    /// Members besides a side's own.
    fn more(&self, own: &[Member]) -> &[Member] {
        match (self.side, own) {
            (Side::Request, _) if named(own, "patchOperations").is_some() => {
                self.model.members(self.operation, Side::Response)
            }
            (Side::Response, [only]) => match self.model.form(only.shape) {
                Form::Structure(members) => members,
                _ => &[],
            },
            _ => &[],
        }
    }
}
