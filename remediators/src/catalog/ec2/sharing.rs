//! Whether everyone may use a snapshot or an image.

use evenkeel_aws::Arn;

use crate::catalog::shared::sharing::Sharing;
use crate::query::{Query, QueryError};
use crate::refusal::query_refusal;
use crate::remediator::RefusedByAws;
use crate::violation::Target;

/// How EC2 names what is shared.
///
/// Source: Amazon EC2 API Reference, `ModifySnapshotAttribute` and `ModifyImageAttribute`.
#[derive(Debug)]
pub(super) struct Kind {
    /// The call that reads the attribute.
    pub(super) describe: &'static str,
    /// The call that writes it.
    pub(super) modify: &'static str,
    /// The parameter with the id.
    pub(super) id: &'static str,
    /// The attribute.
    pub(super) attribute: &'static str,
}

impl Kind {
    /// Whether everyone is among those who may use it.
    pub(super) async fn observe(
        &self,
        query: &Query,
        target: &Target,
    ) -> Result<Sharing, RefusedByAws> {
        let call = query.call(self.describe).with(self.id, &target.id);
        let answer = call.with("Attribute", self.attribute).send().await;
        let answer = answer.map_err(|error| refused(&error))?;
        let permissions = answer.get(self.attribute).map_err(|error| refused(&error))?;
        let mut groups = permissions.children().iter().filter_map(|item| item.find("group"));
        Ok(Sharing { public: groups.any(|group| group.text() == "all") })
    }

    /// Shares it with everyone, or no more. With whom else it is shared stays as it is.
    pub(super) async fn apply(
        &self,
        query: &Query,
        target: &Target,
        state: &Sharing,
    ) -> Result<(), RefusedByAws> {
        let call = query.call(self.modify).with(self.id, &target.id);
        let call = call
            .with("Attribute", self.attribute)
            .with("OperationType", if state.public { "add" } else { "remove" })
            .with("UserGroup.1", "all");
        call.send().await.map(drop).map_err(|error| refused(&error))
    }
}

/// An ARN in no account: snapshots and images have none in theirs.
///
/// Source: Service Authorization Reference, "Resource types defined by Amazon EC2".
pub(super) fn arn(target: &Target, resource: &str) -> String {
    let resource = format!("{resource}/{}", target.id);
    Arn::in_region(&target.region, "", "ec2", &resource).to_string()
}

/// Source: Amazon EC2 API Reference, "Error codes".
fn refused(error: &QueryError) -> RefusedByAws {
    query_refusal(
        error,
        &["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidSnapshot.NotFound"],
        &["AuthFailure", "InvalidAMIID.Malformed", "InvalidSnapshotID.Malformed"],
    )
}
