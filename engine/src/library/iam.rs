//! CEL functions for IAM policy documents. The crate `evenkeel-iam` answers the questions.

mod answers;
mod document;

use cel::common::types::{DYN_TYPE, LIST_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use evenkeel_iam::{
    Grantee, PolicyDocument, PublicDefinition, StepLimit, Surroundings, find_insecure_request,
    find_outsiders, grants_access, grants_all, is_administrator, open_endpoint_statements,
    open_trust_statements, public_statements_for,
};
use serde_json::Value as Json;

use super::function::{FunctionDoc, function_error};
use super::json_conversion::from_json;
use super::values;
use crate::run::budget;
use answers::{describe_answer, describe_outsiders, describe_statements};

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    (
        "iam.statements(doc)",
        "the statements of a policy document in a uniform format: `sid`, `effect`, `principals`, \
         `notPrincipals`, `actions`, `notActions`, `resources`, `notResources`, and `conditions` \
         with `operator`, `key` and `values`",
    ),
    (
        "iam.public(doc)",
        "the `Allow` statements of a resource policy that let strangers in, with a `witness`: the \
         `text`, `caller`, `action`, `resource` and `context` of a request that is allowed; if that \
         is unknown and the policy finds nothing else, the status is `INSUFFICIENT_DATA`",
    ),
    (
        "iam.public(doc, account)",
        "as above, for a resource of the account; conditions on `aws:ResourceAccount` need it",
    ),
    ("iam.public(doc, account, actions)", "as above, for requests with one of the actions"),
    (
        "iam.public_by_s3(doc, account)",
        "as `iam.public`, but a value with a wildcard names nobody, as Amazon S3 defines public",
    ),
    (
        "iam.open_endpoint(doc)",
        "the statements of the policy of a VPC endpoint with which strangers reach their own \
         resources through the endpoint, with a `witness`",
    ),
    (
        "iam.outsiders(doc, account, trusted)",
        "the principals outside `account` and the list `trusted` that a document names and lets in, \
         with `name`, `account` and `witness`; strangers are not included",
    ),
    (
        "iam.outsiders(doc, account, trusted, actions)",
        "as above, for requests with one of the actions",
    ),
    (
        "iam.grants(doc, actions, resources)",
        "the statement with which an identity policy allows one of the actions on one of the \
         resources, in a list, with a `witness`; actions and resources can have wildcards",
    ),
    (
        "iam.grants_all(doc, actions, resources)",
        "a list with a `witness` if an identity policy allows all actions that match one of the \
         patterns on all resources that match one of the patterns, and its `Deny` statements leave \
         some of them",
    ),
    (
        "iam.administrator(doc)",
        "a list with a `witness` if an identity policy allows all actions on all resources, and its \
         `Deny` statements leave some of them",
    ),
    (
        "iam.insecure(doc, resources)",
        "a list with a `witness` if a resource policy does not deny every request without TLS for \
         the resources, which can have wildcards",
    ),
    (
        "iam.open_trust(doc)",
        "the statements of a trust policy that trust a shared identity provider without fixing the \
         organization, with a `witness`",
    ),
];

/// The number of steps that one call may use.
const MAX_STEPS: u64 = 1_000_000;

/// The number of steps that cost one unit of the budget.
const STEPS_PER_UNIT: u64 = 50;

/// Declares the functions of this file in the environment.
pub(super) fn declare_iam_functions(env: &mut Env) -> Result<(), DeclarationError> {
    let document = || vec![DYN_TYPE];
    let with_list = || vec![DYN_TYPE, LIST_TYPE];
    env.add_overload("iam.statements", "iam.statements(dyn)", document(), list_statements)?;
    env.add_overload("iam.public", "iam.public(dyn)", document(), |args| {
        find_public("iam.public", args, PublicDefinition::Reachable)
    })?;
    let with_account = || vec![DYN_TYPE, STRING_TYPE];
    env.add_overload("iam.public", "iam.public(dyn,string)", with_account(), |args| {
        find_public("iam.public", args, PublicDefinition::Reachable)
    })?;
    let id = "iam.public(dyn,string,list)";
    env.add_overload("iam.public", id, vec![DYN_TYPE, STRING_TYPE, LIST_TYPE], |args| {
        find_public("iam.public", args, PublicDefinition::Reachable)
    })?;
    let id = "iam.public_by_s3(dyn,string)";
    env.add_overload("iam.public_by_s3", id, with_account(), |args| {
        find_public("iam.public_by_s3", args, PublicDefinition::AmazonS3)
    })?;
    env.add_overload(
        "iam.open_endpoint",
        "iam.open_endpoint(dyn)",
        document(),
        find_open_endpoint,
    )?;
    let outsiders = || vec![DYN_TYPE, STRING_TYPE, LIST_TYPE];
    let id = "iam.outsiders(dyn,string,list)";
    env.add_overload("iam.outsiders", id, outsiders(), list_outsiders)?;
    let id = "iam.outsiders(dyn,string,list,list)";
    let with_actions = vec![DYN_TYPE, STRING_TYPE, LIST_TYPE, LIST_TYPE];
    env.add_overload("iam.outsiders", id, with_actions, list_outsiders)?;
    let id = "iam.grants(dyn,list,list)";
    env.add_overload("iam.grants", id, vec![DYN_TYPE, LIST_TYPE, LIST_TYPE], find_grants)?;
    let id = "iam.grants_all(dyn,list,list)";
    let lists = vec![DYN_TYPE, LIST_TYPE, LIST_TYPE];
    env.add_overload("iam.grants_all", id, lists, find_whole_grants)?;
    env.add_overload(
        "iam.administrator",
        "iam.administrator(dyn)",
        document(),
        find_administrator,
    )?;
    env.add_overload("iam.insecure", "iam.insecure(dyn,list)", with_list(), find_insecure)?;
    env.add_overload("iam.open_trust", "iam.open_trust(dyn)", document(), find_open_trust)
}

/// A result that a function returns to CEL.
type CelResult<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// The arguments of a call: the document, and the others.
struct DocumentCall<'b, 'v> {
    function: &'static str,
    document: PolicyDocument,
    others: std::vec::IntoIter<CowVal<'b, 'v>>,
}

impl<'b, 'v> DocumentCall<'b, 'v> {
    fn read(function: &'static str, args: Vec<CowVal<'b, 'v>>) -> Result<Self, ExecutionError> {
        let mut others = args.into_iter();
        let missing = || function_error(function, "an argument is missing");
        let document = document::read_document(function, &*others.next().ok_or_else(missing)?)?;
        Ok(DocumentCall { function, document, others })
    }

    fn next_text(&mut self) -> Result<String, ExecutionError> {
        let text = self.others.next().and_then(|arg| values::as_text(&*arg).map(str::to_owned));
        text.ok_or_else(|| function_error(self.function, "an argument must be a string"))
    }

    /// Reads the next argument, if there is one. Elements that are not strings are an error.
    fn next_texts(&mut self) -> Result<Vec<String>, ExecutionError> {
        let Some(list) = self.others.next() else { return Ok(Vec::new()) };
        let error = |message| function_error(self.function, message);
        let items =
            values::list_elements(&*list).ok_or_else(|| error("the argument must be a list"))?;
        items
            .into_iter()
            .map(|item| values::as_text(item).map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| error("an element is not a string"))
    }
}

/// Runs a question within the budget of the evaluation.
fn ask<T>(question: impl FnOnce(&Surroundings) -> T) -> Result<T, ExecutionError> {
    ask_within(Surroundings::default(), question)
}

fn ask_within<T>(
    mut surroundings: Surroundings,
    question: impl FnOnce(&Surroundings) -> T,
) -> Result<T, ExecutionError> {
    surroundings.steps = StepLimit::new(MAX_STEPS);
    let answer = question(&surroundings);
    let units = surroundings.steps.used_steps().checked_div(STEPS_PER_UNIT).unwrap_or_default();
    budget::charge_cost(usize::try_from(units).unwrap_or(usize::MAX))?;
    Ok(answer)
}

fn into_list<'b, 'v>(items: Vec<Json>) -> CowVal<'b, 'v> {
    CowVal::Owned(from_json(Json::Array(items)))
}

fn as_patterns(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn list_statements<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> CelResult<'b, 'v> {
    let call = DocumentCall::read("iam.statements", args)?;
    Ok(into_list(
        call.document.statements().iter().map(evenkeel_iam::Statement::describe).collect(),
    ))
}

fn find_public<'b, 'v>(
    function: &'static str,
    args: Vec<CowVal<'b, 'v>>,
    definition: PublicDefinition,
) -> CelResult<'b, 'v> {
    let mut call = DocumentCall::read(function, args)?;
    let account = if call.others.len() > 0 { Some(call.next_text()?) } else { None };
    let actions = call.next_texts()?;
    let surroundings = Surroundings { definition, account, ..Surroundings::default() };
    let answers = ask_within(surroundings, |around| {
        public_statements_for(&call.document, &as_patterns(&actions), around)
    })?;
    Ok(into_list(describe_statements(&call.document, answers)))
}

fn find_open_endpoint<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> CelResult<'b, 'v> {
    let call = DocumentCall::read("iam.open_endpoint", args)?;
    let answers = ask(|around| open_endpoint_statements(&call.document, around))?;
    Ok(into_list(describe_statements(&call.document, answers)))
}

fn list_outsiders<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> CelResult<'b, 'v> {
    let mut call = DocumentCall::read("iam.outsiders", args)?;
    let account = Some(call.next_text()?);
    let trusted_accounts = call.next_texts()?;
    let actions = call.next_texts()?;
    let surroundings = Surroundings { account, trusted_accounts, ..Surroundings::default() };
    let found = ask_within(surroundings, |around| {
        find_outsiders(&call.document, &as_patterns(&actions), around)
    })?;
    Ok(into_list(describe_outsiders(found)))
}

fn find_grants<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> CelResult<'b, 'v> {
    let mut call = DocumentCall::read("iam.grants", args)?;
    let (actions, resources) = (call.next_texts()?, call.next_texts()?);
    let answer = ask(|around| {
        let (actions, resources) = (as_patterns(&actions), as_patterns(&resources));
        grants_access(&call.document, &Grantee::Holder, &actions, &resources, around)
    })?;
    Ok(into_list(describe_answer(&call.document, answer)))
}

fn find_whole_grants<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> CelResult<'b, 'v> {
    let mut call = DocumentCall::read("iam.grants_all", args)?;
    let (actions, resources) = (call.next_texts()?, call.next_texts()?);
    let answer = ask(|around| {
        let (actions, resources) = (as_patterns(&actions), as_patterns(&resources));
        grants_all(&call.document, &actions, &resources, around)
    })?;
    Ok(into_list(describe_answer(&call.document, answer)))
}

fn find_administrator<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> CelResult<'b, 'v> {
    let call = DocumentCall::read("iam.administrator", args)?;
    let answer = ask(|around| is_administrator(&call.document, around))?;
    Ok(into_list(describe_answer(&call.document, answer)))
}

fn find_insecure<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> CelResult<'b, 'v> {
    let mut call = DocumentCall::read("iam.insecure", args)?;
    let resources = call.next_texts()?;
    let answer =
        ask(|around| find_insecure_request(&call.document, &as_patterns(&resources), around))?;
    Ok(into_list(describe_answer(&call.document, answer)))
}

fn find_open_trust<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> CelResult<'b, 'v> {
    let call = DocumentCall::read("iam.open_trust", args)?;
    let answers = ask(|around| open_trust_statements(&call.document, around))?;
    Ok(into_list(describe_statements(&call.document, answers)))
}
