//! Infers the result types of function calls: functions of the library, and the organization's
//! functions.

use super::{TypeInference, issue_level};
use crate::services::models::CallSide;
use crate::types::{CallView, ExpressionType, with_article};
use evenkeel_engine::SyntaxNode;

/// The methods of strings.
const TEXT_METHODS: &[&str] = &[
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

/// The functions that return a bool.
const BOOL_FUNCTIONS: &[&str] = &[
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

/// The functions that return a string.
const TEXT_FUNCTIONS: &[&str] = &[
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

/// The functions that return an integer.
const INT_FUNCTIONS: &[&str] = &["indexOf", "int", "lastIndexOf", "size"];

impl TypeInference<'_> {
    /// Infers the type of a call of a function or an operator.
    pub(super) fn infer_call(
        &mut self,
        syntax: &SyntaxNode,
        target: Option<&SyntaxNode>,
        function: &str,
        args: &[SyntaxNode],
    ) -> ExpressionType {
        let receiver = target.map(|target| self.infer_type(target));
        let types: Vec<ExpressionType> = args.iter().map(|arg| self.infer_type(arg)).collect();
        if target.is_none() {
            if let Some(found) = self.infer_operator(syntax, function, args, &types) {
                return found;
            }
            if let Some(found) = self.infer_own_function(function, &types) {
                return found;
            }
        }
        if let (Some(of), Some(receiver)) = (target, &receiver) {
            self.check_receiver(of, receiver, function);
        }
        library_result_type(function, receiver.as_ref(), &types)
    }

    /// Checks that a method is called on a value of its type.
    fn check_receiver(&mut self, of: &SyntaxNode, receiver: &ExpressionType, function: &str) {
        let name = receiver.type_name();
        if TEXT_METHODS.contains(&function) && !["string", "dyn"].contains(&name) {
            let help =
                (name == "optional").then(|| "add a default value: `.orValue('')`".to_owned());
            let message =
                format!("`{function}` is a method of strings, but this is {}", with_article(name));
            self.report_issue("type", issue_level(receiver), &of.span, message, help);
        }
        if ["orValue", "hasValue", "or", "value"].contains(&function)
            && !["optional", "dyn"].contains(&name)
        {
            let help = "`.?` returns an optional value".to_owned();
            let found = with_article(name);
            let message =
                format!("`{function}` is a method of optional values, but this is {found}");
            self.report_issue("type", issue_level(receiver), &of.span, message, Some(help));
        }
    }

    /// Infers the result type of an organization's function for arguments of these types.
    fn infer_own_function(
        &mut self,
        name: &str,
        types: &[ExpressionType],
    ) -> Option<ExpressionType> {
        let (parameters, body) = self.functions.find_definition(name, types.len())?;
        let outer = std::mem::take(&mut self.scope);
        self.scope = parameters.iter().cloned().zip(types.iter().cloned()).collect();
        self.quiet_depth = self.quiet_depth.saturating_add(1);
        let found = self.infer_type(body);
        self.quiet_depth = self.quiet_depth.saturating_sub(1);
        self.scope = outer;
        Some(found)
    }
}

/// Returns the result type of a function of the library.
fn library_result_type(
    function: &str,
    receiver: Option<&ExpressionType>,
    types: &[ExpressionType],
) -> ExpressionType {
    let first = receiver.or(types.first()).cloned().unwrap_or(ExpressionType::Any);
    match function {
        _ if BOOL_FUNCTIONS.contains(&function) => ExpressionType::Bool,
        _ if TEXT_FUNCTIONS.contains(&function) => ExpressionType::Text,
        _ if INT_FUNCTIONS.contains(&function) => ExpressionType::Int,
        "split" => ExpressionType::List(Box::new(ExpressionType::Text)),
        "orValue" => {
            let (value, other) =
                (first.present_type(), types.last().cloned().unwrap_or(ExpressionType::Any));
            // `.orValue([])` does not determine the type of the elements.
            if value.type_name() == other.type_name() || value.type_name() == "dyn" {
                value
            } else {
                ExpressionType::Any
            }
        }
        "or" => match types.last() {
            Some(other) if *other == first => first,
            _ => ExpressionType::Any.into_optional(),
        },
        "value" => first.present_type(),
        "optional.of" | "optional.ofNonZeroValue" => first.into_optional(),
        "optional.none" => ExpressionType::Any.into_optional(),
        "as_list" => match first.present_type().plain_type() {
            ExpressionType::List(_) => {
                ExpressionType::List(Box::new(first.present_type().element_type()))
            }
            _ => ExpressionType::List(Box::new(ExpressionType::Any)),
        },
        "distinct" | "sort" | "reverse" | "slice" => first,
        "first" | "last" => first.element_type().into_optional(),
        "timestamp" => ExpressionType::Time,
        _ => ExpressionType::Any,
    }
}

/// Describes the request or the response of some calls, for messages.
pub(super) fn describe_views(views: &[CallView]) -> String {
    let side = match views.first().map(|view| view.side) {
        Some(CallSide::Response) => "the response of",
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
