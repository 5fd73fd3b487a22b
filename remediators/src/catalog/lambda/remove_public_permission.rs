//! Removes public permissions from the resource policy of Lambda functions.

mod statement;

use std::collections::BTreeMap;

use evenkeel_client::{CallError, Method, RestCall, ServiceClient};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::connection::AwsConnection;
use crate::catalog::shared::policy_documents::{is_possibly_public_statement, is_public_statement};
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;
use statement::{allows_any_bucket, build_permission};

/// A remediator that removes the permissions by which anyone can invoke a function, one of its
/// versions or one of its aliases. An undo adds them again.
#[derive(Clone, Debug)]
pub struct RemovePublicPermission {
    lambda: ServiceClient,
}

/// The permissions of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionPermissions {
    /// The statements by qualifier and statement id. The qualifier is a version or an alias, or
    /// empty for the function itself.
    pub of: BTreeMap<String, BTreeMap<String, Value>>,
}

impl FunctionPermissions {
    /// Returns all statements, each with its qualifier and its id.
    fn iter_statements(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.of.iter().flat_map(|(of, statements)| {
            statements.iter().map(|(sid, one)| (of.as_str(), sid.as_str(), one))
        })
    }

    fn has_statement(&self, of: &str, sid: &str) -> bool {
        self.of.get(of).is_some_and(|statements| statements.contains_key(sid))
    }

    fn lacks_any_of(&self, other: &FunctionPermissions) -> bool {
        other.iter_statements().any(|(of, sid, _)| !self.has_statement(of, sid))
    }
}

impl From<AwsConnection> for RemovePublicPermission {
    fn from(aws: AwsConnection) -> Self {
        RemovePublicPermission { lambda: ServiceClient::lambda(&aws.config) }
    }
}

impl Remediator for RemovePublicPermission {
    type State = FunctionPermissions;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "lambda-remove-public-permission",
        permissions: &[
            "lambda:AddPermission",
            "lambda:GetPolicy",
            "lambda:ListAliases",
            "lambda:ListVersionsByFunction",
            "lambda:RemovePermission",
        ],
        tier: Some(SafetyTier::A),
        resource_arns: |target| {
            let function = target.build_arn("lambda", &format!("function:{}", target.id));
            // The first ARN covers the versions and aliases.
            vec![format!("{function}:*"), function]
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(from: &FunctionPermissions, to: &FunctionPermissions) -> Vec<&'static str> {
        let removed = to.lacks_any_of(from).then_some("lambda:RemovePermission");
        let added = from.lacks_any_of(to).then_some("lambda:AddPermission");
        removed.into_iter().chain(added).collect()
    }

    async fn observe_state(
        &self,
        target: &TargetResource,
    ) -> Result<FunctionPermissions, AwsFailure> {
        let mut of = BTreeMap::new();
        for name in self.list_qualifiers(target).await? {
            let statements = self.read_statements(target, &name).await?;
            if !statements.is_empty() {
                of.insert(name, statements);
            }
        }
        Ok(FunctionPermissions { of })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &FunctionPermissions,
    ) -> RemediationPlan<FunctionPermissions> {
        let mut after = before.clone();
        for (of, sid, statement) in
            before.iter_statements().filter(|(_, _, statement)| is_public_statement(statement))
        {
            if build_permission(&target.id, of, statement).is_none() {
                return RemediationPlan::leave_to_person(format!(
                    "an undo could not restore statement `{sid}` of the function policy unchanged; \
                     remove the statement by hand"
                ));
            }
            if let Some(statements) = after.of.get_mut(of) {
                statements.remove(sid);
            }
        }
        after.of.retain(|_, statements| !statements.is_empty());
        if after != *before {
            return RemediationPlan::Change(after);
        }
        let is_unproven = |one: &(&str, &str, &Value)| is_possibly_public_statement(one.2);
        if let Some((_, sid, _)) = before.iter_statements().find(is_unproven) {
            return RemediationPlan::leave_to_person(format!(
                "Evenkeel cannot determine whether statement `{sid}` of the function policy allows \
                 anyone; check the statement by hand"
            ));
        }
        match before.iter_statements().find(|(_, _, statement)| allows_any_bucket(statement)) {
            Some((_, sid, _)) => RemediationPlan::leave_to_person(format!(
                "statement `{sid}` of the function policy allows S3 buckets of any account; add a \
                 condition on `aws:SourceAccount` by hand"
            )),
            None => RemediationPlan::Nothing,
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &FunctionPermissions,
    ) -> Result<(), AwsFailure> {
        let function = &target.id;
        let now = self.observe_state(target).await?;
        // A plan removes only public statements that an undo can restore. Other statements that
        // were added since the plan are kept.
        let removed = |(of, sid, one): &(&str, &str, &Value)| {
            !state.has_statement(of, sid)
                && is_public_statement(one)
                && build_permission(function, of, one).is_some()
        };
        for (of, sid, _) in now.iter_statements().filter(removed) {
            let remove = self.build_call(Method::DELETE, target, &["policy", sid], of);
            remove.send_rest().await.map_err(classify_function_error)?;
        }
        for (of, sid, statement) in
            state.iter_statements().filter(|(of, sid, _)| !now.has_statement(of, sid))
        {
            let Some(mut permission) = build_permission(function, of, statement) else {
                let why = format!("statement `{sid}` of the function policy cannot be restored");
                return Err(AwsFailure::Retryable(why));
            };
            permission.statement_id = sid;
            let add = self.build_call(Method::POST, target, &["policy"], of).with_json(&permission);
            add.send_rest().await.map_err(classify_function_error)?;
        }
        Ok(())
    }

    /// Accepts states in which some statements are already removed or added, because each statement
    /// needs a separate call.
    fn is_partial_state(
        seen: &FunctionPermissions,
        before: &FunctionPermissions,
        after: &FunctionPermissions,
    ) -> bool {
        let has = |state: &FunctionPermissions, (of, sid, one): (&str, &str, &Value)| {
            state.of.get(of).and_then(|statements| statements.get(sid)) == Some(one)
        };
        let is_known = seen.iter_statements().all(|one| has(before, one) || has(after, one));
        let stays =
            before.iter_statements().filter(|one| has(after, *one)).all(|one| has(seen, one));
        is_known && stays
    }
}

impl RemovePublicPermission {
    /// Returns the qualifiers that can have permissions: the function itself, its versions and
    /// aliases.
    async fn list_qualifiers(&self, target: &TargetResource) -> Result<Vec<String>, AwsFailure> {
        let mut names = self.list_names(target, "versions").await?;
        // The version `$LATEST` has no separate permissions. Its permissions are those of the
        // function, whose qualifier is empty.
        let latest = names.iter_mut().find(|name| *name == "$LATEST");
        latest.ok_or_else(|| incomplete_response("ListVersionsByFunction"))?.clear();
        names.extend(self.list_names(target, "aliases").await?);
        Ok(names)
    }

    /// Returns the names on all pages of the `versions` or `aliases` of a function.
    async fn list_names(
        &self,
        target: &TargetResource,
        what: &str,
    ) -> Result<Vec<String>, AwsFailure> {
        let mut names = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut call = self.build_call(Method::GET, target, &[what], "");
            if let Some(marker) = &marker {
                call = call.with_query("Marker", Some(marker));
            }
            let page: QualifierPage = call
                .send_rest()
                .await
                .and_then(|page| page.parse_json())
                .map_err(classify_function_error)?;
            let listed = page.versions.or(page.aliases).ok_or_else(|| incomplete_response(what))?;
            for one in listed {
                names.push(one.version.or(one.name).ok_or_else(|| incomplete_response(what))?);
            }
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(names);
            }
        }
    }

    /// Returns a call for a function, or for its version or alias `of`.
    fn build_call(
        &self,
        method: Method,
        target: &TargetResource,
        path: &[&str],
        of: &str,
    ) -> RestCall<'_> {
        let path = [&["2015-03-31", "functions", &target.id], path].concat();
        let call = self.lambda.rest_call(method, &path);
        if of.is_empty() { call } else { call.with_query("Qualifier", Some(of)) }
    }

    /// Returns the statements of a qualifier by their ids.
    async fn read_statements(
        &self,
        target: &TargetResource,
        of: &str,
    ) -> Result<BTreeMap<String, Value>, AwsFailure> {
        let get = self.build_call(Method::GET, target, &["policy"], of).send_rest().await;
        let policy = match get.and_then(|answer| answer.parse_json()) {
            Ok(GetPolicyResponse { policy }) => policy,
            // The qualifier was listed before, so it exists and has no policy.
            Err(error) if error.error_code() == Some("ResourceNotFoundException") => {
                return Ok(BTreeMap::new());
            }
            Err(error) => return Err(classify_function_error(error)),
        };
        let policy: Option<Value> = policy.and_then(|text| serde_json::from_str(&text).ok());
        let statements = policy.as_ref().and_then(|policy| policy.get("Statement")?.as_array());
        let named = |one: &Value| Some((one.get("Sid")?.as_str()?.to_owned(), one.clone()));
        let statements = statements.and_then(|all| all.iter().map(named).collect());
        statements.ok_or_else(|| incomplete_response("GetPolicy"))
    }
}

/// A page of versions or aliases.
///
/// Source: AWS Lambda API Reference, `ListVersionsByFunction` and `ListAliases`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QualifierPage {
    versions: Option<Vec<ListedQualifier>>,
    aliases: Option<Vec<ListedQualifier>>,
    next_marker: Option<String>,
}

/// A version or an alias. The `FunctionVersion` of an alias is not read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedQualifier {
    version: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetPolicyResponse {
    policy: Option<String>,
}

/// Returns the failure for a response without an expected part.
fn incomplete_response(call: &str) -> AwsFailure {
    AwsFailure::Retryable(format!("AWS Lambda returned an incomplete response ({call})"))
}

/// Classifies an error.
///
/// Source: AWS Lambda API Reference, errors of `AddPermission` and `RemovePermission`.
fn classify_function_error(error: CallError) -> AwsFailure {
    classify_error(error, &["ResourceNotFoundException"], &[])
}
