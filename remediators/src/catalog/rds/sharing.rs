//! Whether everyone may restore a snapshot of a database or a cluster.

use crate::catalog::shared::sharing::Sharing;
use crate::query::{Element, Query, QueryError};
use crate::refusal::query_refusal;
use crate::remediator::RefusedByAws;
use crate::violation::Target;

/// How RDS names what is shared.
///
/// Source: Amazon RDS API Reference, `DescribeDBSnapshotAttributes` and `DescribeDBClusterSnapshotAttributes`.
#[derive(Debug)]
pub(super) struct Kind {
    /// The call that reads the attributes.
    pub(super) describe: &'static str,
    /// The call that writes one.
    pub(super) modify: &'static str,
    /// The parameter with the name.
    pub(super) id: &'static str,
    /// The way to the list of attributes in the answer.
    pub(super) path: [&'static str; 3],
}

impl Kind {
    /// Whether everyone is among those who may restore it.
    pub(super) async fn observe(
        &self,
        query: &Query,
        target: &Target,
    ) -> Result<Sharing, RefusedByAws> {
        let answer = query.call(self.describe).with(self.id, &target.id).send().await;
        let public = answer.and_then(|answer| self.is_public(&answer));
        Ok(Sharing { public: public.map_err(|error| refused(&error))? })
    }

    fn is_public(&self, answer: &Element) -> Result<bool, QueryError> {
        let attributes = self.path.iter().try_fold(answer, |within, name| within.get(name))?;
        for attribute in attributes.children() {
            if attribute.get("AttributeName")?.text() == "restore" {
                let values = attribute.get("AttributeValues")?.children();
                return Ok(values.iter().any(|value| value.text() == "all"));
            }
        }
        Err(QueryError::Unanswered(format!("{} did not tell who may restore", self.describe)))
    }

    /// Shares it with everyone, or no more. With whom else it is shared stays as it is.
    pub(super) async fn apply(
        &self,
        query: &Query,
        target: &Target,
        state: &Sharing,
    ) -> Result<(), RefusedByAws> {
        let values = if state.public { "ValuesToAdd" } else { "ValuesToRemove" };
        let call = query.call(self.modify).with(self.id, &target.id);
        let call = call
            .with("AttributeName", "restore")
            .with(&format!("{values}.AttributeValue.1"), "all");
        call.send().await.map(drop).map_err(|error| refused(&error))
    }
}

/// Source: Amazon RDS API Reference, errors of `ModifyDBSnapshotAttribute` and
/// `ModifyDBClusterSnapshotAttribute`.
fn refused(error: &QueryError) -> RefusedByAws {
    let gone =
        &["DBClusterSnapshotNotFound", "DBClusterSnapshotNotFoundFault", "DBSnapshotNotFound"];
    query_refusal(error, gone, &[])
}
