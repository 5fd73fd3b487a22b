//! Reads who owns a resource: its tags, the AWS CloudFormation stack that manages it, and the
//! organizational units of its account.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use evenkeel_client::{CallError, ServiceClient};
use serde::Deserialize;
use serde_json::json;

use crate::violation::TargetResource;

/// What is known about the owner of a resource. A part that cannot be read is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceOwnership {
    /// The tags of the resource; `None` if they cannot be read, or if the ARN is not known.
    pub tags: Option<BTreeMap<String, String>>,
    /// The stack that manages the resource; `None` if there is none, or if it cannot be read.
    pub stack: Option<String>,
    /// The ids of the organizational units that contain the account, the nearest first; `None` if
    /// they are not read or cannot be read.
    pub organizational_units: Option<Vec<String>>,
    /// What could not be read, with the error code, for people.
    pub unreadable: Vec<String>,
}

/// The future of [`OwnershipSource::read_ownership`].
pub type OwnershipFuture<'a> = Pin<Box<dyn Future<Output = ResourceOwnership> + Send + 'a>>;

/// A source of the ownership of resources.
pub trait OwnershipSource: Send + Sync {
    /// Reads the ownership of a resource. `arn` is its ARN, if it is known. With
    /// `with_organizational_units`, the function also reads the organizational units.
    fn read_ownership<'a>(
        &'a self,
        target: &'a TargetResource,
        arn: Option<&'a str>,
        with_organizational_units: bool,
    ) -> OwnershipFuture<'a>;
}

/// Reads the ownership through the APIs of AWS.
pub(crate) struct AwsOwnership {
    /// The Resource Groups Tagging API, in the account and the Region of the resource.
    pub(crate) tagging: ServiceClient,
    /// AWS CloudFormation, in the account and the Region of the resource.
    pub(crate) cloudformation: ServiceClient,
    /// AWS Organizations, with the credentials of the caller.
    pub(crate) organizations: ServiceClient,
}

impl fmt::Debug for AwsOwnership {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("AwsOwnership")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagMappings {
    #[serde(default)]
    resource_tag_mapping_list: Vec<TagMapping>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagMapping {
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parents {
    #[serde(default)]
    parents: Vec<Parent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parent {
    id: String,
    r#type: String,
}

/// The maximum depth of organizational units, and the root.
///
/// Source: AWS Organizations User Guide, "Quotas for AWS Organizations".
const MAX_DEPTH: usize = 6;

impl AwsOwnership {
    /// Source: Resource Groups Tagging API Reference, `GetResources`: the response contains no
    /// resource that never had a tag.
    async fn read_tags(&self, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
        let request = json!({"ResourceARNList": [arn]});
        let found: TagMappings = self.tagging.call_json("GetResources", &request).await?;
        let tags = found.resource_tag_mapping_list.into_iter().flat_map(|one| one.tags);
        Ok(tags.map(|Tag { key, value }| (key, value)).collect())
    }

    /// Source: AWS CloudFormation API Reference, `DescribeStackResources`: with a physical id, the
    /// call returns the resources of the stack that contains the resource, and a validation error
    /// if there is no such stack.
    async fn read_stack(&self, id: &str) -> Result<Option<String>, CallError> {
        let call = self
            .cloudformation
            .query_call("DescribeStackResources")
            .with_parameter("PhysicalResourceId", id);
        match call.send_query().await {
            Ok(response) => {
                let result = response.require_child("DescribeStackResourcesResult")?;
                let resources = result.require_child("StackResources")?;
                let first = resources.find_child("member");
                let name = first.and_then(|one| one.find_child("StackName"));
                Ok(name.map(|name| name.text_content().to_owned()))
            }
            Err(error) if error.error_code() == Some("ValidationError") => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn read_units(&self, account: &str) -> Result<Vec<String>, CallError> {
        let (mut units, mut child) = (Vec::new(), account.to_owned());
        for _ in 0..MAX_DEPTH {
            let request = json!({"ChildId": child});
            let found: Parents = self.organizations.call_json("ListParents", &request).await?;
            match found.parents.into_iter().next() {
                Some(parent) if parent.r#type == "ORGANIZATIONAL_UNIT" => {
                    units.push(parent.id.clone());
                    child = parent.id;
                }
                _ => break,
            }
        }
        Ok(units)
    }
}

impl OwnershipSource for AwsOwnership {
    fn read_ownership<'a>(
        &'a self,
        target: &'a TargetResource,
        arn: Option<&'a str>,
        with_organizational_units: bool,
    ) -> OwnershipFuture<'a> {
        Box::pin(async move {
            let mut found = ResourceOwnership::default();
            if let Some(arn) = arn {
                match self.read_tags(arn).await {
                    Ok(tags) => found.tags = Some(tags),
                    Err(error) => found.unreadable.push(format!("the tags ({error})")),
                }
            }
            match self.read_stack(&target.id).await {
                Ok(stack) => found.stack = stack,
                Err(error) => {
                    found.unreadable.push(format!("the AWS CloudFormation stack ({error})"));
                }
            }
            if with_organizational_units {
                match self.read_units(&target.account).await {
                    Ok(units) => found.organizational_units = Some(units),
                    Err(error) => {
                        found.unreadable.push(format!("the organizational units ({error})"));
                    }
                }
            }
            found
        })
    }
}
