//! Functions: what those take and give that say so, and the organisation's own.

use super::{Inference, level};
use crate::services::models::Side;
use crate::types::{Type, View, a};
use evenkeel_engine::Syntax;

/// Functions of a text.
const OF_TEXT: &[&str] = &[
    "charAt",
    "contains",
    "endsWith",
    "glob",
    "indexOf",
    "lastIndexOf",
    "lowerAscii",
    "matches",
    "replace",
    "split",
    "startsWith",
    "substring",
    "trim",
    "upperAscii",
];

/// Functions that give a bool.
const TRUTHS: &[&str] = &[
    "bool",
    "contains",
    "endsWith",
    "glob",
    "hasValue",
    "isCIDR",
    "isIP",
    "matches",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "startsWith",
];

/// Functions that give a text.
const TEXTS: &[&str] = &[
    "base64.encode",
    "charAt",
    "join",
    "lowerAscii",
    "replace",
    "string",
    "strings.quote",
    "substring",
    "trim",
    "upperAscii",
];

/// Functions that give an integer.
const INTS: &[&str] = &["indexOf", "int", "lastIndexOf", "size"];

impl Inference<'_> {
    /// The type of a call of a function or an operator.
    pub(super) fn call(
        &mut self,
        syntax: &Syntax,
        target: Option<&Syntax>,
        function: &str,
        args: &[Syntax],
    ) -> Type {
        let receiver = target.map(|target| self.infer(target));
        let types: Vec<Type> = args.iter().map(|arg| self.infer(arg)).collect();
        if target.is_none() {
            if let Some(found) = self.operator(syntax, function, args, &types) {
                return found;
            }
            if let Some(found) = self.own(function, &types) {
                return found;
            }
        }
        if let (Some(of), Some(receiver)) = (target, &receiver) {
            self.receives(of, receiver, function);
        }
        result(function, receiver.as_ref(), &types)
    }

    /// A function's receiver is of the type that it is a function of.
    fn receives(&mut self, of: &Syntax, receiver: &Type, function: &str) {
        let name = receiver.name();
        if OF_TEXT.contains(&function) && !["string", "dyn"].contains(&name) {
            let help =
                (name == "optional").then(|| "say what it is without: `.orValue('')`".to_owned());
            let message = format!("`{function}` is of a string, and this is {}", a(name));
            self.say("type", level(receiver), &of.span, message, help);
        }
        if ["orValue", "hasValue", "or", "value"].contains(&function)
            && !["optional", "dyn"].contains(&name)
        {
            let help = "an optional value is what `.?` gives".to_owned();
            let message = format!("`{function}` is of an optional value, and this is {}", a(name));
            self.say("type", level(receiver), &of.span, message, Some(help));
        }
    }

    /// What an organisation's own function gives for arguments of these types.
    fn own(&mut self, name: &str, types: &[Type]) -> Option<Type> {
        let (parameters, body) = self.functions.definition(name, types.len())?;
        let outer = std::mem::take(&mut self.scope);
        self.scope = parameters.iter().cloned().zip(types.iter().cloned()).collect();
        self.quiet = self.quiet.saturating_add(1);
        let found = self.infer(body);
        self.quiet = self.quiet.saturating_sub(1);
        self.scope = outer;
        Some(found)
    }
}

/// What a function of the library gives.
fn result(function: &str, receiver: Option<&Type>, types: &[Type]) -> Type {
    let first = receiver.or(types.first()).cloned().unwrap_or(Type::Any);
    match function {
        _ if TRUTHS.contains(&function) => Type::Bool,
        _ if TEXTS.contains(&function) => Type::Text,
        _ if INTS.contains(&function) => Type::Int,
        "split" => Type::List(Box::new(Type::Text)),
        "orValue" => {
            let (value, other) = (first.present(), types.last().cloned().unwrap_or(Type::Any));
            // `.orValue([])` says nothing of the elements.
            if value.name() == other.name() || value.name() == "dyn" { value } else { Type::Any }
        }
        "or" => match types.last() {
            Some(other) if *other == first => first,
            _ => Type::Any.optional(),
        },
        "value" => first.present(),
        "optional.of" | "optional.ofNonZeroValue" => first.optional(),
        "optional.none" => Type::Any.optional(),
        "as_list" => match first.present().plain() {
            Type::List(_) => Type::List(Box::new(first.present().element())),
            _ => Type::List(Box::new(Type::Any)),
        },
        "distinct" | "sort" | "reverse" | "slice" => first,
        "first" | "last" => first.element().optional(),
        "timestamp" => Type::Time,
        _ => Type::Any,
    }
}

/// The calls of views, and which side of them, for a message.
pub(super) fn of_views(views: &[View]) -> String {
    let side = match views.first().map(|view| view.side) {
        Some(Side::Response) => "what is answered to",
        _ => "the parameters of",
    };
    let mut names: Vec<&str> = views.iter().map(|view| view.operation).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [first, ..] if names.len() > 3 => {
            format!("{side} {first} and {} other calls", names.len().saturating_sub(1))
        }
        _ => format!("{side} {}", names.join(" or ")),
    }
}
