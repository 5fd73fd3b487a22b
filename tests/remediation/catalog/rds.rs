//! Tests the remediators of public database instances and public database snapshots.

use evenkeel_remediators::catalog::rds::cluster_snapshot_private::ClusterSnapshotPrivate;
use evenkeel_remediators::catalog::rds::instance_private::{InstanceAccess, InstancePrivate};
use evenkeel_remediators::catalog::rds::snapshot_private::DatabaseSnapshotPrivate;
use evenkeel_remediators::{AwsFailure, RemediationResult, Remediator};

use super::query::{ask, writes_nothing_unread};
use super::stage::Stage;
use evenkeel_testing::proxy::Fault;

/// Calls RDS of the AWS stand-in directly, without the proxy.
async fn rds(body: &str) -> String {
    ask("rds", "2014-10-31", body).await
}

/// Returns an answer without the parts that change with each call: the request id and the latest
/// restorable time.
async fn seen(body: &str) -> String {
    const UNTIL: &str = "</LatestRestorableTime>";
    let answer = rds(body).await;
    let answer = answer.split("<ResponseMetadata>").next().unwrap();
    let (before, after) = answer.split_once("<LatestRestorableTime>").unwrap_or((answer, UNTIL));
    format!("{before}{}", after.split_once(UNTIL).unwrap().1)
}

async fn instance(name: &str) -> Stage {
    rds(&format!(
        "Action=CreateDBInstance&DBInstanceIdentifier={name}&DBInstanceClass=db.t3.micro\
         &Engine=postgres&AllocatedStorage=20&MasterUsername=somebody\
         &MasterUserPassword=not-a-secret&PubliclyAccessible=true"
    ))
    .await;
    Stage::new("rds-instance-public", InstancePrivate::SPEC.id, "AWS::RDS::DBInstance", name).await
}

#[tokio::test]
async fn a_public_instance_becomes_private_and_nothing_else_changes() {
    let stage = instance("public").await;
    stage.there_and_back::<InstancePrivate>().await;
    let describe = "Action=DescribeDBInstances&DBInstanceIdentifier=public";
    let before = seen(describe).await;
    assert_eq!(stage.run::<InstancePrivate>().await.unwrap().result, RemediationResult::Restored);
    let public = |on| format!("<PubliclyAccessible>{on}</PubliclyAccessible>");
    assert_eq!(seen(describe).await, before.replace(&public(true), &public(false)));
}

#[tokio::test]
async fn a_missing_or_unreadable_instance_is_not_changed() {
    let stage = instance("unread").await;
    let (read, write) = ("DescribeDBInstances", "ModifyDBInstance");
    writes_nothing_unread::<InstancePrivate>(&stage, read, write).await;
    rds("Action=DeleteDBInstance&DBInstanceIdentifier=unread&SkipFinalSnapshot=true").await;
    assert_eq!(
        stage.run::<InstancePrivate>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
}

#[tokio::test]
async fn an_instance_that_is_being_modified_is_retried() {
    const CHANGING: &str = "<A><DescribeDBInstancesResult><DBInstances><DBInstance>\
        <DBInstanceStatus>modifying</DBInstanceStatus><PubliclyAccessible>true</PubliclyAccessible>\
        </DBInstance></DBInstances></DescribeDBInstancesResult></A>";
    const PENDING: &str = "<A><DescribeDBInstancesResult><DBInstances><DBInstance><PendingModifiedValues>\
        <PubliclyAccessible>false</PubliclyAccessible></PendingModifiedValues>\
        <DBInstanceStatus>available</DBInstanceStatus><PubliclyAccessible>true</PubliclyAccessible>\
        </DBInstance></DBInstances></DescribeDBInstancesResult></A>";
    const NONE: &str =
        "<A><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult></A>";
    let stage = instance("changing").await;
    let remediator = InstancePrivate::from(stage.aws());
    stage.proxy.fault("DescribeDBInstances", 1, Fault::Answer(200, CHANGING));
    let refused = remediator.observe_state(&stage.target()).await.unwrap_err();
    let why = "the DB instance has status `modifying`, not `available`; try again later";
    assert_eq!(refused, AwsFailure::Retryable(why.to_owned()));
    stage.proxy.fault("DescribeDBInstances", 1, Fault::Answer(200, NONE));
    assert!(remediator.observe_state(&stage.target()).await.is_err());
    stage.proxy.fault("DescribeDBInstances", 1, Fault::Answer(200, PENDING));
    let seen = remediator.observe_state(&stage.target()).await.unwrap();
    assert_eq!(seen, InstanceAccess { public: true }, "a pending change must not count as done");
    // The write starts a modification: the message is retried until it is complete.
    let pause = evenkeel_testing::proxy::Pause::default();
    stage.proxy.fault("ModifyDBInstance", 1, Fault::PauseAfter(pause.clone()));
    let (outcome, ()) = tokio::join!(stage.run::<InstancePrivate>(), async {
        pause.reached.notified().await;
        stage.proxy.fault("DescribeDBInstances", 1, Fault::Answer(200, CHANGING));
        pause.release.notify_one();
    });
    assert!(outcome.is_err(), "{outcome:?}");
    let outcome = stage.run::<InstancePrivate>().await.unwrap();
    assert_eq!((outcome.result, outcome.attempt), (RemediationResult::Restored, Some(1)));
    assert_eq!(stage.proxy.count("ModifyDBInstance"), 1);
}

#[tokio::test]
async fn a_public_snapshot_becomes_private_and_stays_shared_with_other_accounts() {
    instance("shared").await;
    let name = "shared-snapshot";
    rds(&format!(
        "Action=CreateDBSnapshot&DBInstanceIdentifier=shared&DBSnapshotIdentifier={name}"
    ))
    .await;
    let share = format!(
        "Action=ModifyDBSnapshotAttribute&DBSnapshotIdentifier={name}&AttributeName=restore"
    );
    rds(&format!(
        "{share}&ValuesToAdd.AttributeValue.1=111122223333&ValuesToAdd.AttributeValue.2=all"
    ))
    .await;
    let new = || {
        Stage::new(
            "rds-snapshot-public",
            DatabaseSnapshotPrivate::SPEC.id,
            "AWS::RDS::DBSnapshot",
            name,
        )
    };
    let stage = new().await;
    stage.there_and_back::<DatabaseSnapshotPrivate>().await;
    let describe = format!("Action=DescribeDBSnapshotAttributes&DBSnapshotIdentifier={name}");
    let before = seen(&describe).await;
    assert_eq!(
        stage.run::<DatabaseSnapshotPrivate>().await.unwrap().result,
        RemediationResult::Restored
    );
    let after = seen(&describe).await;
    assert_eq!(after, before.replace("<AttributeValue>all</AttributeValue>", ""));
    assert!(after.contains("111122223333"), "{after}");
    rds(&format!("{share}&ValuesToAdd.AttributeValue.1=all")).await;
    let stage = new().await;
    let (read, write) = ("DescribeDBSnapshotAttributes", "ModifyDBSnapshotAttribute");
    writes_nothing_unread::<DatabaseSnapshotPrivate>(&stage, read, write).await;
    rds(&format!("Action=DeleteDBSnapshot&DBSnapshotIdentifier={name}")).await;
    assert_eq!(
        stage.run::<DatabaseSnapshotPrivate>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
}

#[tokio::test]
async fn a_public_cluster_snapshot_becomes_private_and_stays_shared_with_other_accounts() {
    rds("Action=CreateDBCluster&DBClusterIdentifier=cluster&Engine=aurora-postgresql&MasterUsername=somebody&MasterUserPassword=not-a-secret").await;
    let (name, id) = ("cluster-snapshot", "DBClusterSnapshotIdentifier");
    rds(&format!("Action=CreateDBClusterSnapshot&DBClusterIdentifier=cluster&{id}={name}")).await;
    let share =
        format!("Action=ModifyDBClusterSnapshotAttribute&{id}={name}&AttributeName=restore");
    rds(&format!(
        "{share}&ValuesToAdd.AttributeValue.1=111122223333&ValuesToAdd.AttributeValue.2=all"
    ))
    .await;
    let (policy, kind) = ("rds-cluster-snapshot-public", "AWS::RDS::DBClusterSnapshot");
    let new = || Stage::new(policy, ClusterSnapshotPrivate::SPEC.id, kind, name);
    let stage = new().await;
    stage.there_and_back::<ClusterSnapshotPrivate>().await;
    let describe = format!("Action=DescribeDBClusterSnapshotAttributes&{id}={name}");
    let before = seen(&describe).await;
    assert_eq!(
        stage.run::<ClusterSnapshotPrivate>().await.unwrap().result,
        RemediationResult::Restored
    );
    let after = seen(&describe).await;
    assert_eq!(after, before.replace("<AttributeValue>all</AttributeValue>", ""));
    assert!(after.contains("111122223333"), "{after}");
    rds(&format!("{share}&ValuesToAdd.AttributeValue.1=all")).await;
    let stage = new().await;
    let (read, write) = ("DescribeDBClusterSnapshotAttributes", "ModifyDBClusterSnapshotAttribute");
    writes_nothing_unread::<ClusterSnapshotPrivate>(&stage, read, write).await;
    rds(&format!("Action=DeleteDBClusterSnapshot&{id}={name}")).await;
    assert_eq!(
        stage.run::<ClusterSnapshotPrivate>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
}
