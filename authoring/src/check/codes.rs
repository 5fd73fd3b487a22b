//! The codes of what is found, and what each means: `evenkeel explain CODE`.

/// A code, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code, which stays what it is.
    pub id: &'static str,
    /// What is wrong, in a line.
    pub title: &'static str,
    /// Why that matters, and what to do.
    pub text: &'static str,
    /// Lines that are wrong so; empty where nobody can write them.
    pub wrong: &'static str,
    /// The same, put right.
    pub right: &'static str,
}

impl Code {
    /// The code of that id.
    pub fn find(id: &str) -> Option<&'static Code> {
        CODES.iter().find(|code| code.id == id)
    }
}

/// All codes, in alphabetical order.
pub const CODES: &[Code] = &[
    Code {
        id: "constant-condition",
        title: "a condition that is the same for every event",
        text: "What never changes decides nothing: a clause that always holds can go, one that never \
               holds hides what was meant. What is known before an event is seen is its source and its \
               name, of which `match` lists all.",
        wrong: "match: {eventName: StopLogging}  ...  event.eventName == 'StopLoging' && ...",
        right: "match: {eventName: StopLogging}  ...  the clause is left out",
    },
    Code {
        id: "costly",
        title: "loops within each other over lists that an event makes long",
        text: "An evaluation may visit 100,000 elements; beyond that it ends as ERROR, and nothing is \
               judged. Loops over two lists that have nothing to do with each other visit each pair: \
               two lists of 400 are too many. A loop over a part of the outer loop's element is cheap. \
               Go through one list and ask `in`, or make a map of the other first.",
        wrong: "request.tags.all(t, request.allowed.exists(a, a == t.key))",
        right: "request.tags.all(t, t.key in request.allowed)",
    },
    Code {
        id: "dead-event",
        title: "the policy can find nothing in this event",
        text: "The body is false for each event of this name, whatever is in it: the clause for it is \
               missing, or the name is one too many.",
        wrong: "match: {eventName: [StopLogging, DeleteTrail]}  ...  event.eventName == 'StopLogging'",
        right: "match: {eventName: StopLogging}",
    },
    Code {
        id: "duplicate",
        title: "two policies have one name",
        text: "A policy is known by the name of its file, wherever the file lies: findings, waivers and \
               settings name it so.",
        wrong: "s3/public.cel and kms/public.cel",
        right: "s3/s3-bucket-public.cel and kms/kms-key-public.cel",
    },
    Code {
        id: "duplicate-policy",
        title: "another policy finds all that this one finds",
        text: "Both have the same expressions, and the other watches at least the same events: each \
               finding would be told twice. Delete one, or say what the difference is.",
        wrong: "a.cel and b.cel with one body",
        right: "one of them",
    },
    Code {
        id: "expired-waiver",
        title: "a waiver that no longer waives",
        text: "After the day that it says a waiver covers nothing: findings come again. Delete it, or \
               have it approved anew.",
        wrong: "expires: 2024-01-31",
        right: "expires: 2027-01-31",
    },
    Code {
        id: "expression",
        title: "an expression that is no CEL, or names what there is not",
        text: "The policy cannot be used. Names are `event`, `request`, `response`, `resource`, \
               `params`, `account`, `now`, the policy's variables, and `violations` in the message; \
               functions are those of policies/README.md and of functions.yaml.",
        wrong: "requst.bucketName.startWith('a')",
        right: "request.bucketName.startsWith('a')",
    },
    Code {
        id: "fmt",
        title: "a policy that cannot be formatted without changing what it means",
        text: "The file is left as it is. `fmt` compares the header's values and the expression's tokens before and after, \
               and writes nothing where they differ: YAML anchors between keys that change places are such a case.",
        wrong: "// title: &name A bucket\n// message: *name",
        right: "// title: A bucket\n// message: A bucket",
    },
    Code {
        id: "framework",
        title: "a framework's file cannot be read",
        text: "`frameworks/<name>.yaml` has `title`, `source`, `controls`, each with `id`, `what` and perhaps `open`, the \
               reason why no policy covers it, and `reasons`, the reasons that several share.",
        wrong: "controls: [{id: A.1}]",
        right: "controls: [{id: A.1, what: access is reviewed, open: people do that}]",
    },
    Code {
        id: "functions",
        title: "functions.yaml cannot be read",
        text: "It is a map of signatures, each with an expression and perhaps a description. A function \
               may not call another of them.",
        wrong: "functions: {is_open: {expression: ...}}",
        right: "functions: {\"is_open(range)\": {expression: ..., description: ...}}",
    },
    Code {
        id: "header",
        title: "the header cannot be read",
        text: "The first line is `// METADATA`; what follows behind `// ` is YAML with title, \
               description, severity, match, resource, message, and, where wanted, parameters, \
               variables, controls, references, remediation. `evenkeel schema header` prints its JSON \
               Schema.",
        wrong: "// severty: HIGH",
        right: "// severity: HIGH",
    },
    Code {
        id: "internal",
        title: "Evenkeel failed",
        text: "This is a defect of Evenkeel and not of your file: please report it, with the file if \
               you may.",
        wrong: "",
        right: "",
    },
    Code {
        id: "lint-comment",
        title: "a comment that lets a finding pass is of no use",
        text: "`// lint: allow CODE reason` needs a code that there is and a reason, and something to \
               let pass: else it would hide the next finding of that code. Write the reason, or delete \
               the comment.",
        wrong: "// lint: allow unknown-event",
        right: "// lint: allow unknown-event  the console's own call, seen in our trail on 3 March",
    },
    Code {
        id: "match",
        title: "`match` watches nothing",
        text: "A policy watches events (`eventSource` and `eventName`), configuration items \
               (`resourceType`), or both. Sources end in `.amazonaws.com`.",
        wrong: "match: {eventName: PutBucketPolicy}",
        right: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}",
    },
    Code {
        id: "name",
        title: "the file's name is no id",
        text: "A policy's id is its file's name: lower-case letters, digits and hyphens, what is wrong, \
               the service first.",
        wrong: "S3_Public.cel",
        right: "s3-bucket-public.cel",
    },
    Code {
        id: "orphan",
        title: "a test file without its policy",
        text: "`<id>.test.yaml` holds the cases of `<id>.cel` beside it; without that, nobody runs \
               them.",
        wrong: "s3-public.test.yaml beside s3-bucket-public.cel",
        right: "s3-bucket-public.test.yaml beside s3-bucket-public.cel",
    },
    Code {
        id: "parameter",
        title: "a parameter's default is of another type",
        text: "Types are bool, int, double, string, map and list(...), and the default is a value of \
               that type.",
        wrong: "ports: {type: list(int), default: [\"22\"]}",
        right: "ports: {type: list(int), default: [22]}",
    },
    Code {
        id: "parameter-not-told",
        title: "a remediator is not told a parameter of the policy",
        text: "The remediator knows a setting of the same name as a parameter of the policy. Without \
               `remediation.with` it repairs to its own default, whatever an organization has set: it sets what \
               was not asked for, or leaves what was found. A text of `with` that is one hole is CEL.",
        wrong: "remediation: {run: iam-password-policy, mode: approve}",
        right: "remediation: {run: iam-password-policy, mode: approve, with: {maximumAge: \"{{params.maximumAge}}\"}}",
    },
    Code {
        id: "patch",
        title: "the policy does not say rightly what is repaired",
        text: "`cloud-control` repairs what the policy's header says: `patch` has the properties of the resource \
               as they must be, as a JSON merge patch whose texts are CEL, `tier` how safe that is, and `actions` the \
               IAM actions by which AWS does it, of those that it publishes for the type. They are \
               properties of the CloudFormation type in `resource.type`, which Cloud Control can update, and \
               which can be read again. Other remediators know both themselves.",
        wrong: "remediation: {run: cloud-control, mode: auto, patch: {TableName: 'x'}}",
        right: "remediation: {run: cloud-control, mode: auto, tier: A, actions: [dynamodb:UpdateTable], patch: \
                {DeletionProtectionEnabled: true}}",
    },
    Code {
        id: "regex-class",
        title: "a `|` in brackets is a character",
        text: "`[a|b]` is one character: `a`, `|` or `b`. Alternatives stand in parentheses.",
        wrong: "uri.matches('^[http|ftp]://')",
        right: "uri.matches('^(http|ftp)://')",
    },
    Code {
        id: "settings",
        title: "settings.yaml cannot be used",
        text: "It sets parameters of policies: by the policy's id, by the parameter's name, a value of \
               the parameter's type.",
        wrong: "s3-bucket-public: {prots: [22]}",
        right: "ec2-security-group-open-to-world: {ports: [22]}",
    },
    Code {
        id: "test",
        title: "a test file cannot be read",
        text: "It has `base`, named events or configuration items, and `cases`, each with a name, what \
               it changes (`merge`), and what is expected of it. `evenkeel schema test` prints its JSON \
               Schema.",
        wrong: "- {name: open, expect: NON_COMPLIENT}",
        right: "- {name: open, expect: NON_COMPLIANT}",
    },
    Code {
        id: "type",
        title: "values that do not go together",
        text: "The expression would fail, or could never be true, when an event comes. A field behind \
               `.?` is an optional value until `.orValue(...)` says what it is without. What AWS's \
               models say of a value is a warning: services do record numbers and truths as text.",
        wrong: "request.?name.startsWith('a')",
        right: "request.?name.orValue('').startsWith('a')",
    },
    Code {
        id: "uncovered-condition",
        title: "a condition that no case makes true, or false",
        text: "Nobody has seen what the policy does then. Write a case; or, if there can be none, leave \
               the condition out.",
        wrong: "cases where `request.?public.orValue(false)` is always true",
        right: "a case without `public`",
    },
    Code {
        id: "uncovered-event",
        title: "an event of `match` that no case is about",
        text: "The same setting is told in other fields by other calls: each event of `match` needs a \
               case.",
        wrong: "match: {eventName: [CreateKey, PutKeyPolicy]} and cases of PutKeyPolicy only",
        right: "a case of CreateKey as well",
    },
    Code {
        id: "unguarded-field",
        title: "a field that not every event has",
        text: "Without the field the expression fails, and the policy gives ERROR where it should \
               judge. `.?field` is an optional value; one `.?` makes the rest of the chain safe; \
               `.orValue(...)` says what holds without.",
        wrong: "request.tlsConfig.insecureSkipVerification",
        right: "request.?tlsConfig.insecureSkipVerification.orValue(false)",
    },
    Code {
        id: "unknown-control",
        title: "the framework has no such control",
        text: "`controls` names controls by their framework's own ids, as findings and `evenkeel frameworks` tell them. \
               The ids of AWS's Foundational Security Best Practices and of the CIS benchmark are known; those of \
               other frameworks where `frameworks/<name>.yaml` lists them.",
        wrong: "controls: {AWS-FSBP: [APIGateway.99]}",
        right: "controls: {AWS-FSBP: [APIGateway.9]}",
    },
    Code {
        id: "unknown-event",
        title: "AWS has no such event, or not of this service",
        text: "The policy would never judge anything by that name. CloudTrail's `eventName` is the API \
               operation, which need not be the IAM action: bucket encryption is changed by \
               PutBucketEncryption, and the action is s3:PutEncryptionConfiguration. Names are those of \
               AWS's service models and of a short list of events that are no API calls. Where you have \
               seen the event in a trail, let it pass by a comment.",
        wrong: "match: {eventSource: s3.amazonaws.com, eventName: PutEncryptionConfiguration}",
        right: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketEncryption}",
    },
    Code {
        id: "unknown-field",
        title: "a field that the calls do not have",
        text: "It would always be absent. `request` and `response` have the members of AWS's service \
               models, with a small first letter. For EC2 and S3, which record much under other names, \
               this is a warning. `evenkeel schema SOURCE:NAME` prints the fields of an event.",
        wrong: "request.url  (of PutIntegration)",
        right: "request.uri",
    },
    Code {
        id: "unknown-remediator",
        title: "there is no remediator of that name",
        text: "`remediation.run` names one of the remediators that policies/README.md lists; without it \
               the finding is only reported.",
        wrong: "remediation: {run: s3-default-encrypton, mode: approve}",
        right: "remediation: {run: s3-default-encryption, mode: approve}",
    },
    Code {
        id: "unknown-source",
        title: "no service of AWS is called so in CloudTrail",
        text: "`eventSource` is the service's endpoint without the Region: `monitoring.amazonaws.com` \
               for CloudWatch, `elasticloadbalancing.amazonaws.com` for load balancers of all kinds.",
        wrong: "match: {eventSource: cloudwatch.amazonaws.com, eventName: PutMetricAlarm}",
        right: "match: {eventSource: monitoring.amazonaws.com, eventName: PutMetricAlarm}",
    },
    Code {
        id: "unknown-value",
        title: "a text that AWS never writes there",
        text: "The field has one of the values that the service's model lists; comparing it with \
               another is never true. Values are new now and then: a comment lets it pass.",
        wrong: "request.securityPolicy == 'TLS_1_22'",
        right: "request.securityPolicy == 'TLS_1_2'",
    },
    Code {
        id: "unknown-with",
        title: "a remediator is told what it does not know",
        text: "`remediation.with` has the names that the remediator says; a plan with others would be \
               refused.",
        wrong: "remediation: {run: apigateway-stage-logging, mode: auto, with: {lvl: INFO}}",
        right: "remediation: {run: apigateway-stage-logging, mode: auto, with: {level: INFO}}",
    },
    Code {
        id: "unsafe-mode",
        title: "a repair goes further by itself than is safe",
        text: "A repair of tier A may be `auto`. One of tier B may be where its remediator checks first whether it \
               is safe, and one of tier C never: they are `approve` at most. policies/README.md tells the tiers; \
               whatever a header says, no repair goes further.",
        wrong: "remediation: {run: rds-instance-private, mode: auto}",
        right: "remediation: {run: rds-instance-private, mode: approve}",
    },
    Code {
        id: "untested",
        title: "a policy without cases",
        text: "Each policy has at least one case that is NON_COMPLIANT and one that is COMPLIANT: \
               without them nobody knows whether it finds anything, or everything.",
        wrong: "s3-bucket-public.cel alone",
        right: "s3-bucket-public.test.yaml beside it",
    },
    Code {
        id: "unused-parameter",
        title: "a parameter that nothing looks at",
        text: "Setting it would change nothing, and whoever sets it would believe that it does.",
        wrong: "parameters: {ports: ...} and no `params.ports`",
        right: "the parameter is left out, or used",
    },
    Code {
        id: "unused-source",
        title: "none of the names is an event of one of the services",
        text: "`match` means each name of each service. A service that has none of the names watches \
               nothing: the name that was meant for it is missing, or the service is one too many.",
        wrong: "match: {eventSource: [s3.amazonaws.com, kms.amazonaws.com], eventName: PutBucketPolicy}",
        right: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}",
    },
    Code {
        id: "unused-variable",
        title: "a variable that nothing looks at",
        text: "It is left over, or another one was meant where it should stand.",
        wrong: "variables: {name: request.name} and no `name`",
        right: "the variable is left out, or used",
    },
    Code {
        id: "variable",
        title: "a variable has the name of something else",
        text: "`event`, `request` and the other names of the scope mean what they mean; choose another.",
        wrong: "variables: {request: ...}",
        right: "variables: {asked: ...}",
    },
    Code {
        id: "waiver",
        title: "a waiver cannot be used",
        text: "It names policies that there are, a resource or a condition, a reason, who approved it \
               and the day on which it expires.",
        wrong: "- {id: a, policies: [s3-bucket-pubic], ...}",
        right: "- {id: a, policies: [s3-bucket-public], ...}",
    },
];
