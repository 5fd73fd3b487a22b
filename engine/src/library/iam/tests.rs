//! Compares the results for generated policy documents with an exhaustive search. The search tests
//! every request of a small model.

use serde_json::{Value as Json, json};

use super::super::testing::{assert_holds, evaluate_with_texts};
use super::CallerClass;
use super::deny::{RemainingAccess, remaining_access};
use super::patterns;
use super::statement::PolicyStatement;
use crate::glob;
use crate::run::{budget, undecided};

/// A request of a caller who is not in the organization `o-own`, not in an account that a policy
/// names, and not in the network 203.0.113.0/24.
#[derive(Clone, Copy)]
struct Request {
    action: &'static str,
    resource: &'static str,
    organization: Option<&'static str>,
    /// `false` for an unsigned request, which has no principal.
    signed: bool,
    encrypted: bool,
    address: &'static str,
    tag: Option<&'static str>,
}

/// Returns all requests of the model.
fn model_requests() -> Vec<Request> {
    let mut all = Vec::new();
    let objects =
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"].into_iter().flat_map(|action| {
            ["arn:aws:s3:::b/x/1", "arn:aws:s3:::b/y"].map(|resource| (action, resource))
        });
    let buckets = ["s3:ListBucket", "s3:GetBucketLocation", "s3:PutBucketPolicy"]
        .map(|action| (action, "arn:aws:s3:::b"));
    for (action, resource) in objects.chain(buckets) {
        for (organization, signed) in [(None, false), (None, true), (Some("o-other"), true)] {
            for encrypted in [false, true] {
                for address in ["8.8.8.8", "200.1.2.3", "2600::9"] {
                    for tag in [None, Some("a")] {
                        let tag = tag.filter(|_| signed);
                        all.push(Request {
                            action,
                            resource,
                            organization,
                            signed,
                            encrypted,
                            address,
                            tag,
                        });
                    }
                }
            }
        }
    }
    all
}

type Test = fn(&Request) -> bool;

/// An option for a part of a statement: its JSON, and its meaning as a test of requests.
type Choice = (Json, Test);

fn is_like(pattern: &str, text: &str) -> bool {
    glob::matches_pattern(&pattern.to_lowercase(), &text.to_lowercase())
}

fn principals() -> Vec<Choice> {
    vec![
        (json!({"Principal": "*"}), |_| true),
        (json!({"Principal": {"AWS": "444455556666"}}), |_| false),
        (json!({"NotPrincipal": {"AWS": "111122223333"}}), |_| true),
        (json!({"NotPrincipal": "*"}), |_| false),
    ]
}

fn actions() -> Vec<Choice> {
    vec![
        (json!({"Action": "s3:*"}), |_| true),
        (json!({"Action": "*"}), |_| true),
        (json!({"Action": "s3:Get*"}), |r| is_like("s3:Get*", r.action)),
        (json!({"Action": ["S3:GETOBJECT", "s3:p*object"]}), |r| {
            is_like("s3:getobject", r.action) || is_like("s3:p*object", r.action)
        }),
        (json!({"NotAction": "s3:Get*"}), |r| !is_like("s3:Get*", r.action)),
        (json!({"NotAction": ["s3:ListBucket", "s3:Delete?bject"]}), |r| {
            r.action != "s3:ListBucket" && r.action != "s3:DeleteObject"
        }),
    ]
}

fn resources() -> Vec<Choice> {
    vec![
        (json!({"Resource": "*"}), |_| true),
        (json!({"Resource": "arn:aws:s3:::b/*"}), |r| r.resource.contains('/')),
        (json!({"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}), |_| true),
        (json!({"Resource": "arn:aws:s3:::b/x/*"}), |r| r.resource.contains("/x/")),
        (json!({"NotResource": "arn:aws:s3:::b/x/*"}), |r| !r.resource.contains("/x/")),
    ]
}

fn conditions_of_denials() -> Vec<Choice> {
    vec![
        (json!({}), |_| true),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), |r| !r.encrypted),
        (json!({"Bool": {"aws:SecureTransport": true}}), |r| r.encrypted),
        (json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-own"}}), |_| true),
        (json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ["o-own", "o-2"]}}), |_| true),
        (json!({"ForAnyValue:StringNotEquals": {"aws:PrincipalOrgID": "o-own"}}), |r| {
            r.organization.is_some()
        }),
        (json!({"StringNotLike": {"aws:PrincipalOrgID": "o-*"}}), |r| r.organization.is_none()),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-own"}}), |_| false),
        (json!({"Null": {"aws:PrincipalOrgID": "true"}}), |r| r.organization.is_none()),
        (json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}), |_| true),
        (json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}), |r| !r.signed),
        (json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), |_| true),
        (json!({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "8.0.0.0/7"]}}), |r| {
            r.address != "8.8.8.8"
        }),
        (json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}), |r| r.address == "8.8.8.8"),
        (json!({"IpAddress": {"aws:SourceIp": "128.0.0.0/1"}}), |r| r.address == "200.1.2.3"),
        (json!({"StringNotEquals": {"aws:PrincipalTag/team": "a"}}), |r| r.tag != Some("a")),
        (json!({"StringEquals": {"aws:PrincipalTag/team": "a"}}), |r| r.tag == Some("a")),
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-own"},
                "Bool": {"aws:SecureTransport": "false"}}),
            |r| !r.encrypted,
        ),
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-own", "aws:SourceVpce": "vpce-1"}}),
            |_| true,
        ),
    ]
}

fn conditions_of_grants() -> Vec<Choice> {
    vec![
        (json!({}), |_| true),
        (json!({"Bool": {"aws:SecureTransport": "true"}}), |r| r.encrypted),
        (json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}), |r| r.address == "8.8.8.8"),
        (json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-bad"}}), |_| true),
    ]
}

/// A statement, and for each request of the model, whether the statement applies.
struct Case {
    json: Json,
    statement: PolicyStatement,
    applies: Vec<bool>,
}

fn cases(effect: &str, parts: [Vec<Choice>; 4], requests: &[Request]) -> Vec<Case> {
    let [principals, actions, resources, conditions] = parts;
    let mut all = Vec::new();
    for principal in &principals {
        for action in &actions {
            for resource in &resources {
                for condition in &conditions {
                    let mut json = json!({"Effect": effect, "Condition": condition.0});
                    let fields = json.as_object_mut().unwrap();
                    for part in [&principal.0, &action.0, &resource.0] {
                        fields.extend(part.as_object().unwrap().clone());
                    }
                    let tests = [principal.1, action.1, resource.1, condition.1];
                    all.push(Case {
                        statement: PolicyStatement::from_json("test", &json).unwrap(),
                        json,
                        applies: requests
                            .iter()
                            .map(|request| tests.iter().all(|test| test(request)))
                            .collect(),
                    });
                }
            }
        }
    }
    all
}

fn computed(allow: &Case, denials: &[&Case]) -> RemainingAccess {
    budget::reset_budget(1);
    let statements: Vec<PolicyStatement> =
        [allow].iter().chain(denials).map(|case| case.statement.clone()).collect();
    super::patterns::start_document();
    remaining_access(&allow.statement, &statements, CallerClass::Stranger).unwrap()
}

/// Returns whether at least one request of the model is allowed.
fn is_open(allow: &Case, denials: &[&Case]) -> bool {
    let denied = |at: usize| denials.iter().any(|case| case.applies[at]);
    allow.applies.iter().enumerate().any(|(at, allows)| *allows && !denied(at))
}

fn check(allow: &Case, denials: &[&Case], decided: &mut [usize; 3]) {
    let (computed, open) = (computed(allow, denials), is_open(allow, denials));
    let wrong = match computed {
        RemainingAccess::Open => !open,
        RemainingAccess::Closed => open,
        RemainingAccess::Undecided => false,
    };
    let count = &mut decided[match computed {
        RemainingAccess::Open => 0,
        RemainingAccess::Closed => 1,
        RemainingAccess::Undecided => 2,
    }];
    *count = count.saturating_add(1);
    let denials: Vec<&Json> = denials.iter().map(|case| &case.json).collect();
    assert!(!wrong, "{computed:?}, and open is {open}: {} with {denials:?}", allow.json);
}

fn everyone() -> Vec<Choice> {
    principals().into_iter().take(1).collect()
}

#[test]
fn results_for_one_deny_agree_with_all_requests() {
    let requests = model_requests();
    let grants = [everyone(), actions(), resources(), conditions_of_grants()];
    let grants = cases("Allow", grants, &requests);
    let denials = [principals(), actions(), resources(), conditions_of_denials()];
    let denials = cases("Deny", denials, &requests);
    let mut decided = [0; 3];
    for (number, allow) in grants.iter().enumerate() {
        // All pairs would take too much time. Each grant is combined with every thirteenth denial,
        // and the first denial differs between grants, so that each denial occurs.
        for deny in denials.iter().skip(number % 13).step_by(13) {
            check(allow, &[deny], &mut decided);
        }
    }
    // An undecided result is never wrong. The number of undecided results must stay below a quarter
    // of the open results, so that the function remains useful.
    assert!(decided[0] > 10_000 && decided[1] > 500, "{decided:?}");
    assert!(decided[2] * 4 < decided[0], "{decided:?}");
}

#[test]
fn results_for_two_denies_agree_with_all_requests() {
    let requests = model_requests();
    let grants = [everyone(), actions(), resources(), conditions_of_grants()];
    let grants = cases("Allow", grants, &requests);
    let denials = [everyone(), actions(), resources(), conditions_of_denials()];
    let denials = cases("Deny", denials, &requests);
    let mut decided = [0; 3];
    for (number, allow) in grants.iter().enumerate() {
        for step in (number % 7..denials.len()).step_by(7) {
            let other = (step * 31 + number * 17) % denials.len();
            check(allow, &[&denials[step], &denials[other]], &mut decided);
        }
    }
    assert!(decided[0] > 4_000 && decided[1] > 300, "{decided:?}");
}

/// Returns the number of public statements in a bucket policy in which one statement allows
/// everyone to read objects, and the reason if the result is undecided.
fn public(denials: &Json) -> (usize, Option<&'static str>) {
    let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]});
    let mut statements = vec![allow];
    statements.extend(denials.as_array().unwrap().clone());
    let document = json!({"Statement": statements}).to_string();
    undecided::take_undecided();
    let count = evaluate_with_texts("public_statements(d).size()", &[("d", &document)]);
    let Ok(cel::Value::Int(count)) = count else { panic!("{count:?}") };
    (usize::try_from(count).unwrap(), undecided::take_undecided())
}

#[test]
fn a_deny_of_everyone_outside_closes_a_policy() {
    let deny = |condition: Json| {
        json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": condition}])
    };
    for condition in [
        json!({}),
        json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        json!({"StringNotEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}}),
        json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}),
        json!({"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}),
        json!({"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}}),
    ] {
        assert_eq!(public(&deny(condition.clone())), (0, None), "{condition}");
    }
}

#[test]
fn a_deny_of_something_else_leaves_a_policy_public() {
    for denials in [
        json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:::b/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]),
        json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}]),
        json!([{"Effect": "Deny", "Principal": "*", "Action": "*",
            "Resource": "arn:aws:s3:::b/own/*"}]),
        json!([{"Effect": "Deny", "Principal": {"AWS": "444455556666"}, "Action": "*",
            "Resource": "*"}]),
        json!([{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"StringNotLike": {"aws:Referer": "https://www.example.com/*"}}}]),
        json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
            "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
            {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}}]),
    ] {
        assert_eq!(public(&denials), (1, None), "{denials}");
    }
}

#[test]
fn a_deny_that_may_close_a_policy_gives_an_undecided_result() {
    for denials in [
        json!([{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}}}]),
        json!([{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}}}]),
        json!([{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
                "Bool": {"aws:ViaSomething": "true"}}}]),
        json!([{"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::*:root"}, "Action": "*",
            "Resource": "*"}]),
    ] {
        let (count, why) = public(&denials);
        assert_eq!(count, 0, "{denials}");
        assert!(why.is_some_and(|why| why.contains("cannot decide")), "{denials}");
    }
}

#[test]
fn a_deny_counts_for_principals_of_other_accounts_too() {
    let outside = |deny: Json| {
        let allow = json!({"Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
        let document = json!({"Statement": [allow, deny]}).to_string();
        undecided::take_undecided();
        let source = "cross_account_principals(d, '111122223333').join(' ')";
        let Ok(cel::Value::String(names)) = evaluate_with_texts(source, &[("d", &document)]) else {
            panic!("{document}")
        };
        (names.to_string(), undecided::take_undecided().is_some())
    };
    let deny = |principal: Json, condition: Json| {
        json!({"Effect": "Deny", "Principal": principal, "Action": "s3:*", "Resource": "*",
            "Condition": condition})
    };
    let is_listed = ("444455556666".to_owned(), false);
    let is_not_listed = (String::new(), false);
    assert_eq!(outside(deny(json!("*"), json!({}))), is_not_listed);
    assert_eq!(outside(deny(json!({"AWS": "444455556666"}), json!({}))), is_not_listed);
    let unless_own = json!({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}});
    assert_eq!(outside(deny(json!("*"), unless_own)), is_not_listed);
    let unless_theirs = json!({"StringNotEquals": {"aws:PrincipalAccount": "444455556666"}});
    assert_eq!(outside(deny(json!("*"), unless_theirs)), is_listed);
    let role = json!({"AWS": "arn:aws:iam::444455556666:role/one"});
    assert_eq!(outside(deny(role, json!({}))), is_listed);
    let plain = json!({"Bool": {"aws:SecureTransport": "false"}});
    assert_eq!(outside(deny(json!("*"), plain)), is_listed);
    let office = json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}});
    assert_eq!(outside(deny(json!("*"), office)), is_listed);
    let organization = json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}});
    assert_eq!(outside(deny(json!("*"), organization)), (String::new(), true));
}

#[test]
fn a_deny_of_everything_removes_admin_statements() {
    let allow = "{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}";
    let deny = |action: &str, condition: &str| {
        format!(
            "{{'Effect': 'Deny', 'Action': '{action}', 'Resource': '*', 'Condition': {condition}}}"
        )
    };
    let mfa = "{'BoolIfExists': {'aws:MultiFactorAuthPresent': 'false'}}";
    assert_holds(&[
        &format!("admin_statements({{'Statement': [{allow}, {}]}}) == []", deny("*", "{}")),
        &format!("size(admin_statements({{'Statement': [{allow}, {}]}})) == 1", deny("s3:*", "{}")),
        &format!("size(admin_statements({{'Statement': [{allow}, {}]}})) == 1", deny("*", mfa)),
    ]);
}

/// The author of a bucket policy can make each comparison long. The step limit of a document must
/// keep the total cost below half of the budget.
#[test]
fn long_patterns_do_not_exceed_the_limit_of_a_document() {
    let patterns = |head: &str, tail: &str| {
        let list = (0..40).map(|n| format!("'arn:aws:s3:::b/*{head}{n}{}{tail}'", "?".repeat(40)));
        list.collect::<Vec<_>>().join(", ")
    };
    let source = format!(
        "public_statements({{'Statement': [
            {{'Effect': 'Allow', 'Principal': '*', 'Action': 's3:GetObject', 'Resource': [{}]}},
            {{'Effect': 'Deny', 'Principal': '*', 'Action': 's3:*', 'Resource': [{}],
              'Condition': {{'Bool': {{'aws:SecureTransport': 'false'}}}}}}]}}).size()",
        patterns("", "*c"),
        patterns("a", "")
    );
    evaluate_with_texts(&source, &[]).unwrap();
    assert!(
        budget::overdrawn_cost() < -50_000,
        "most of the budget is left: {}",
        budget::overdrawn_cost()
    );
}

#[test]
fn a_document_does_not_use_up_the_comparisons_of_the_next_document() {
    let denied = "{'Statement': [
        {'Effect': 'Allow', 'Principal': {'AWS': '444455556666'}, 'Action': 's3:Get*',
         'Resource': 'arn:aws:s3:::b/x*'},
        {'Effect': 'Deny', 'Principal': '*', 'Action': 's3:*', 'Resource': 'arn:aws:s3:::b/*'}]}";
    let long = "a?".repeat(4_000);
    // More comparisons than one document may use, as of an earlier document.
    for _ in 0..20 {
        patterns::patterns_overlap(&format!("*{long}c"), &format!("*{long}d"));
    }
    undecided::take_undecided();
    assert_holds(&[&format!("cross_account_principals({denied}, '111122223333') == []")]);
    assert_eq!(undecided::take_undecided(), None);
}
