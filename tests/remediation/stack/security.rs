//! What the templates make is protected: what is stored, from the public, and from roles that may do too much.
//!
//! Sources: AWS Foundational Security Best Practices, the controls of S3, SNS, SQS, KMS, Lambda, IAM and CloudWatch Logs; for
//! the actions that no role has, "AWS IAM Privilege Escalation Methods" of Rhino Security Labs.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_testing::iam::matches;
use evenkeel_testing::template::{AUDIT, REGION, audit_account, deploy, member_account, python};
use serde_json::{Value, json};

use super::template::with_all_families;

/// Actions that give away credentials, or more permissions than a role has. No policy has one of them, whatever it is on.
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

/// Actions that read data or take a role: never on any resource.
const NAMED: [&str; 6] = [
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "sts:AssumeRole",
];

/// Where any resource is allowed what could be allowed on some only.
const WIDE: [(&str, &str); 3] = [
    ("Boundary", "a boundary gives nothing; the roles' own policies name the resources"),
    ("CloudBoundary", "the same"),
    ("CloudRole", "a session for one repair is confined to the ARN that the finding names"),
];

/// All that the templates make where all is switched on, by its logical id.
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
        assert!(left_out.is_empty(), "{template}: {left_out:?} are not looked at");
        all.extend(resources);
    }
    all
}

/// The logical ids that are written in a template.
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

/// The resources of a type, with their properties; there are some.
fn of<'a>(all: &'a [(String, Value)], kind: &str) -> Vec<(&'a str, &'a Value)> {
    let of = all.iter().filter(|(_, one)| one["Type"] == kind);
    let of: Vec<_> = of.map(|(name, one)| (name.as_str(), &one["Properties"])).collect();
    assert!(!of.is_empty(), "there is no {kind}");
    of
}

/// Fails with a line for each resource of a type that is not as it must be.
fn each(all: &[(String, Value)], kind: &str, must: &str, is: impl Fn(&str, &Value) -> bool) {
    let wrong = of(all, kind).into_iter().filter(|(name, properties)| !is(name, properties));
    let wrong: Vec<&str> = wrong.map(|one| one.0).collect();
    assert!(wrong.is_empty(), "{kind} must {must}: {}", wrong.join(", "));
}

fn is_key(value: &Value) -> bool {
    value.as_str().is_some_and(|key| key.starts_with("arn:aws:kms:"))
}

#[test]
fn what_is_stored_is_encrypted_kept_and_not_public() {
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
    // The bucket of access logs cannot log to itself.
    each(&all, "AWS::S3::Bucket", "log who reads it", |name, bucket| {
        name == "AccessLogs" || bucket["LoggingConfiguration"]["DestinationBucketName"].is_string()
    });
    each(&all, "AWS::SQS::Queue", "be encrypted", |_, queue| {
        queue["SqsManagedSseEnabled"] == true || is_key(&queue["KmsMasterKeyId"])
    });
    each(&all, "AWS::SNS::Topic", "be encrypted", |_, topic| is_key(&topic["KmsMasterKeyId"]));
    each(&all, "AWS::Logs::LogGroup", "be encrypted, and end", |_, group| {
        is_key(&group["KmsKeyId"]) && group["RetentionInDays"].as_u64() > Some(0)
    });
    each(&all, "AWS::KMS::Key", "rotate", |_, key| key["EnableKeyRotation"] == true);
}

/// Whether a value looks like a credential: an access key's id, or 40 characters as of a secret access key.
fn is_secret(value: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || ['/', '+', '='].contains(&c);
    let words = value.split(|c| !is_of_key(c));
    let is_id = |word: &str| {
        word.len() == 20 && ["AKIA", "ASIA"].iter().any(|begin| word.starts_with(begin))
    };
    words.into_iter().any(|word| word.len() == 40 || is_id(word)) || value.contains("PRIVATE KEY")
}

#[test]
fn functions_hold_no_secret_and_are_bounded() {
    assert!(
        is_secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY") && is_secret("AKIAIOSFODNN7EXAMPLE")
    );
    let all = all();
    let kind = "AWS::Lambda::Function";
    each(&all, kind, "have its variables encrypted", |_, function| is_key(&function["KmsKeyArn"]));
    each(&all, kind, "run on a runtime that is maintained", |_, function| {
        function["Runtime"] == "provided.al2023"
    });
    each(&all, kind, "hold no secret", |_, function| {
        let variables = function["Environment"]["Variables"].as_object().unwrap();
        let told = ["PASSWORD", "SECRET", "TOKEN"];
        variables.iter().all(|(name, value)| {
            !told.iter().any(|word| name.contains(word)) && !is_secret(value.as_str().unwrap())
        })
    });
    // So that no function needs a limit, or a queue of dead letters, by itself.
    let mapping = "AWS::Lambda::EventSourceMapping";
    each(&all, mapping, "be limited", |_, of| {
        of["ScalingConfig"]["MaximumConcurrency"].as_u64() > Some(0)
    });
    let queues = of(&all, "AWS::SQS::Queue");
    let letters = |arn: &str| {
        let name = arn.rsplit(':').next().unwrap();
        let queue = queues.iter().find(|(_, queue)| queue["QueueName"] == name).unwrap().1;
        queue["RedrivePolicy"]["deadLetterTargetArn"].is_string()
    };
    each(&all, mapping, "have dead letters", |_, of| {
        letters(of["EventSourceArn"].as_str().unwrap())
    });
    assert_eq!(of(&all, mapping).len(), of(&all, kind).len());
}

/// All policies of resources and roles that say who may use them: a name, and its statements.
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
fn nothing_is_open_to_everybody_and_services_act_for_us_alone() {
    let all = all();
    let mut wrong = Vec::new();
    let ours = json!({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}});
    for (name, statements) in policies_of_resources(&all) {
        for statement in statements.iter().filter(|one| one["Effect"] == "Allow") {
            let principal = &statement["Principal"];
            let everybody = principal == "*" || principal["AWS"].to_string().contains('*');
            if everybody && statement["Condition"] != ours {
                wrong.push(format!("{name} lets everybody in"));
            }
            // A role of a function is taken by AWS Lambda for that function only.
            let service = &principal["Service"];
            let anybody = statement["Condition"].is_null() && service != "lambda.amazonaws.com";
            if !service.is_null()
                && (service.as_str().is_none_or(|one| one.contains('*')) || anybody)
            {
                wrong.push(format!("{name} lets {service} act for others"));
            }
            if statement["Action"] == "*" || !statement["NotPrincipal"].is_null() {
                wrong.push(format!("{name} allows {statement}"));
            }
        }
    }
    // AWS Config asks the function from each account of the organisation.
    let asked = of(&all, "AWS::Lambda::Permission").into_iter();
    let asked =
        asked.filter(|(_, one)| one["SourceArn"].is_null() && one["SourceAccount"].is_null());
    assert_eq!(asked.map(|one| one.0).collect::<Vec<_>>(), ["ConfigAsks"]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn buckets_and_queues_are_used_by_tls_only() {
    let all = all();
    for (kind, policy, member) in [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
    ] {
        let insecure = json!({"Bool": {"aws:SecureTransport": "false"}});
        each(&all, policy, "deny what is not encrypted in transit", |_, policy| {
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

/// What roles and policies by themselves allow.
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
fn no_role_may_give_itself_more_or_write_what_it_does_not_name() {
    let all = all();
    let statements = allowed(&all);
    assert!(statements.len() > 60, "{}", statements.len());
    let mut wrong = BTreeSet::new();
    let (mut unnamed, mut where_unnamed) = (BTreeSet::new(), Vec::new());
    for (name, statement) in &statements {
        let actions = texts(&statement["Action"]);
        if actions.is_empty() || !statement["NotResource"].is_null() {
            wrong.insert(format!("{name} allows all but some: {statement}"));
        }
        let is_wide = |action: &&String| action.split_once(':').is_none_or(|one| one.1 == "*");
        for action in actions.iter().filter(is_wide) {
            wrong.insert(format!("{name} may {action}"));
        }
        let has = |action: &str| actions.iter().any(|pattern| matches(pattern, action));
        for action in NEVER.iter().filter(|action| has(action)) {
            wrong.insert(format!("{name} may {action}"));
        }
        if texts(&statement["Resource"]).iter().any(|one| one == "*") {
            for action in NAMED.iter().filter(|action| has(action)) {
                wrong.insert(format!("{name} may {action} on everything"));
            }
            if !WIDE.iter().any(|wide| wide.0 == *name) {
                unnamed.extend(actions.iter().cloned());
                where_unnamed.extend(actions.into_iter().map(|action| (*name, action)));
            }
        }
    }
    let told = python("reference.py").arg("--required").args(&unnamed).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    for (name, action) in where_unnamed {
        let known = &told[&action];
        let can_be_named = known["types"].as_object().is_none_or(|types| !types.is_empty());
        let reads = known["level"] == "Read" || known["level"] == "List";
        if can_be_named && !reads {
            wrong.insert(format!("{name} may {action} on everything"));
        }
    }
    assert!(wrong.is_empty(), "{}", Vec::from_iter(wrong).join("\n"));
}

#[test]
fn functions_and_the_account_that_judges_trust_only_themselves() {
    let all = all();
    let root = format!("arn:aws:iam::{AUDIT}:root");
    each(&all, "AWS::IAM::Role", "name who takes it", |_, role| {
        let trust = role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
        trust.iter().all(|one| {
            let principal = &one["Principal"];
            let service =
                principal["Service"].as_str().is_some_and(|one| one.ends_with(".amazonaws.com"));
            one["Effect"] == "Allow" && (service || principal["AWS"] == root.as_str())
        })
    });
}
