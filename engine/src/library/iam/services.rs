//! Actions and resource formats of the services whose resources can have policies.

/// Some actions of services, in lower case. They are the samples for an `Action` with wildcards: if
/// a `Deny` leaves one of them allowed, the access is open.
///
/// Source: AWS Service Authorization Reference.
const KNOWN_ACTIONS: &[(&str, &[&str])] = &[
    ("backup", &["copyintobackupvault", "startrestorejob", "deleterecoverypoint"]),
    ("cloudsearch", &["search", "document", "suggest"]),
    ("codeartifact", &["readfromrepository", "getauthorizationtoken", "publishpackageversion"]),
    ("codebuild", &["batchgetprojects", "batchgetbuilds", "listbuildsforproject"]),
    ("ecr", &["batchgetimage", "getdownloadurlforlayer", "putimage", "replicateimage"]),
    (
        "elasticfilesystem",
        &["clientmount", "clientwrite", "clientrootaccess", "describemounttargets"],
    ),
    ("es", &["eshttpget", "eshttppost", "eshttpput", "eshttpdelete", "describedomain"]),
    ("events", &["putevents", "putrule", "puttargets"]),
    ("execute-api", &["invoke", "manageconnections"]),
    ("glacier", &["initiatejob", "getjoboutput", "uploadarchive", "deletearchive"]),
    ("glue", &["gettable", "getdatabase", "getpartitions", "updatetable", "deletetable"]),
    ("kinesis", &["getrecords", "putrecord", "getsharditerator", "describestream"]),
    ("kms", &["decrypt", "encrypt", "generatedatakey", "describekey", "putkeypolicy"]),
    ("lambda", &["invokefunction", "invokefunctionurl", "getfunction", "updatefunctioncode"]),
    ("logs", &["putlogevents", "putsubscriptionfilter", "createlogstream"]),
    (
        "s3",
        &[
            "getobject",
            "putobject",
            "deleteobject",
            "listbucket",
            "getbucketlocation",
            "putbucketpolicy",
        ],
    ),
    ("secretsmanager", &["getsecretvalue", "describesecret", "putsecretvalue", "deletesecret"]),
    ("sns", &["publish", "subscribe", "gettopicattributes", "addpermission"]),
    ("sqs", &["sendmessage", "receivemessage", "deletemessage", "getqueueattributes"]),
    ("sts", &["assumerole", "assumerolewithwebidentity", "tagsession"]),
];

/// Returns some actions of a service, without the service prefix. The result is empty for a service
/// that is not in the table.
pub(super) fn known_actions(service: &str) -> impl Iterator<Item = &'static str> {
    let found = KNOWN_ACTIONS.iter().find(|(name, _)| *name == service);
    found.map(|(_, actions)| *actions).unwrap_or_default().iter().copied()
}

/// Returns the part of a resource pattern that identifies the resource with the policy: the bucket
/// before its objects, or the API before its paths. Returns `None` for other services, and for a
/// pattern without objects or paths.
pub(super) fn owner_prefix(pattern: &str) -> Option<&str> {
    if pattern.starts_with("execute-api:/") {
        return Some("execute-api:");
    }
    let service = pattern.strip_prefix("arn:")?.split(':').nth(1)?;
    if !matches!(service, "s3" | "execute-api") {
        return None;
    }
    pattern.split_once('/').map(|(own, _)| own)
}

/// Returns whether an action can apply to a resource. Amazon S3 has actions on buckets, and other
/// actions on objects.
pub(super) fn action_applies(action: &str, resource: &str) -> bool {
    let Some((_, rest)) = resource.split_once(":s3:::") else { return true };
    match (action.contains("object"), action.contains("bucket")) {
        (true, false) => rest.contains('/'),
        (false, true) => !rest.contains('/'),
        _ => true,
    }
}
