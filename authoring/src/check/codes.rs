//! The codes of what is found, and what each means: `evenkeel explain CODE`.

/// A code, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosticCode {
    /// The code, which stays what it is.
    pub id: &'static str,
    /// What is wrong, in a line.
    pub title: &'static str,
    /// Why that matters, and what to do.
    pub explanation: &'static str,
    /// Lines that are wrong so; empty where nobody can write them.
    pub wrong_example: &'static str,
    /// The same, put right.
    pub corrected_example: &'static str,
}

impl DiagnosticCode {
    /// The code of that id.
    pub fn find_by_id(id: &str) -> Option<&'static DiagnosticCode> {
        CODES.iter().find(|code| code.id == id)
    }
}

/// All codes, in alphabetical order.
pub const CODES: &[DiagnosticCode] = &[
    DiagnosticCode {
        id: "constant-condition",
        title: "a condition that is the same for every event",
        explanation: "What never changes decides nothing: a clause that always holds can go, one that never \
               holds hides what was meant. What is known before an event is seen is its source and its \
               name, of which `match` lists all.",
        wrong_example: "match: {eventName: StopLogging}  ...  event.eventName == 'StopLoging' && ...",
        corrected_example: "match: {eventName: StopLogging}  ...  the clause is left out",
    },
    DiagnosticCode {
        id: "costly",
        title: "loops within each other over lists that an event makes long",
        explanation: "An evaluation may visit 100,000 elements; beyond that it ends as ERROR, and nothing is \
               judged. Loops over two lists that have nothing to do with each other visit each pair: \
               two lists of 400 are too many. A loop over a part of the outer loop's element is cheap. \
               Go through one list and ask `in`, or make a map of the other first.",
        wrong_example: "request.tags.all(t, request.allowed.exists(a, a == t.key))",
        corrected_example: "request.tags.all(t, t.key in request.allowed)",
    },
    DiagnosticCode {
        id: "dead-event",
        title: "the policy can find nothing in this event",
        explanation: "The body is false for each event of this name, whatever is in it: the clause for it is \
               missing, or the name is one too many.",
        wrong_example: "match: {eventName: [StopLogging, DeleteTrail]}  ...  event.eventName == 'StopLogging'",
        corrected_example: "match: {eventName: StopLogging}",
    },
    DiagnosticCode {
        id: "duplicate",
        title: "two policies have one name",
        explanation: "A policy is known by the name of its file, wherever the file lies: findings, waivers and \
               settings name it so.",
        wrong_example: "s3/public.cel and kms/public.cel",
        corrected_example: "s3/s3-bucket-public.cel and kms/kms-key-public.cel",
    },
    DiagnosticCode {
        id: "duplicate-policy",
        title: "another policy finds all that this one finds",
        explanation: "Both have the same expressions, and the other watches at least the same events: each \
               finding would be told twice. Delete one, or say what the difference is.",
        wrong_example: "a.cel and b.cel with one body",
        corrected_example: "one of them",
    },
    DiagnosticCode {
        id: "expired-waiver",
        title: "a waiver that no longer waives",
        explanation: "After the day that it says a waiver covers nothing: findings come again. Delete it, or \
               have it approved anew.",
        wrong_example: "expires: 2024-01-31",
        corrected_example: "expires: 2027-01-31",
    },
    DiagnosticCode {
        id: "expression",
        title: "an expression that is no CEL, or names what there is not",
        explanation: "The policy cannot be used. Names are `event`, `request`, `response`, `resource`, \
               `params`, `account`, `now`, the policy's variables, and `violations` in the message; \
               functions are those of policies/README.md and of functions.yaml.",
        wrong_example: "requst.bucketName.startWith('a')",
        corrected_example: "request.bucketName.startsWith('a')",
    },
    DiagnosticCode {
        id: "fmt",
        title: "a policy that cannot be formatted without changing what it means",
        explanation: "The file is left as it is. `fmt` compares the header's values and the expression's tokens before and after, \
               and writes nothing where they differ: YAML anchors between keys that change places are such a case.",
        wrong_example: "// title: &name A bucket\n// message: *name",
        corrected_example: "// title: A bucket\n// message: A bucket",
    },
    DiagnosticCode {
        id: "framework",
        title: "a framework's file cannot be read",
        explanation: "`frameworks/<name>.yaml` has `title`, `source`, `controls`, each with `id`, `what` and perhaps `open`, the \
               reason why no policy covers it, and `reasons`, the reasons that several share.",
        wrong_example: "controls: [{id: A.1}]",
        corrected_example: "controls: [{id: A.1, what: access is reviewed, open: people do that}]",
    },
    DiagnosticCode {
        id: "functions",
        title: "functions.yaml cannot be read",
        explanation: "It is a map of signatures, each with an expression and perhaps a description. A function \
               may not call another of them.",
        wrong_example: "functions: {is_open: {expression: ...}}",
        corrected_example: "functions: {\"is_open(range)\": {expression: ..., description: ...}}",
    },
    DiagnosticCode {
        id: "header",
        title: "the header cannot be read",
        explanation: "The first line is `// METADATA`; what follows behind `// ` is YAML with title, \
               description, severity, match, resource, message, and, where wanted, parameters, \
               variables, controls, references, remediation. `evenkeel schema header` prints its JSON \
               Schema.",
        wrong_example: "// severty: HIGH",
        corrected_example: "// severity: HIGH",
    },
    DiagnosticCode {
        id: "internal",
        title: "Evenkeel failed",
        explanation: "This is a defect of Evenkeel and not of your file: please report it, with the file if \
               you may.",
        wrong_example: "",
        corrected_example: "",
    },
    DiagnosticCode {
        id: "lint-comment",
        title: "a comment that lets a finding pass is of no use",
        explanation: "`// lint: allow CODE reason` needs a code that there is and a reason, and something to \
               let pass: else it would hide the next finding of that code. Write the reason, or delete \
               the comment.",
        wrong_example: "// lint: allow unknown-event",
        corrected_example: "// lint: allow unknown-event  the console's own call, seen in our trail on 3 March",
    },
    DiagnosticCode {
        id: "match",
        title: "`match` watches nothing",
        explanation: "A policy watches events (`eventSource` and `eventName`), configuration items \
               (`resourceType`), or both. Sources end in `.amazonaws.com`.",
        wrong_example: "match: {eventName: PutBucketPolicy}",
        corrected_example: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}",
    },
    DiagnosticCode {
        id: "name",
        title: "the file's name is no id",
        explanation: "A policy's id is its file's name: lower-case letters, digits and hyphens, what is wrong, \
               the service first.",
        wrong_example: "S3_Public.cel",
        corrected_example: "s3-bucket-public.cel",
    },
    DiagnosticCode {
        id: "orphan",
        title: "a test file without its policy",
        explanation: "`<id>.test.yaml` holds the cases of `<id>.cel` beside it; without that, nobody runs \
               them.",
        wrong_example: "s3-public.test.yaml beside s3-bucket-public.cel",
        corrected_example: "s3-bucket-public.test.yaml beside s3-bucket-public.cel",
    },
    DiagnosticCode {
        id: "parameter",
        title: "a parameter's default is of another type",
        explanation: "Types are bool, int, double, string, map and list(...), and the default is a value of \
               that type.",
        wrong_example: "ports: {type: list(int), default: [\"22\"]}",
        corrected_example: "ports: {type: list(int), default: [22]}",
    },
    DiagnosticCode {
        id: "parameter-not-told",
        title: "a remediator is not told a parameter of the policy",
        explanation: "The remediator knows a setting of the same name as a parameter of the policy. Without \
               `remediation.with` it repairs to its own default, whatever an organization has set: it sets what \
               was not asked for, or leaves what was found. A text of `with` that is one hole is CEL.",
        wrong_example: "remediation: {run: iam-password-policy, mode: approve}",
        corrected_example: "remediation: {run: iam-password-policy, mode: approve, with: {maximumAge: \"{{params.maximumAge}}\"}}",
    },
    DiagnosticCode {
        id: "patch",
        title: "the policy does not say rightly what is repaired",
        explanation: "`cloud-control` repairs what the policy's header says: `patch` has the properties of the resource \
               as they must be, as a JSON merge patch whose texts are CEL, `tier` how safe that is, and `actions` the \
               IAM actions by which AWS does it, of those that it publishes for the type. They are \
               properties of the CloudFormation type in `resource.type`, which Cloud Control can update, and \
               which can be read again. Other remediators know both themselves.",
        wrong_example: "remediation: {run: cloud-control, mode: auto, patch: {TableName: 'x'}}",
        corrected_example: "remediation: {run: cloud-control, mode: auto, tier: A, actions: [dynamodb:UpdateTable], patch: \
                {DeletionProtectionEnabled: true}}",
    },
    DiagnosticCode {
        id: "regex-class",
        title: "a `|` in brackets is a character",
        explanation: "`[a|b]` is one character: `a`, `|` or `b`. Alternatives stand in parentheses.",
        wrong_example: "uri.matches('^[http|ftp]://')",
        corrected_example: "uri.matches('^(http|ftp)://')",
    },
    DiagnosticCode {
        id: "settings",
        title: "settings.yaml cannot be used",
        explanation: "It sets parameters of policies: by the policy's id, by the parameter's name, a value of \
               the parameter's type.",
        wrong_example: "s3-bucket-public: {prots: [22]}",
        corrected_example: "ec2-security-group-open-to-world: {ports: [22]}",
    },
    DiagnosticCode {
        id: "test",
        title: "a test file cannot be read",
        explanation: "It has `base`, named events or configuration items, and `cases`, each with a name, what \
               it changes (`merge`), and what is expected of it. `evenkeel schema test` prints its JSON \
               Schema.",
        wrong_example: "- {name: open, expect: NON_COMPLIENT}",
        corrected_example: "- {name: open, expect: NON_COMPLIANT}",
    },
    DiagnosticCode {
        id: "type",
        title: "values that do not go together",
        explanation: "The expression would fail, or could never be true, when an event comes. A field behind \
               `.?` is an optional value until `.orValue(...)` says what it is without. What AWS's \
               models say of a value is a warning: services do record numbers and truths as text.",
        wrong_example: "request.?name.startsWith('a')",
        corrected_example: "request.?name.orValue('').startsWith('a')",
    },
    DiagnosticCode {
        id: "uncovered-condition",
        title: "a condition that no case makes true, or false",
        explanation: "Nobody has seen what the policy does then. Write a case; or, if there can be none, leave \
               the condition out.",
        wrong_example: "cases where `request.?public.orValue(false)` is always true",
        corrected_example: "a case without `public`",
    },
    DiagnosticCode {
        id: "uncovered-event",
        title: "an event of `match` that no case is about",
        explanation: "The same setting is told in other fields by other calls: each event of `match` needs a \
               case.",
        wrong_example: "match: {eventName: [CreateKey, PutKeyPolicy]} and cases of PutKeyPolicy only",
        corrected_example: "a case of CreateKey as well",
    },
    DiagnosticCode {
        id: "unguarded-field",
        title: "a field that not every event has",
        explanation: "Without the field the expression fails, and the policy gives ERROR where it should \
               judge. `.?field` is an optional value; one `.?` makes the rest of the chain safe; \
               `.orValue(...)` says what holds without.",
        wrong_example: "request.tlsConfig.insecureSkipVerification",
        corrected_example: "request.?tlsConfig.insecureSkipVerification.orValue(false)",
    },
    DiagnosticCode {
        id: "unknown-control",
        title: "the framework has no such control",
        explanation: "`controls` names controls by their framework's own ids, as findings and `evenkeel frameworks` tell them. \
               The ids of AWS's Foundational Security Best Practices and of the CIS benchmark are known; those of \
               other frameworks where `frameworks/<name>.yaml` lists them.",
        wrong_example: "controls: {AWS-FSBP: [APIGateway.99]}",
        corrected_example: "controls: {AWS-FSBP: [APIGateway.9]}",
    },
    DiagnosticCode {
        id: "unknown-event",
        title: "AWS has no such event, or not of this service",
        explanation: "The policy would never judge anything by that name. CloudTrail's `eventName` is the API \
               operation, which need not be the IAM action: bucket encryption is changed by \
               PutBucketEncryption, and the action is s3:PutEncryptionConfiguration. Names are those of \
               AWS's service models and of a short list of events that are no API calls. Where you have \
               seen the event in a trail, let it pass by a comment.",
        wrong_example: "match: {eventSource: s3.amazonaws.com, eventName: PutEncryptionConfiguration}",
        corrected_example: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketEncryption}",
    },
    DiagnosticCode {
        id: "unknown-field",
        title: "a field that the calls do not have",
        explanation: "It would always be absent. `request` and `response` have the members of AWS's service \
               models, with a small first letter. For EC2 and S3, which record much under other names, \
               this is a warning. `evenkeel schema SOURCE:NAME` prints the fields of an event.",
        wrong_example: "request.url  (of PutIntegration)",
        corrected_example: "request.uri",
    },
    DiagnosticCode {
        id: "unknown-remediator",
        title: "there is no remediator of that name",
        explanation: "`remediation.run` names one of the remediators that policies/README.md lists; without it \
               the finding is only reported.",
        wrong_example: "remediation: {run: s3-default-encrypton, mode: approve}",
        corrected_example: "remediation: {run: s3-default-encryption, mode: approve}",
    },
    DiagnosticCode {
        id: "unknown-source",
        title: "no service of AWS is called so in CloudTrail",
        explanation: "`eventSource` is the service's endpoint without the Region: `monitoring.amazonaws.com` \
               for CloudWatch, `elasticloadbalancing.amazonaws.com` for load balancers of all kinds.",
        wrong_example: "match: {eventSource: cloudwatch.amazonaws.com, eventName: PutMetricAlarm}",
        corrected_example: "match: {eventSource: monitoring.amazonaws.com, eventName: PutMetricAlarm}",
    },
    DiagnosticCode {
        id: "unknown-value",
        title: "a text that AWS never writes there",
        explanation: "The field has one of the values that the service's model lists; comparing it with \
               another is never true. Values are new now and then: a comment lets it pass.",
        wrong_example: "request.securityPolicy == 'TLS_1_22'",
        corrected_example: "request.securityPolicy == 'TLS_1_2'",
    },
    DiagnosticCode {
        id: "unknown-with",
        title: "a remediator is told what it does not know",
        explanation: "`remediation.with` has the names that the remediator says; a plan with others would be \
               refused.",
        wrong_example: "remediation: {run: apigateway-stage-logging, mode: auto, with: {lvl: INFO}}",
        corrected_example: "remediation: {run: apigateway-stage-logging, mode: auto, with: {level: INFO}}",
    },
    DiagnosticCode {
        id: "unsafe-mode",
        title: "a repair goes further by itself than is safe",
        explanation: "A repair of tier A may be `auto`. One of tier B may be where its remediator checks first whether it \
               is safe, and one of tier C never: they are `approve` at most. policies/README.md tells the tiers; \
               whatever a header says, no repair goes further.",
        wrong_example: "remediation: {run: rds-instance-private, mode: auto}",
        corrected_example: "remediation: {run: rds-instance-private, mode: approve}",
    },
    DiagnosticCode {
        id: "untested",
        title: "a policy without cases",
        explanation: "Each policy has at least one case that is NON_COMPLIANT and one that is COMPLIANT: \
               without them nobody knows whether it finds anything, or everything.",
        wrong_example: "s3-bucket-public.cel alone",
        corrected_example: "s3-bucket-public.test.yaml beside it",
    },
    DiagnosticCode {
        id: "unused-parameter",
        title: "a parameter that nothing looks at",
        explanation: "Setting it would change nothing, and whoever sets it would believe that it does.",
        wrong_example: "parameters: {ports: ...} and no `params.ports`",
        corrected_example: "the parameter is left out, or used",
    },
    DiagnosticCode {
        id: "unused-source",
        title: "none of the names is an event of one of the services",
        explanation: "`match` means each name of each service. A service that has none of the names watches \
               nothing: the name that was meant for it is missing, or the service is one too many.",
        wrong_example: "match: {eventSource: [s3.amazonaws.com, kms.amazonaws.com], eventName: PutBucketPolicy}",
        corrected_example: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}",
    },
    DiagnosticCode {
        id: "unused-variable",
        title: "a variable that nothing looks at",
        explanation: "It is left over, or another one was meant where it should stand.",
        wrong_example: "variables: {name: request.name} and no `name`",
        corrected_example: "the variable is left out, or used",
    },
    DiagnosticCode {
        id: "variable",
        title: "a variable has the name of something else",
        explanation: "`event`, `request` and the other names of the scope mean what they mean; choose another.",
        wrong_example: "variables: {request: ...}",
        corrected_example: "variables: {asked: ...}",
    },
    DiagnosticCode {
        id: "waiver",
        title: "a waiver cannot be used",
        explanation: "It names policies that there are, a resource or a condition, a reason, who approved it \
               and the day on which it expires.",
        wrong_example: "- {id: a, policies: [s3-bucket-pubic], ...}",
        corrected_example: "- {id: a, policies: [s3-bucket-public], ...}",
    },
];
