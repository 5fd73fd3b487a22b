//! The diagnostic codes of `evenkeel check`, with the explanations of `evenkeel explain CODE`.

/// A diagnostic code and its explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosticCode {
    /// The code, such as `unknown-event`. It is stable: comments and other tools refer to it.
    pub id: &'static str,
    /// The problem, in one line.
    pub title: &'static str,
    /// The consequence of the problem, and the correction.
    pub explanation: &'static str,
    /// Lines with the problem. Empty if an author cannot cause it.
    pub wrong_example: &'static str,
    /// The lines of `wrong_example`, corrected.
    pub corrected_example: &'static str,
}

impl DiagnosticCode {
    /// Returns the code with this id, if it exists.
    ///
    /// ```
    /// use evenkeel_authoring::check::DiagnosticCode;
    ///
    /// assert_eq!(DiagnosticCode::find_by_id("untested").unwrap().title, "a policy has no cases");
    /// assert!(DiagnosticCode::find_by_id("no-such-code").is_none());
    /// ```
    pub fn find_by_id(id: &str) -> Option<&'static DiagnosticCode> {
        CODES.iter().find(|code| code.id == id)
    }
}

/// All codes, in alphabetical order.
pub const CODES: &[DiagnosticCode] = &[
    DiagnosticCode {
        id: "constant-condition",
        title: "a condition has the same result for every event",
        explanation: "A condition whose result never changes has no effect. An operand of `&&` \
                      that is always true is superfluous, and an operand of `&&` that is always \
                      false disables the rest of the expression. `match` lists the source and \
                      the name of each event, so `check` computes the result of a condition \
                      that depends only on these two values. Correct the condition, or remove \
                      it.",
        wrong_example: "match: {eventName: StopLogging}  ...  event.eventName == 'StopLoging' && \
            ...",
        corrected_example: "match: {eventName: StopLogging}  ...  without that condition",
    },
    DiagnosticCode {
        id: "costly",
        title: "nested loops over independent lists of the event",
        explanation: "One evaluation may visit 100,000 elements. An evaluation that exceeds this \
                      limit ends with the status ERROR, and the policy gives no result. Two \
                      nested loops over independent lists visit every pair of elements: two \
                      lists of 400 elements exceed the limit. A loop over a part of the outer \
                      loop's element causes no warning, because it visits each part only once. \
                      Loop over one list and use `in`, or build a map of the other list first.",
        wrong_example: "request.tags.all(t, request.allowed.exists(a, a == t.key))",
        corrected_example: "request.tags.all(t, t.key in request.allowed)",
    },
    DiagnosticCode {
        id: "dead-event",
        title: "the policy never reports this event",
        explanation: "The body is false for every event of this name, so this name in `match` \
                      has no effect. Add the missing condition for this event, or remove its name \
                      from `match`.",
        wrong_example: "match: {eventName: [StopLogging, DeleteTrail]}  ...  event.eventName == \
            'StopLogging'",
        corrected_example: "match: {eventName: StopLogging}",
    },
    DiagnosticCode {
        id: "duplicate",
        title: "two policies have the same name",
        explanation: "The id of a policy is the name of its file, in any folder. Findings, \
                      waivers and settings refer to a policy by this id. Rename one of the \
                      files.",
        wrong_example: "s3/public.cel and kms/public.cel",
        corrected_example: "s3/s3-bucket-public.cel and kms/kms-key-public.cel",
    },
    DiagnosticCode {
        id: "control-severity",
        title: "the severity of a policy is not the severity of its control",
        explanation: "A framework publishes a severity for each control. A policy has the highest \
                      severity of the controls that it names, so that its findings can be compared \
                      with those of other tools. Change the severity, or give the reason in \
                      `severityReason`.",
        wrong_example: "severity: HIGH ... controls: {AWS-FSBP: [RDS.2]}",
        corrected_example: "severity: CRITICAL ... controls: {AWS-FSBP: [RDS.2]}",
    },
    DiagnosticCode {
        id: "duplicate-policy",
        title: "another policy reports everything that this policy reports",
        explanation: "Both policies have the same expressions, and the other policy matches at \
                      least the same events. Each finding would be reported twice. Delete one of \
                      the policies, or change the expressions of one policy.",
        wrong_example: "a.cel and b.cel with the same body",
        corrected_example: "only one of the two policies",
    },
    DiagnosticCode {
        id: "event-version",
        title: "`eventName` contains an API version",
        explanation: "Some services append a version to the names of their events, such as \
                      `CreateFunction20150331`. A name without a version matches the event with \
                      every version and without one. A name with a version misses the records \
                      with another version. Write the name without the version.",
        wrong_example: "eventName: CreateFunction20150331",
        corrected_example: "eventName: CreateFunction",
    },
    DiagnosticCode {
        id: "expired-waiver",
        title: "a waiver has expired",
        explanation: "A waiver applies until the day in `expires`. After this day the findings \
                      are reported again. Delete the waiver, or ask the approver for a new date.",
        wrong_example: "expires: 2024-01-31",
        corrected_example: "expires: 2027-01-31",
    },
    DiagnosticCode {
        id: "expression",
        title: "an expression is not valid CEL, or uses an unknown name",
        explanation: "Evenkeel cannot compile the policy. An expression can use `event`, \
                      `request`, `response`, `resource`, `params`, `account`, `now`, the \
                      policy's variables and, in the message, `violations`. policies/README.md \
                      and functions.yaml list the functions.",
        wrong_example: "requst.bucketName.startWith('a')",
        corrected_example: "request.bucketName.startsWith('a')",
    },
    DiagnosticCode {
        id: "first-resource",
        title: "the policy reports only the first resource of a list",
        explanation: "One call can be about several resources: `RunInstances` starts several \
                      instances. If the id of the resource is the first element of a list, the \
                      findings, the waivers and the remediations of the other elements are \
                      missing. Define `resource.each` with the list: the policy then evaluates \
                      each element as `each`. If the list has only one element in every call, \
                      allow this code with that reason.",
        wrong_example: "resource: {type: AWS::CloudWatch::Alarm, id: 'request.alarmNames[0]'}",
        corrected_example: "resource: {type: AWS::CloudWatch::Alarm, each: request.alarmNames, \
            id: each}",
    },
    DiagnosticCode {
        id: "fmt",
        title: "a policy cannot be formatted without a change of its meaning",
        explanation: "`fmt` leaves the file unchanged. It compares the header's values and the \
                      expression's tokens before and after formatting, and writes nothing if \
                      they differ. This happens, for example, if a YAML anchor and its alias are \
                      in keys whose order changes.",
        wrong_example: "// title: &name A bucket\n// message: *name",
        corrected_example: "// title: A bucket\n// message: A bucket",
    },
    DiagnosticCode {
        id: "framework",
        title: "a framework file cannot be read",
        explanation: "`frameworks/<name>.yaml` has `title`, `source` and `controls`. Each \
                      control has `id`, `what` (the requirement) and, optionally, `open` (the \
                      reason why no policy covers it). The optional key `reasons` contains \
                      reasons that several controls share.",
        wrong_example: "controls: [{id: A.1}]",
        corrected_example: "controls: [{id: A.1, what: access is reviewed, open: a manual task}]",
    },
    DiagnosticCode {
        id: "functions",
        title: "functions.yaml cannot be read",
        explanation: "`functions` maps the signature of each function to its `expression` and an \
                      optional `description`. A function can call only the functions of CEL and \
                      of Evenkeel, and no other function of this file.",
        wrong_example: "functions: {is_open: {expression: ...}}",
        corrected_example: "functions: {\"is_open(range)\": {expression: ..., description: ...}}",
    },
    DiagnosticCode {
        id: "header",
        title: "the header cannot be read",
        explanation: "The first line is `// METADATA`. The comment lines below it contain YAML \
                      after `// `: title, description, severity, match, resource, message and, \
                      optionally, parameters, variables, controls, references and remediation. \
                      `evenkeel schema header` prints the JSON Schema.",
        wrong_example: "// severty: HIGH",
        corrected_example: "// severity: HIGH",
    },
    DiagnosticCode {
        id: "internal",
        title: "Evenkeel failed",
        explanation: "The cause is a defect of Evenkeel, not of your file. Please report the \
                      defect, and attach the file if you are allowed to share it.",
        wrong_example: "",
        corrected_example: "",
    },
    DiagnosticCode {
        id: "lint-comment",
        title: "an allow comment is not valid, or has no effect",
        explanation: "`// lint: allow CODE reason` needs an existing code, a reason, and a \
                      diagnostic with this code in the file. A comment without effect would hide \
                      the next diagnostic with this code. Correct the comment, or delete it.",
        wrong_example: "// lint: allow unknown-event",
        corrected_example: "// lint: allow unknown-event  a call of the AWS console, recorded in \
            our trail on 3 March",
    },
    DiagnosticCode {
        id: "match",
        title: "`match` selects nothing",
        explanation: "`match` selects events by `eventSource` and `eventName`, configuration \
                      items by `resourceType`, or both. An event source ends in \
                      `.amazonaws.com`. Without a valid selection, the policy would evaluate \
                      nothing.",
        wrong_example: "match: {eventName: PutBucketPolicy}",
        corrected_example: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}",
    },
    DiagnosticCode {
        id: "name",
        title: "the file's name is not a valid policy id",
        explanation: "The id of a policy is the name of its file. It consists of lower-case \
                      letters, digits and hyphens. Begin with the service, then name the \
                      problem.",
        wrong_example: "S3_Public.cel",
        corrected_example: "s3-bucket-public.cel",
    },
    DiagnosticCode {
        id: "orphan",
        title: "a test file has no policy",
        explanation: "`<id>.test.yaml` contains the cases of `<id>.cel` in the same folder. \
                      Without this policy, nothing runs the cases. Rename the test file, or \
                      delete it.",
        wrong_example: "s3-public.test.yaml beside s3-bucket-public.cel",
        corrected_example: "s3-bucket-public.test.yaml beside s3-bucket-public.cel",
    },
    DiagnosticCode {
        id: "parameter",
        title: "the default of a parameter has the wrong type",
        explanation: "`default` must be a value of the type in `type`. The types are bool, int, \
                      double, string, map and list(...).",
        wrong_example: "ports: {type: list(int), default: [\"22\"]}",
        corrected_example: "ports: {type: list(int), default: [22]}",
    },
    DiagnosticCode {
        id: "parameter-not-passed",
        title: "a remediator does not receive a parameter of the policy",
        explanation: "The remediator has a setting with the same name as a parameter of the \
                      policy. If `remediation.with` does not contain this setting, the \
                      remediator uses its own default and ignores the organization's value of \
                      the parameter. The remediation then sets a wrong value, or does not \
                      remove the violation. Pass the parameter in `with`: a text that consists \
                      of one `{{ }}` placeholder is evaluated as CEL.",
        wrong_example: "remediation: {run: iam-password-policy, mode: approve}",
        corrected_example: "remediation: {run: iam-password-policy, mode: approve, with: \
            {maximumAge: \"{{params.maximumAge}}\"}}",
    },
    DiagnosticCode {
        id: "patch",
        title: "the policy does not define its remediation correctly",
        explanation: "`cloud-control` makes the change that the policy's header defines. `patch` \
                      contains the required properties of the resource, as a JSON merge patch \
                      whose texts are CEL. `tier` states how safe the change is: A, B or C. \
                      `actions` lists the IAM actions that AWS needs to make the change; AWS \
                      must publish each action for the resource type. `checks` lists checks \
                      that run before the change; each check must exist for the resource \
                      type. The properties belong to the CloudFormation type in \
                      `resource.type`, and Cloud Control must be able to update and to read \
                      each property. Other remediators define their own change, and do not \
                      accept these keys.",
        wrong_example: "remediation: {run: cloud-control, mode: auto, patch: {TableName: 'x'}}",
        corrected_example: "remediation: {run: cloud-control, mode: auto, tier: A, actions: \
            [dynamodb:UpdateTable], patch: {DeletionProtectionEnabled: true}}",
    },
    DiagnosticCode {
        id: "regex-class",
        title: "`|` in brackets is a literal character",
        explanation: "`[a|b]` matches one character: `a`, `|` or `b`. In brackets, `|` does not \
                      separate alternatives. Write alternatives in parentheses.",
        wrong_example: "uri.matches('^[http|ftp]://')",
        corrected_example: "uri.matches('^(http|ftp)://')",
    },
    DiagnosticCode {
        id: "settings",
        title: "settings.yaml is not valid",
        explanation: "settings.yaml sets the parameters of policies. Its key `parameters` maps \
                      the id of a policy to the names of the policy's parameters, and each name \
                      to a value of the parameter's type.",
        wrong_example: "parameters: {ec2-security-group-open-to-world: {prots: [22]}}",
        corrected_example: "parameters: {ec2-security-group-open-to-world: {ports: [22]}}",
    },
    DiagnosticCode {
        id: "several-resources",
        title: "a call is about several resources, and the policy reports one",
        explanation: "The service model of AWS requires a list as the only identification of the \
                      call's resources. Without `resource.each`, a call about three resources \
                      gives one finding, and a waiver for one of them hides the others. Define \
                      `resource.each` with the list. If the elements are not the resources of the \
                      policy, allow this code with that reason.",
        wrong_example: "match: {eventName: DeleteAlarms}  ...  resource: {id: resource.account}",
        corrected_example: "resource: {type: AWS::CloudWatch::Alarm, each: request.alarmNames, \
            id: each}",
    },
    DiagnosticCode {
        id: "split-word",
        title: "a line of the header ends in the middle of a word",
        explanation: "YAML joins the lines of a text with a space. A word that a line break splits at \
                      a hyphen gets a space after the hyphen, so that a value in a list is no longer \
                      equal to any value of an event.",
        wrong_example: "//   engines: >-\n//     ['mysql', 'gcp-\n//     mysql']",
        corrected_example: "//   engines: >-\n//     ['mysql',\n//     'gcp-mysql']",
    },
    DiagnosticCode {
        id: "test",
        title: "a test file cannot be read",
        explanation: "The file has `base` (named events or configuration items) and `cases`. \
                      Each case has a name, its changes of the base (`merge`) and the expected \
                      status (`expect`). `evenkeel schema test` prints the JSON Schema.",
        wrong_example: "- {name: open, expect: NON_COMPLIENT}",
        corrected_example: "- {name: open, expect: NON_COMPLIANT}",
    },
    DiagnosticCode {
        id: "type",
        title: "a value has the wrong type",
        explanation: "The expression would fail for an event, or could never be true. A field \
                      after `.?` is an optional value; `.orValue(...)` gives it a default value. \
                      If the type of a value is known only from AWS's service models, the \
                      diagnostic is a warning, because some services record numbers and booleans \
                      as text.",
        wrong_example: "request.?name.startsWith('a')",
        corrected_example: "request.?name.orValue('').startsWith('a')",
    },
    DiagnosticCode {
        id: "uncovered-condition",
        title: "no case makes a condition true, or no case makes it false",
        explanation: "A condition needs a case in which it is true and a case in which it is \
                      false. Otherwise, the cases cannot detect an error in the condition. Add \
                      the missing case. If no event can have the missing result, remove the \
                      condition.",
        wrong_example: "cases where `request.?public.orValue(false)` is always true",
        corrected_example: "a case without `public`",
    },
    DiagnosticCode {
        id: "uncovered-event",
        title: "no case uses an event of `match`",
        explanation: "Different calls record the same setting in different fields. Therefore, a \
                      policy can be correct for one call and wrong for another call. Add a case \
                      for each event of `match`.",
        wrong_example: "match: {eventName: [CreateKey, PutKeyPolicy]} and cases of PutKeyPolicy \
            only",
        corrected_example: "a case of CreateKey as well",
    },
    DiagnosticCode {
        id: "unguarded-field",
        title: "a field can be absent in some events",
        explanation: "If the field is absent, the expression fails and the policy returns ERROR. \
                      `.?field` is an optional value; one `.?` makes the rest of the chain safe. \
                      `.orValue(...)` gives the value to use if the field is absent.",
        wrong_example: "request.tlsConfig.insecureSkipVerification",
        corrected_example: "request.?tlsConfig.insecureSkipVerification.orValue(false)",
    },
    DiagnosticCode {
        id: "unknown-control",
        title: "the framework has no control with this id",
        explanation: "`controls` uses the framework's own ids, as in findings and in `evenkeel \
                      frameworks`. Evenkeel contains the ids of AWS Foundational Security Best \
                      Practices and of the CIS benchmark. For another framework, `check` reads \
                      the ids from `frameworks/<name>.yaml`. Without this file, `check` accepts \
                      every id.",
        wrong_example: "controls: {AWS-FSBP: [APIGateway.99]}",
        corrected_example: "controls: {AWS-FSBP: [APIGateway.9]}",
    },
    DiagnosticCode {
        id: "unknown-event",
        title: "AWS has no such event, or this service does not have it",
        explanation: "The policy would never evaluate an event of that name. CloudTrail's \
                      `eventName` is the API operation, which can differ from the IAM action: \
                      PutBucketEncryption changes the encryption of a bucket, and its IAM action \
                      is s3:PutEncryptionConfiguration. Evenkeel accepts the names in AWS's \
                      service models, and the names of known events that the models do not \
                      contain, such as ConsoleLogin. If your trail contains the \
                      event, allow the name with a comment: `// lint: allow unknown-event \
                      reason`.",
        wrong_example: "match: {eventSource: s3.amazonaws.com, eventName: \
            PutEncryptionConfiguration}",
        corrected_example: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketEncryption}",
    },
    DiagnosticCode {
        id: "unknown-field",
        title: "the calls do not have this field",
        explanation: "The field would always be absent. `request` and `response` have the \
                      members of AWS's service models, with a lower-case first letter. For EC2 \
                      and S3 the diagnostic is a warning, because these services record many \
                      fields under other names. `evenkeel schema SOURCE:NAME` prints the fields \
                      of an event.",
        wrong_example: "request.url  (of PutIntegration)",
        corrected_example: "request.uri",
    },
    DiagnosticCode {
        id: "unknown-identity",
        title: "CloudTrail has no such identity type",
        explanation: "`match.identityType` lists values of `userIdentity.type`. A policy with a \
                      value that CloudTrail does not use evaluates no event. Correct the value: \
                      the case of the letters matters.",
        wrong_example: "match: {eventSource: '*', eventName: '*', identityType: root}",
        corrected_example: "match: {eventSource: '*', eventName: '*', identityType: Root}",
    },
    DiagnosticCode {
        id: "unknown-remediator",
        title: "there is no remediator with this name",
        explanation: "`remediation.run` must name a remediator that policies/README.md lists. A \
                      policy without `remediation` only reports its findings.",
        wrong_example: "remediation: {run: s3-default-encrypton, mode: approve}",
        corrected_example: "remediation: {run: s3-default-encryption, mode: approve}",
    },
    DiagnosticCode {
        id: "unknown-source",
        title: "AWS has no such event source",
        explanation: "`eventSource` is the service's endpoint without the Region: \
                      `monitoring.amazonaws.com` for CloudWatch, \
                      `elasticloadbalancing.amazonaws.com` for all types of load balancers.",
        wrong_example: "match: {eventSource: cloudwatch.amazonaws.com, eventName: PutMetricAlarm}",
        corrected_example: "match: {eventSource: monitoring.amazonaws.com, eventName: \
            PutMetricAlarm}",
    },
    DiagnosticCode {
        id: "unknown-value",
        title: "AWS does not use this value for the field",
        explanation: "The service's model lists all values of the field, and this text is not \
                      one of them. The field is never equal to this text. If AWS has added the \
                      value since, allow the value with a comment: `// lint: allow \
                      unknown-value reason`.",
        wrong_example: "request.securityPolicy == 'TLS_1_22'",
        corrected_example: "request.securityPolicy == 'TLS_1_2'",
    },
    DiagnosticCode {
        id: "unknown-with",
        title: "a remediator does not have this setting",
        explanation: "`remediation.with` may contain only settings that the remediator has; \
                      policies/README.md lists them. Evenkeel rejects a plan with other \
                      settings.",
        wrong_example: "remediation: {run: apigateway-stage-logging, mode: auto, with: {lvl: \
            INFO}}",
        corrected_example: "remediation: {run: apigateway-stage-logging, mode: auto, with: \
            {level: INFO}}",
    },
    DiagnosticCode {
        id: "unsafe-mode",
        title: "the mode of a remediation exceeds the maximum mode of its tier",
        explanation: "The maximum mode of tier A is `auto`. The maximum mode of tier B is `auto` \
                      if the remediator first checks that the change is safe, and `approve` \
                      otherwise. The maximum mode of tier C is `approve`. policies/README.md \
                      describes the tiers. Evenkeel never exceeds the maximum mode, even if the \
                      header states a higher mode.",
        wrong_example: "remediation: {run: rds-instance-private, mode: auto}",
        corrected_example: "remediation: {run: rds-instance-private, mode: approve}",
    },
    DiagnosticCode {
        id: "untested",
        title: "a policy has no cases",
        explanation: "Each policy needs at least one case that is NON_COMPLIANT and one that is \
                      COMPLIANT. Without these cases, a policy that reports every event or no \
                      event remains unnoticed.",
        wrong_example: "s3-bucket-public.cel alone",
        corrected_example: "s3-bucket-public.test.yaml beside it",
    },
    DiagnosticCode {
        id: "unknown-type",
        title: "a type of resources does not exist",
        explanation: "`resource.type` is a type of CloudFormation or AWS Config, so that other tools \
                      and repairs know the resource. `match.resourceType` lists types that AWS \
                      Config records; the policy gets no items of another type.",
        wrong_example: "resource: {type: AWS::S3::Buckets, id: request.bucketName}",
        corrected_example: "resource: {type: AWS::S3::Bucket, id: request.bucketName}",
    },
    DiagnosticCode {
        id: "unused-parameter",
        title: "no expression uses a parameter",
        explanation: "A value that an organization sets for this parameter has no effect. Use \
                      the parameter in an expression, or remove it.",
        wrong_example: "parameters: {ports: ...} and no `params.ports`",
        corrected_example: "the parameter is removed, or used",
    },
    DiagnosticCode {
        id: "unused-source",
        title: "none of the names in `eventName` is an event of a source",
        explanation: "`match` combines each source with each name. A source that has none of the \
                      names selects nothing. Add the missing name, or remove the source.",
        wrong_example: "match: {eventSource: [s3.amazonaws.com, kms.amazonaws.com], eventName: \
            PutBucketPolicy}",
        corrected_example: "match: {eventSource: s3.amazonaws.com, eventName: PutBucketPolicy}",
    },
    DiagnosticCode {
        id: "unused-variable",
        title: "no expression uses a variable",
        explanation: "Either an earlier version of the policy used the variable, or an \
                      expression uses another name by mistake. Use the variable, or remove it.",
        wrong_example: "variables: {name: request.name} and no `name`",
        corrected_example: "the variable is removed, or used",
    },
    DiagnosticCode {
        id: "variable",
        title: "a variable has a reserved name",
        explanation: "`event`, `request` and the other names of the scope have a fixed meaning. \
                      Choose another name for the variable.",
        wrong_example: "variables: {request: ...}",
        corrected_example: "variables: {call: ...}",
    },
    DiagnosticCode {
        id: "waiver",
        title: "a waiver is not valid",
        explanation: "A waiver names existing policies, a resource or a condition, a reason, the \
                      person who approved it, and the day on which it expires.",
        wrong_example: "- {id: a, policies: [s3-bucket-pubic], ...}",
        corrected_example: "- {id: a, policies: [s3-bucket-public], ...}",
    },
    DiagnosticCode {
        id: "remediation-settings",
        title: "the operator's settings for remediations are not valid",
        explanation: "The file `remediation.yaml` sets maximum modes, approvers, limits, maintenance \
                      windows and the life of plans. Unknown keys are errors, because a misspelled \
                      key would restrict nothing.",
        wrong_example: "maximumModes: [{mode: auto, account: ['111122223333']}]",
        corrected_example: "maximumModes: [{mode: auto, accounts: ['111122223333']}]",
    },
    DiagnosticCode {
        id: "unwatched-event",
        title: "an event sets a parameter of the policy, and no policy evaluates it",
        explanation: "According to AWS's service models, the call takes a parameter that the policy \
                      reads. Therefore, the call can cause the violation without a finding. Add the \
                      event to `eventName`, or to `notWatched` with the reason why the call cannot \
                      cause the violation. Other policies of the set count: if one of them reads \
                      the parameter for this event, there is no warning.",
        wrong_example: "match: {eventSource: ecs.amazonaws.com, eventName: CreateService}",
        corrected_example: "match: {eventSource: ecs.amazonaws.com, eventName: [CreateService, \
                            CreateTaskSet], notWatched: {RunTask: a task has no service}}",
    },
    DiagnosticCode {
        id: "wrong-default",
        title: "an expression assumes another default than AWS documents",
        explanation: "If a call that creates a resource leaves a parameter out, the resource gets \
                      AWS's default. A policy that assumes another value reports compliant \
                      resources, or misses others. The defaults are those that the documentation of \
                      AWS's service models states without a condition.",
        wrong_example: "match: {eventSource: rds.amazonaws.com, eventName: CreateDBInstance} ... \
                        request.?copyTagsToSnapshot.orValue(true)",
        corrected_example: "request.?copyTagsToSnapshot.orValue(false)",
    },
];
