//! Checks the security of the templates' resources: encryption, no public access, and least
//! privilege.
//!
//! Sources: AWS Foundational Security Best Practices, the controls of S3, SNS, SQS, KMS, Lambda,
//! IAM and CloudWatch Logs; for the actions that no role has, "AWS IAM Privilege Escalation
//! Methods" of Rhino Security Labs.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_testing::iam::matches;
use evenkeel_testing::template::{AUDIT, REGION, audit_account, deploy, member_account, python};
use serde_json::{Value, json};

use super::template::with_all_families;

/// Actions that reveal credentials or extend permissions. No policy allows them on any resource.
const NEVER: [&str; 24] = [
    "ec2:GetPasswordData",
    "ec2:RunInstances",
    "ecr:GetAuthorizationToken",
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:CreateServiceSpecificCredential",
    "iam:PassRole",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAccessKey",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionCode",
    "rds-db:connect",
    "sts:AssumeRoleWithWebIdentity",
    "sts:GetFederationToken",
];

/// Actions that read data or assume a role. No policy allows them on all resources (`*`).
const NAMED: [&str; 6] = [
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "sts:AssumeRole",
];

/// Policies that allow actions on all resources although the actions support specific ones, and the
/// reason.
const WIDE: [(&str, &str); 3] = [
    ("Boundary", "a boundary grants nothing; the policies of the roles name the resources"),
    ("CloudBoundary", "a boundary grants nothing; the policy of the role applies too"),
    ("CloudRole", "the session policy of each remediation is limited to the ARN of the finding"),
];

/// Returns all resources of the templates with all options enabled, by logical id.
fn all() -> Vec<(String, Value)> {
    let families = with_all_families();
    let topic = format!("TrailTopic=arn:aws:sns:{REGION}:444455556666:trail");
    let key = format!("TrailKey=arn:aws:kms:{REGION}:444455556666:key/k");
    let audit = [
        "Athena=true",
        "ConfigRule=true",
        "Email=someone@example.com",
        "TrailBucket=trail",
        &topic,
        &key,
    ];
    let templates = [
        ("audit-account.yaml", audit_account(&[&audit, families.as_slice()].concat())),
        ("member-account.yaml", member_account("111122223333", &families)),
    ];
    let mut all = Vec::new();
    for (template, resources) in templates {
        let resources = resources.as_object().unwrap().clone();
        let left_out = logical_ids(template);
        let left_out: Vec<_> =
            left_out.iter().filter(|name| !resources.contains_key(*name)).collect();
        assert!(left_out.is_empty(), "{template}: this test does not check {left_out:?}");
        all.extend(resources);
    }
    all
}

/// Returns the logical ids of the resources in the text of a template.
fn logical_ids(template: &str) -> Vec<String> {
    let text = std::fs::read_to_string(deploy(template)).unwrap();
    let resources = text.split_once("\nResources:\n").unwrap().1;
    let resources =
        resources.lines().take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let id = |line: &str| {
        let name = line.strip_prefix("  ")?.strip_suffix(':')?;
        name.chars().all(char::is_alphanumeric).then(|| name.to_owned())
    };
    resources.filter_map(id).collect()
}

/// Returns the logical ids and properties of all resources of a type. Fails if there is no such
/// resource.
fn of<'a>(all: &'a [(String, Value)], kind: &str) -> Vec<(&'a str, &'a Value)> {
    let of = all.iter().filter(|(_, one)| one["Type"] == kind);
    let of: Vec<_> = of.map(|(name, one)| (name.as_str(), &one["Properties"])).collect();
    assert!(!of.is_empty(), "the templates contain no {kind}");
    of
}

/// Fails if `is` returns false for a resource of a type. `must` describes the requirement.
fn each(all: &[(String, Value)], kind: &str, must: &str, is: impl Fn(&str, &Value) -> bool) {
    let wrong = of(all, kind).into_iter().filter(|(name, properties)| !is(name, properties));
    let wrong: Vec<&str> = wrong.map(|one| one.0).collect();
    assert!(wrong.is_empty(), "{kind} must {must}: {}", wrong.join(", "));
}

fn is_key(value: &Value) -> bool {
    value.as_str().is_some_and(|key| key.starts_with("arn:aws:kms:"))
}

#[test]
fn storage_is_encrypted_versioned_and_not_public() {
    let all = all();
    each(&all, "AWS::S3::Bucket", "be encrypted", |_, bucket| {
        let rules = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"];
        let by = &rules[0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"];
        by == "aws:kms" || by == "AES256"
    });
    each(&all, "AWS::S3::Bucket", "keep versions", |_, bucket| {
        bucket["VersioningConfiguration"]["Status"] == "Enabled"
    });
    each(&all, "AWS::S3::Bucket", "block public access", |_, bucket| {
        let blocks =
            ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
        blocks.iter().all(|block| bucket["PublicAccessBlockConfiguration"][*block] == true)
    });
    each(&all, "AWS::S3::Bucket", "have no access control lists", |_, bucket| {
        let owner = &bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"];
        owner == "BucketOwnerEnforced" && bucket["AccessControl"].is_null()
    });
    // The bucket for access logs is an exception, because it cannot write its access logs to
    // itself.
    each(&all, "AWS::S3::Bucket", "write access logs", |name, bucket| {
        name == "AccessLogs" || bucket["LoggingConfiguration"]["DestinationBucketName"].is_string()
    });
    each(&all, "AWS::SQS::Queue", "be encrypted", |_, queue| {
        queue["SqsManagedSseEnabled"] == true || is_key(&queue["KmsMasterKeyId"])
    });
    each(&all, "AWS::SNS::Topic", "be encrypted", |_, topic| is_key(&topic["KmsMasterKeyId"]));
    each(&all, "AWS::Logs::LogGroup", "be encrypted and expire", |_, group| {
        is_key(&group["KmsKeyId"]) && group["RetentionInDays"].as_u64() > Some(0)
    });
    each(&all, "AWS::KMS::Key", "rotate", |_, key| key["EnableKeyRotation"] == true);
}

/// Returns whether a value looks like a credential: an access key id, or 40 characters like a
/// secret access key.
fn is_secret(value: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || ['/', '+', '='].contains(&c);
    let words = value.split(|c| !is_of_key(c));
    let is_id = |word: &str| {
        word.len() == 20 && ["AKIA", "ASIA"].iter().any(|begin| word.starts_with(begin))
    };
    words.into_iter().any(|word| word.len() == 40 || is_id(word)) || value.contains("PRIVATE KEY")
}

#[test]
fn functions_contain_no_secret_and_have_limited_concurrency() {
    assert!(
        is_secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY") && is_secret("AKIAIOSFODNN7EXAMPLE")
    );
    let all = all();
    let kind = "AWS::Lambda::Function";
    each(&all, kind, "encrypt its environment variables", |_, function| {
        is_key(&function["KmsKeyArn"])
    });
    each(&all, kind, "use a maintained runtime", |_, function| {
        function["Runtime"] == "provided.al2023"
    });
    each(&all, kind, "contain no secret", |_, function| {
        let variables = function["Environment"]["Variables"].as_object().unwrap();
        let suspicious = ["PASSWORD", "SECRET", "TOKEN"];
        variables.iter().all(|(name, value)| {
            !suspicious.iter().any(|word| name.contains(word))
                && !is_secret(value.as_str().unwrap())
        })
    });
    // The event source mappings have a limit and a dead-letter queue, so the functions need
    // neither.
    let mapping = "AWS::Lambda::EventSourceMapping";
    each(&all, mapping, "limit its concurrency", |_, of| {
        of["ScalingConfig"]["MaximumConcurrency"].as_u64() > Some(0)
    });
    let queues = of(&all, "AWS::SQS::Queue");
    let letters = |arn: &str| {
        let name = arn.rsplit(':').next().unwrap();
        let queue = queues.iter().find(|(_, queue)| queue["QueueName"] == name).unwrap().1;
        queue["RedrivePolicy"]["deadLetterTargetArn"].is_string()
    };
    each(&all, mapping, "have a dead-letter queue", |_, of| {
        letters(of["EventSourceArn"].as_str().unwrap())
    });
    // People and the schedule call the operate function, which has no queue.
    assert_eq!(of(&all, mapping).len() + 1, of(&all, kind).len());
}

/// Returns the resource policies and trust policies: the logical id and the statements.
fn policies_of_resources(all: &[(String, Value)]) -> Vec<(&str, Vec<Value>)> {
    let documents = all.iter().filter(|(_, one)| one["Type"] != "AWS::IAM::ManagedPolicy");
    let documents = documents.flat_map(|(name, one)| {
        let properties = &one["Properties"];
        let members = ["PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"];
        let mut found: Vec<&Value> =
            members.iter().map(|of| &properties[*of]["Statement"]).collect();
        found.push(&properties["Statement"]);
        let found = found.into_iter().filter(|one| !one.is_null());
        found.map(|one| {
            (name.as_str(), one.as_array().cloned().unwrap_or_else(|| vec![one.clone()]))
        })
    });
    documents.collect()
}

#[test]
fn no_policy_allows_public_access_or_a_confused_deputy() {
    let all = all();
    let mut wrong = Vec::new();
    let ours = json!({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}});
    for (name, statements) in policies_of_resources(&all) {
        for statement in statements.iter().filter(|one| one["Effect"] == "Allow") {
            let principal = &statement["Principal"];
            let everybody = principal == "*" || principal["AWS"].to_string().contains('*');
            if everybody && statement["Condition"] != ours {
                wrong.push(format!("{name} allows public access"));
            }
            // AWS Lambda assumes the role of a function only for this function.
            let service = &principal["Service"];
            let anybody = statement["Condition"].is_null() && service != "lambda.amazonaws.com";
            if !service.is_null()
                && (service.as_str().is_none_or(|one| one.contains('*')) || anybody)
            {
                wrong.push(format!("{name} allows {service} to act for other accounts"));
            }
            if statement["Action"] == "*" || !statement["NotPrincipal"].is_null() {
                wrong.push(format!("{name} allows {statement}"));
            }
        }
    }
    // AWS Config invokes the function from each account of the organization.
    let asked = of(&all, "AWS::Lambda::Permission").into_iter();
    let asked =
        asked.filter(|(_, one)| one["SourceArn"].is_null() && one["SourceAccount"].is_null());
    assert_eq!(asked.map(|one| one.0).collect::<Vec<_>>(), ["ConfigAsks"]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn buckets_and_queues_require_tls() {
    let all = all();
    for (kind, policy, member) in [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
    ] {
        let insecure = json!({"Bool": {"aws:SecureTransport": "false"}});
        each(&all, policy, "deny requests without TLS", |_, policy| {
            policy["PolicyDocument"]["Statement"].as_array().unwrap().iter().any(|one| {
                one["Effect"] == "Deny" && one["Principal"] == "*" && one["Condition"] == insecure
            })
        });
        let named: BTreeSet<String> =
            of(&all, policy).iter().map(|(_, one)| one[member].to_string()).collect();
        let named: Vec<&String> = named.iter().collect();
        let refs: BTreeMap<&str, &str> =
            all.iter().map(|(name, one)| (name.as_str(), one["Ref"].as_str().unwrap())).collect();
        each(&all, kind, "have a policy", |name, _| {
            named.iter().any(|one| one.contains(&format!("{}\"", refs[name])))
        });
    }
}

/// Returns the Allow statements of roles and managed policies, with the logical id.
fn allowed(all: &[(String, Value)]) -> Vec<(&str, Value)> {
    let documents = all.iter().flat_map(|(name, one)| {
        let properties = &one["Properties"];
        let own = properties["Policies"].as_array().into_iter().flatten();
        let own = own.map(|policy| &policy["PolicyDocument"]);
        let alone =
            (one["Type"] == "AWS::IAM::ManagedPolicy").then(|| &properties["PolicyDocument"]);
        own.chain(alone).map(move |document| (name.as_str(), document))
    });
    let statements = documents.flat_map(|(name, document)| {
        let statements = document["Statement"].as_array().unwrap().iter();
        statements.map(move |statement| (name, statement.clone()))
    });
    statements.filter(|(_, one)| one["Effect"] == "Allow").collect()
}

fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    let many = value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    one.into_iter().chain(many).collect()
}

#[test]
fn no_role_can_escalate_privileges_or_write_to_all_resources() {
    let all = all();
    let statements = allowed(&all);
    assert!(statements.len() > 60, "found only {} statements", statements.len());
    let mut wrong = BTreeSet::new();
    let (mut unnamed, mut where_unnamed) = (BTreeSet::new(), Vec::new());
    for (name, statement) in &statements {
        let actions = texts(&statement["Action"]);
        if actions.is_empty() || !statement["NotResource"].is_null() {
            wrong.insert(format!("{name} uses NotAction or NotResource: {statement}"));
        }
        let is_wide = |action: &&String| action.split_once(':').is_none_or(|one| one.1 == "*");
        for action in actions.iter().filter(is_wide) {
            wrong.insert(format!("{name} allows {action}"));
        }
        let has = |action: &str| actions.iter().any(|pattern| matches(pattern, action));
        for action in NEVER.iter().filter(|action| has(action)) {
            wrong.insert(format!("{name} allows {action}"));
        }
        if texts(&statement["Resource"]).iter().any(|one| one == "*") {
            for action in NAMED.iter().filter(|action| has(action)) {
                wrong.insert(format!("{name} allows {action} on all resources"));
            }
            if !WIDE.iter().any(|wide| wide.0 == *name) {
                unnamed.extend(actions.iter().cloned());
                where_unnamed.extend(actions.into_iter().map(|action| (*name, action)));
            }
        }
    }
    let output = python("reference.py").arg("--required").args(&unnamed).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reference: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (name, action) in where_unnamed {
        let known = &reference[&action];
        let can_be_named = known["types"].as_object().is_none_or(|types| !types.is_empty());
        let reads = known["level"] == "Read" || known["level"] == "List";
        if can_be_named && !reads {
            wrong.insert(format!("{name} allows {action} on all resources"));
        }
    }
    assert!(wrong.is_empty(), "{}", Vec::from_iter(wrong).join("\n"));
}

#[test]
fn roles_trust_only_aws_services_and_the_audit_account() {
    let all = all();
    let root = format!("arn:aws:iam::{AUDIT}:root");
    each(&all, "AWS::IAM::Role", "name the principals that can assume it", |_, role| {
        let trust = role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
        trust.iter().all(|one| {
            let principal = &one["Principal"];
            let service =
                principal["Service"].as_str().is_some_and(|one| one.ends_with(".amazonaws.com"));
            one["Effect"] == "Allow" && (service || principal["AWS"] == root.as_str())
        })
    });
}
