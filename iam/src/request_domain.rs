//! The actions and resources of the requests that a question is about.

use std::collections::BTreeSet;

use crate::catalog::{S3_BUCKET_ACTIONS, S3_OBJECT_ACTIONS, known_actions};
use crate::model::document::{PolicyDocument, Statement, expand_resource};
use crate::model::template::{Template, TemplatePart};
use crate::solver::pattern::{Form, Pattern};
use crate::solver::texts::TextCondition;

/// Conditions on the action and the resource of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestDomain {
    pub(crate) actions: Vec<TextCondition>,
    pub(crate) resources: Vec<TextCondition>,
    /// Actions that a search tries first, in lower case.
    pub(crate) preferred_actions: &'static [String],
    /// Resources that a search tries first.
    pub(crate) preferred_resources: Vec<String>,
}

/// The requests that a question is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestTarget {
    /// Patterns of the actions; empty for all.
    pub(crate) actions: Vec<String>,
    /// Patterns of the resources; empty for all.
    pub(crate) resources: Vec<String>,
}

/// Patterns of the objects of Amazon S3, in buckets and behind access points.
const S3_OBJECTS: &[&str] = &["arn:*:s3:::*/*", "arn:*:s3:*:*:accesspoint/*/object/*"];

fn like_all<T: AsRef<str>>(texts: &[T]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::like(text.as_ref())).collect()
}

impl RequestTarget {
    /// Creates a target. Both lists can have the wildcards `*` and `?`.
    pub(crate) fn new(actions: &[&str], resources: &[&str]) -> Self {
        RequestTarget {
            actions: actions.iter().map(|action| action.to_ascii_lowercase()).collect(),
            resources: resources.iter().map(|resource| expand_resource(resource)).collect(),
        }
    }

    /// Returns whether a statement can allow one of the actions. The result is only false if none of
    /// the actions has wildcards.
    pub(crate) fn may_be_allowed_by(&self, statement: &Statement) -> bool {
        let Some(members) = &statement.actions else { return true };
        let is_allowed = |action: &String| {
            let mut listed = members.listed.iter();
            action.contains(['*', '?'])
                || listed.any(|one| one.pattern().matches_text(action)) != members.is_complement
        };
        self.actions.is_empty() || self.actions.iter().any(is_allowed)
    }

    /// Returns domains that together contain all requests of this target that a document can allow.
    ///
    /// A resource-based policy belongs to one service. An action of Amazon S3 on objects applies only to
    /// objects.
    pub(crate) fn domains_for(&self, document: &PolicyDocument) -> Vec<RequestDomain> {
        let service = self.action_service().or_else(|| common_service(document));
        self.domains_of_service(service.as_deref())
    }

    /// Returns the domains of one service.
    pub(crate) fn domains_of_service(&self, service: Option<&str>) -> Vec<RequestDomain> {
        let within = match service {
            Some(service) => format!("{service}:?*"),
            None => "?*:?*".to_owned(),
        };
        let mut whole = RequestDomain {
            actions: vec![TextCondition::within(vec![Pattern::like(&within)])],
            resources: Vec::new(),
            preferred_actions: known_actions(service),
            preferred_resources: sample_resources(service),
        };
        if !self.actions.is_empty() {
            whole.actions.push(TextCondition::within(like_all(&self.actions)));
        }
        if !self.resources.is_empty() {
            whole.resources.push(TextCondition::within(resource_patterns(&self.resources)));
        }
        whole.resources.push(TextCondition::within(resource_arns()));
        if let Some(service) = service.filter(|service| OWN_RESOURCES.contains(service)) {
            let own = resource_patterns(&[format!("arn:*:{service}:*:*:?*")]);
            let any = vec![Pattern::exact("*")];
            whole.resources.push(TextCondition::within([own, any].concat()));
        }
        if let Some(service) = service.filter(|service| SIMPLE_NAMES.contains(service)) {
            let impossible = [format!("arn:*:{service}:*:*:*:*")];
            whole.resources.push(TextCondition::except(resource_patterns(&impossible)));
        }
        if service == Some("s3") { split_s3_domain(&whole) } else { vec![whole] }
    }

    /// Returns the service of all actions of the target.
    fn action_service(&self) -> Option<String> {
        let service = |action: &String| {
            let service = action.split_once(':').map(|(service, _)| service);
            service.filter(|service| !service.contains(['*', '?'])).map(str::to_owned)
        };
        only_service(self.actions.iter().map(service).collect())
    }

    /// Returns the service of all resources of the target.
    pub(crate) fn service(&self) -> Option<String> {
        let services: BTreeSet<Option<String>> = self
            .resources
            .iter()
            .map(|resource| resource_service(&Template::parse_text(resource, false)))
            .collect();
        only_service(services)
    }
}

/// Services whose actions apply only to resources of the same service. Other actions do not:
/// `sts:AssumeRole` applies to a role of IAM.
///
/// Source: AWS Service Authorization Reference.
const OWN_RESOURCES: &[&str] =
    &["dynamodb", "ecr", "iam", "kinesis", "kms", "secretsmanager", "sns", "sqs"];

/// Services whose resources have no colon after the account.
const SIMPLE_NAMES: &[&str] = &["ecr", "elasticfilesystem", "iam", "kms", "sqs"];

/// Returns the patterns of all resources. An action without a resource has the resource `*`.
fn resource_arns() -> Vec<Pattern> {
    [resource_patterns(&["arn:?*:?*:*:*:?*"]), vec![Pattern::exact("*")]].concat()
}

/// Returns resources that are easy to read in a witness.
fn sample_resources(service: Option<&str>) -> Vec<String> {
    let own = |rest: &str| format!("arn:aws:{rest}");
    match service {
        None => vec!["*".to_owned()],
        Some("s3") => vec![own("s3:::bucket/key"), own("s3:::bucket")],
        Some("sts") => vec![own("iam::111122223333:role/x")],
        Some(service) => vec![own(&format!("{service}:us-east-1:111122223333:x"))],
    }
}

/// Compiles patterns of resources. A wildcard stays in its part of the ARN.
fn resource_patterns<T: AsRef<str>>(texts: &[T]) -> Vec<Pattern> {
    let compile = |text: &T| {
        let template = Template::parse_text(text.as_ref(), false);
        let is_arn = text.as_ref().splitn(6, ':').count() == 6;
        Pattern::from_template(&template, if is_arn { Form::Arn } else { Form::Pattern })
    };
    texts.iter().map(compile).collect()
}

/// Splits a domain into the requests for objects and the requests for buckets.
fn split_s3_domain(whole: &RequestDomain) -> Vec<RequestDomain> {
    let (mut objects, mut buckets) = (whole.clone(), whole.clone());
    objects.actions.push(TextCondition::within(like_all(S3_OBJECT_ACTIONS)));
    objects.actions.push(TextCondition::except(like_all(S3_BUCKET_ACTIONS)));
    objects.resources.push(TextCondition::within(resource_patterns(S3_OBJECTS)));
    buckets.resources.push(TextCondition::within(resource_patterns(&["arn:*:s3:*:*:?*"])));
    buckets.resources.push(TextCondition::except(resource_patterns(S3_OBJECTS)));
    // An action on a bucket is not on objects, or it is one of the exceptions.
    let mut exceptions = buckets.clone();
    buckets.actions.push(TextCondition::except(like_all(S3_OBJECT_ACTIONS)));
    exceptions.actions.push(TextCondition::within(like_all(S3_BUCKET_ACTIONS)));
    let mut object_lambda = whole.clone();
    object_lambda.actions.push(TextCondition::within(like_all(&["s3:*forobjectlambda"])));
    let access_points = resource_patterns(&["arn:*:s3-object-lambda:*:*:accesspoint/?*"]);
    object_lambda.resources.push(TextCondition::within(access_points));
    vec![objects, buckets, exceptions, object_lambda]
}

/// Returns the service of a resource, from its ARN.
fn resource_service(template: &Template) -> Option<String> {
    let text: String = template
        .parts()
        .iter()
        .map(|part| match part {
            TemplatePart::Text(text) => text.as_str(),
            _ => "*",
        })
        .collect();
    let mut parts = text.split(':');
    let is_arn = parts.next() == Some("arn");
    let service = parts.nth(1).filter(|_| is_arn)?;
    // The last part may continue with a wildcard.
    let is_complete = parts.next().is_some();
    let is_named = !service.is_empty() && !service.contains(['*', '?']);
    (is_complete && is_named).then(|| service.to_owned())
}

/// Returns the service of all actions and resources of a resource-based policy, if they belong to one
/// service. The actions of an identity-based policy can belong to all services.
pub(crate) fn common_service(document: &PolicyDocument) -> Option<String> {
    let (mut services, mut excluded) = (BTreeSet::new(), BTreeSet::new());
    for statement in document.statements() {
        statement.principals.as_ref()?;
        if let Some(members) = &statement.actions {
            for action in &members.listed {
                match action.parts() {
                    // A service that is left out completely is not the service of the policy.
                    [TemplatePart::Text(text), TemplatePart::Star]
                        if members.is_complement && text.ends_with(':') =>
                    {
                        excluded.insert(text.trim_end_matches(':').to_owned());
                    }
                    [TemplatePart::Text(text), ..] if text.contains(':') => {
                        services.insert(text.split(':').next().map(str::to_owned));
                    }
                    [TemplatePart::Star] => {}
                    _ => return None,
                }
            }
        }
        let resources = statement.resources.iter().flat_map(|members| &members.listed);
        services.extend(resources.filter_map(resource_service).map(Some));
    }
    only_service(services).filter(|service| !excluded.contains(service))
}

fn only_service(services: BTreeSet<Option<String>>) -> Option<String> {
    let mut services = services.into_iter();
    let first = services.next()?;
    if services.next().is_none() { first } else { None }
}
