//! A function cannot be called by everyone.

mod statement;

use std::collections::BTreeMap;

use evenkeel_client::{CallError, Method, RestCall, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::aws::Aws;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;
use statement::{is_of_any_bucket, is_public, permission};

/// Removes the permissions that let everyone call a function, one of its versions or one of its aliases. An undo
/// adds them again.
#[derive(Clone, Debug)]
pub struct RemovePublicPermission {
    lambda: Service,
}

/// A function's permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Of the function itself, under an empty name, and of each version and alias that has any: the statements
    /// by their ids.
    pub of: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Permissions {
    /// All statements, each with the name it is of and its id.
    fn all(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.of.iter().flat_map(|(of, statements)| {
            statements.iter().map(|(sid, one)| (of.as_str(), sid.as_str(), one))
        })
    }

    fn has(&self, of: &str, sid: &str) -> bool {
        self.of.get(of).is_some_and(|statements| statements.contains_key(sid))
    }

    fn lacks_any_of(&self, other: &Permissions) -> bool {
        other.all().any(|(of, sid, _)| !self.has(of, sid))
    }
}

impl From<Aws> for RemovePublicPermission {
    fn from(aws: Aws) -> Self {
        RemovePublicPermission { lambda: Service::lambda(&aws.config) }
    }
}

impl Remediator for RemovePublicPermission {
    type State = Permissions;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "lambda-remove-public-permission",
        permissions: &[
            "lambda:AddPermission",
            "lambda:GetPolicy",
            "lambda:ListAliases",
            "lambda:ListVersionsByFunction",
            "lambda:RemovePermission",
        ],
        tier: Some(Tier::A),
        arns: |target| {
            let function = target.arn("lambda", &format!("function:{}", target.id));
            // Its versions and aliases too.
            vec![format!("{function}:*"), function]
        },
        ..RemediatorSpec::EMPTY
    };

    fn calls(from: &Permissions, to: &Permissions) -> Vec<&'static str> {
        let removed = to.lacks_any_of(from).then_some("lambda:RemovePermission");
        let added = from.lacks_any_of(to).then_some("lambda:AddPermission");
        removed.into_iter().chain(added).collect()
    }

    async fn observe(&self, target: &Target) -> Result<Permissions, RefusedByAws> {
        let mut of = BTreeMap::new();
        for name in self.names(target).await? {
            let statements = self.statements(target, &name).await?;
            if !statements.is_empty() {
                of.insert(name, statements);
            }
        }
        Ok(Permissions { of })
    }

    fn plan(&self, target: &Target, before: &Permissions) -> Plan<Permissions> {
        let mut after = before.clone();
        for (of, sid, statement) in before.all().filter(|(_, _, statement)| is_public(statement)) {
            if permission(&target.id, of, statement).is_none() {
                return Plan::leave(format!(
                    "the statement `{sid}` could not be added again as it is"
                ));
            }
            if let Some(statements) = after.of.get_mut(of) {
                statements.remove(sid);
            }
        }
        after.of.retain(|_, statements| !statements.is_empty());
        if after != *before {
            return Plan::Change(after);
        }
        match before.all().find(|(_, _, statement)| is_of_any_bucket(statement)) {
            Some((_, sid, _)) => Plan::leave(format!(
                "the statement `{sid}` lets in buckets of any account, and whose it is for is not known"
            )),
            None => Plan::Nothing,
        }
    }

    async fn apply(&self, target: &Target, state: &Permissions) -> Result<(), RefusedByAws> {
        let function = &target.id;
        let now = self.observe(target).await?;
        // What came meanwhile, and is for somebody or could not be undone, was never planned to be removed.
        let removed = |(of, sid, one): &(&str, &str, &Value)| {
            !state.has(of, sid) && is_public(one) && permission(function, of, one).is_some()
        };
        for (of, sid, _) in now.all().filter(removed) {
            let remove = self.call(Method::DELETE, target, &["policy", sid], of);
            remove.send().await.map_err(refused)?;
        }
        for (of, sid, statement) in state.all().filter(|(of, sid, _)| !now.has(of, sid)) {
            let Some(mut permission) = permission(function, of, statement) else {
                let why = format!("the statement `{sid}` cannot be added as it is");
                return Err(RefusedByAws::Later(why));
            };
            permission.statement_id = sid;
            let add = self.call(Method::POST, target, &["policy"], of).with_json(&permission);
            add.send().await.map_err(refused)?;
        }
        Ok(())
    }

    /// Each statement takes a call of its own.
    fn between(seen: &Permissions, before: &Permissions, after: &Permissions) -> bool {
        let has = |state: &Permissions, (of, sid, one): (&str, &str, &Value)| {
            state.of.get(of).and_then(|statements| statements.get(sid)) == Some(one)
        };
        let is_known = seen.all().all(|one| has(before, one) || has(after, one));
        let stays = before.all().filter(|one| has(after, *one)).all(|one| has(seen, one));
        is_known && stays
    }
}

impl RemovePublicPermission {
    /// What may have permissions: the function itself, its versions, its aliases.
    async fn names(&self, target: &Target) -> Result<Vec<String>, RefusedByAws> {
        let mut names = self.list(target, "versions").await?;
        // The latest version has no permissions of its own: they are the function's.
        let latest = names.iter_mut().find(|name| *name == "$LATEST");
        latest.ok_or_else(|| unread("ListVersionsByFunction"))?.clear();
        names.extend(self.list(target, "aliases").await?);
        Ok(names)
    }

    /// The names on all pages of a function's `versions` or `aliases`.
    async fn list(&self, target: &Target, what: &str) -> Result<Vec<String>, RefusedByAws> {
        let mut names = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut call = self.call(Method::GET, target, &[what], "");
            if let Some(marker) = &marker {
                call = call.with_query("Marker", Some(marker));
            }
            let page: Page = call.send().await.and_then(|page| page.json()).map_err(refused)?;
            let listed = page.versions.or(page.aliases).ok_or_else(|| unread(what))?;
            for one in listed {
                names.push(one.version.or(one.name).ok_or_else(|| unread(what))?);
            }
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(names);
            }
        }
    }

    /// A call about a function, or about its version or alias `of`.
    fn call(&self, method: Method, target: &Target, path: &[&str], of: &str) -> RestCall<'_> {
        let path = [&["2015-03-31", "functions", &target.id], path].concat();
        let call = self.lambda.rest(method, &path);
        if of.is_empty() { call } else { call.with_query("Qualifier", Some(of)) }
    }

    /// The statements of a name, by their ids.
    async fn statements(
        &self,
        target: &Target,
        of: &str,
    ) -> Result<BTreeMap<String, Value>, RefusedByAws> {
        let get = self.call(Method::GET, target, &["policy"], of).send().await;
        let policy = match get.and_then(|answer| answer.json()) {
            Ok(Policy { policy }) => policy,
            // The function was there when it was listed: it has no policy.
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                return Ok(BTreeMap::new());
            }
            Err(error) => return Err(refused(error)),
        };
        let policy: Option<Value> = policy.and_then(|text| serde_json::from_str(&text).ok());
        let statements = policy.as_ref().and_then(|policy| policy.get("Statement")?.as_array());
        let named = |one: &Value| Some((one.get("Sid")?.as_str()?.to_owned(), one.clone()));
        let statements = statements.and_then(|all| all.iter().map(named).collect());
        statements.ok_or_else(|| unread("GetPolicy"))
    }
}

/// Source: AWS Lambda API Reference, `ListVersionsByFunction` and `ListAliases`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    versions: Option<Vec<Named>>,
    aliases: Option<Vec<Named>>,
    next_marker: Option<String>,
}

/// A version, or an alias. An alias has a `FunctionVersion`, which is not read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    version: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    policy: Option<String>,
}

fn unread(call: &str) -> RefusedByAws {
    RefusedByAws::Later(format!("{call} did not tell all that it should"))
}

/// Source: AWS Lambda API Reference, errors of `AddPermission` and `RemovePermission`.
fn refused(error: CallError) -> RefusedByAws {
    refusal(error, &["ResourceNotFoundException"], &[])
}
