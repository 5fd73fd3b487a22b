//! Trust of identity providers that many organizations share.

use evenkeel_iam::{
    Decision, StatementAnswer, Surroundings, decide_request, join_answers, open_trust_statements,
};
use serde_json::{Map, Value, json};

use super::support::Who::Token;
use super::support::{Case, Expected, NO, check, document, yes};

const OPEN: Expected = yes(Token, "sts:AssumeRoleWithWebIdentity", "*");

fn check_trust(cases: &[Case]) {
    check(cases, |document| {
        join_answers(&open_trust_statements(document, &Surroundings::default()))
    });
}

/// Returns the ARN of a provider of the account.
fn provider(issuer: &str) -> String {
    format!("arn:aws:iam::111122223333:oidc-provider/{issuer}")
}

/// A statement that trusts a provider, with conditions.
fn trust(provider: &str, condition: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition})
}

/// A condition with one operator and one key.
fn when(operator: &str, key: &str, value: &Value) -> Value {
    let mut keys = Map::new();
    keys.insert(key.to_owned(), value.clone());
    json!({operator: keys})
}

/// A shared provider: its name in a statement, the key that fixes the tenant, values that fix it, and
/// values that do not.
struct Shared {
    name: &'static str,
    key: &'static str,
    fixed: &'static [&'static str],
    open: &'static [&'static str],
    /// A condition on another claim.
    other: (&'static str, &'static str),
}

const SHARED: &[Shared] = &[
    Shared {
        name: "token.actions.githubusercontent.com",
        key: "token.actions.githubusercontent.com:sub",
        fixed: &[
            "repo:example/app:ref:refs/heads/main",
            "repo:example/*",
            "repo:example@4711/app@4712:environment:prod",
            "repository_owner:example:repository_visibility:private",
        ],
        open: &[
            "*",
            "repo:*",
            "repo:example*",
            "repo:?*/app:*",
            "repo:exam?le/app:*",
            "repo:*/app:ref:refs/heads/main",
            "*:environment:prod",
        ],
        other: ("token.actions.githubusercontent.com:aud", "sts.amazonaws.com"),
    },
    Shared {
        name: "vstoken.actions.githubusercontent.com",
        key: "vstoken.actions.githubusercontent.com:sub",
        fixed: &["repo:example/*"],
        open: &["repo:example*", "repo:*"],
        other: ("vstoken.actions.githubusercontent.com:aud", "sts.amazonaws.com"),
    },
    Shared {
        name: "oidc-configuration.audit-log.githubusercontent.com",
        key: "oidc-configuration.audit-log.githubusercontent.com:sub",
        fixed: &["https://github.com/example"],
        open: &["https://github.com/*", "https://github.com/example*", "https://*/example"],
        other: ("oidc-configuration.audit-log.githubusercontent.com:aud", "sts.amazonaws.com"),
    },
    Shared {
        name: "gitlab.com",
        key: "gitlab.com:sub",
        fixed: &["project_path:example/app:ref_type:branch:ref:main", "project_path:example/*"],
        open: &["project_path:example*", "project_path:*", "*:ref_type:branch:ref:main"],
        other: ("gitlab.com:aud", "https://gitlab.com"),
    },
    Shared {
        name: "app.terraform.io",
        key: "app.terraform.io:sub",
        fixed: &[
            "organization:example:project:p:workspace:w:run_phase:apply",
            "organization:example:*",
        ],
        open: &["organization:example*", "organization:*:workspace:w:run_phase:*", "*"],
        other: ("app.terraform.io:aud", "aws.workload.identity"),
    },
    Shared {
        name: "agent.buildkite.com",
        key: "agent.buildkite.com:sub",
        fixed: &["organization:example:pipeline:p:*"],
        open: &["organization:example*", "organization:*:pipeline:p:*"],
        other: ("agent.buildkite.com:aud", "sts.amazonaws.com"),
    },
    Shared {
        name: "oidc.vercel.com",
        key: "oidc.vercel.com:sub",
        fixed: &["owner:example:project:*:environment:production"],
        open: &["owner:example*", "owner:*:project:app:environment:production"],
        other: ("oidc.vercel.com:environment", "production"),
    },
    Shared {
        name: "oidc.vercel.com",
        key: "oidc.vercel.com:aud",
        fixed: &["https://vercel.com/example"],
        open: &["https://vercel.com/*", "https://vercel.com/example*"],
        other: ("oidc.vercel.com:environment", "production"),
    },
    Shared {
        name: "oidc.codefresh.io",
        key: "oidc.codefresh.io:sub",
        fixed: &["account:64f0:pipeline:p:*"],
        open: &["account:64f0*", "account:*:pipeline:p:*"],
        other: ("oidc.codefresh.io:aud", "https://g.codefresh.io"),
    },
    Shared {
        name: "scalr.io",
        key: "scalr.io:sub",
        fixed: &["account:example:environment:e:workspace:*"],
        open: &["account:example*", "account:?*:environment:e:*"],
        other: ("scalr.io:aud", "aws.scalr-run-workload"),
    },
    Shared {
        name: "tokens.cloud.shisho.dev",
        key: "tokens.cloud.shisho.dev:sub",
        fixed: &["job:example:*"],
        open: &["job:example*", "job:*"],
        other: ("tokens.cloud.shisho.dev:aud", "sts.amazonaws.com"),
    },
    Shared {
        name: "studio.datachain.ai/api",
        key: "studio.datachain.ai/api:sub",
        fixed: &["credentials:example/data"],
        open: &["credentials:example*", "credentials:*/data"],
        other: ("studio.datachain.ai/api:aud", "sts.amazonaws.com"),
    },
    Shared {
        name: "proidc.upbound.io",
        key: "proidc.upbound.io:sub",
        fixed: &["mcp:example/plane:provider:provider-aws", "mcp:example/*"],
        open: &["mcp:example*", "mcp:*/plane:provider:provider-aws"],
        other: ("proidc.upbound.io:aud", "sts.amazonaws.com"),
    },
    Shared {
        name: "api.pulumi.com/oidc",
        key: "api.pulumi.com/oidc:aud",
        fixed: &["aws:example", "example"],
        open: &["aws:*", "aws:example*", "*"],
        other: ("api.pulumi.com/oidc:role", "deploy"),
    },
    Shared {
        name: "api.pulumi.com/oidc",
        key: "api.pulumi.com/oidc:sub",
        fixed: &["pulumi:deploy:org:example:project:p:*"],
        open: &["pulumi:deploy:org:example*", "pulumi:deploy:org:*:project:p:*"],
        other: ("api.pulumi.com/oidc:role", "deploy"),
    },
    Shared {
        name: "sandboxes.cloud",
        key: "sandboxes.cloud:aud",
        fixed: &["example"],
        open: &["*", "example*"],
        other: ("sandboxes.cloud:sub", "job"),
    },
    Shared {
        name: "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/",
        key: "sts:RoleSessionName",
        fixed: &["MicrosoftSentinel_0f0e0d0c"],
        open: &["MicrosoftSentinel_*", "*"],
        other: (
            "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/:aud",
            "api://1462b192-27f7-4cb9-8523-0f4ecb54b47e",
        ),
    },
];

#[test]
fn a_claim_with_the_whole_name_of_the_tenant_closes_the_trust() {
    for shared in SHARED {
        for value in shared.fixed {
            let condition = when("StringLike", shared.key, &json!(value));
            check_trust(&[(value, trust(&provider(shared.name), &condition), NO)]);
        }
        let all = when("StringLike", shared.key, &json!(shared.fixed));
        check_trust(&[("all values", trust(&provider(shared.name), &all), NO)]);
    }
}

#[test]
fn a_claim_with_a_part_of_the_name_leaves_the_trust_open() {
    for shared in SHARED {
        for value in shared.open {
            let condition = when("StringLike", shared.key, &json!(value));
            check_trust(&[(value, trust(&provider(shared.name), &condition), OPEN)]);
            let mut values: Vec<&str> = shared.fixed.to_vec();
            values.push(value);
            let condition = when("StringLike", shared.key, &json!(values));
            check_trust(&[("and a whole name", trust(&provider(shared.name), &condition), OPEN)]);
        }
    }
}

#[test]
fn another_claim_leaves_the_trust_open() {
    for shared in SHARED {
        let (key, value) = shared.other;
        let condition = when("StringEquals", key, &json!(value));
        let arn = provider(shared.name);
        check_trust(&[
            ("no condition", trust(&arn, &json!({})), OPEN),
            ("another claim", trust(&arn, &condition), OPEN),
            (
                "a claim of another provider",
                trust(&arn, &when("StringNotEquals", "idp.example.com:sub", &json!("x"))),
                OPEN,
            ),
        ]);
    }
}

#[test]
fn a_built_in_provider_is_shared() {
    let cases = [
        (
            "cognito-identity.amazonaws.com",
            "cognito-identity.amazonaws.com:aud",
            "eu-west-1:0f0e0d0c",
        ),
        ("accounts.google.com", "accounts.google.com:aud", "4711.apps.googleusercontent.com"),
        ("accounts.google.com", "accounts.google.com:sub", "108231234567890123456"),
        ("graph.facebook.com", "graph.facebook.com:app_id", "4711"),
        ("www.amazon.com", "www.amazon.com:app_id", "amzn1.application.4711"),
    ];
    for (name, key, value) in cases {
        check_trust(&[
            ("fixed", trust(name, &when("StringEquals", key, &json!(value))), NO),
            ("no condition", trust(name, &json!({})), OPEN),
            ("any value", trust(name, &when("StringLike", key, &json!("*"))), OPEN),
            ("a part", trust(name, &when("StringLike", key, &json!(format!("{value}*")))), OPEN),
        ]);
    }
    let signed_in = when(
        "ForAnyValue:StringLike",
        "cognito-identity.amazonaws.com:amr",
        &json!("authenticated"),
    );
    check_trust(&[(
        "signed in anywhere",
        trust("cognito-identity.amazonaws.com", &signed_in),
        OPEN,
    )]);
}

const GITHUB: &str = "token.actions.githubusercontent.com";
const SUBJECT: &str = "token.actions.githubusercontent.com:sub";

#[test]
fn other_claims_of_github_fix_the_tenant() {
    let key = |claim: &str| format!("{GITHUB}:{claim}");
    let equals = |claim: &str, value: &str| {
        trust(&provider(GITHUB), &when("StringEquals", &key(claim), &json!(value)))
    };
    check_trust(&[
        ("owner's ID", equals("repository_owner_id", "4711"), NO),
        ("repository's ID", equals("repository_id", "4712"), NO),
        ("repository", equals("repository", "example/app"), NO),
        ("actor", equals("actor", "ann"), OPEN),
        ("branch", equals("ref", "refs/heads/main"), OPEN),
        ("environment", equals("environment", "prod"), OPEN),
        ("workflow", equals("workflow", "deploy"), OPEN),
    ]);
}

#[test]
fn operators_are_read_as_they_work() {
    let with = |operator: &str, value: &str| {
        trust(&provider(GITHUB), &when(operator, SUBJECT, &json!(value)))
    };
    check_trust(&[
        ("equal", with("StringEquals", "repo:example/app:ref:refs/heads/main"), NO),
        ("for any value", with("ForAnyValue:StringLike", "repo:example/*"), NO),
        ("a token has a subject", with("ForAllValues:StringLike", "repo:example/*"), NO),
        ("a token has a subject, again", with("StringLikeIfExists", "repo:example/*"), NO),
        ("anything but", with("StringNotLike", "repo:mallory/*"), OPEN),
        ("a subject", with("Null", "false"), OPEN),
        (
            "key in other case",
            trust(
                &provider(GITHUB),
                &when(
                    "StringLike",
                    "Token.Actions.GitHubUserContent.com:Sub",
                    &json!("repo:example/*"),
                ),
            ),
            NO,
        ),
    ]);
}

#[test]
fn a_deny_can_close_the_trust() {
    let audience = when(
        "StringEquals",
        "token.actions.githubusercontent.com:aud",
        &json!("sts.amazonaws.com"),
    );
    let deny = |operator: &str, value: &str| {
        json!({"Effect": "Deny", "Principal": {"Federated": provider(GITHUB)},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": when(operator, SUBJECT, &json!(value))})
    };
    let open = || trust(&provider(GITHUB), &audience);
    check_trust(&[
        ("all others", json!([open(), deny("StringNotLike", "repo:example/*")]), NO),
        ("one stranger", json!([open(), deny("StringLike", "repo:mallory/*")]), OPEN),
        ("all with a longer name", json!([open(), deny("StringNotLike", "repo:example*")]), OPEN),
    ]);
}

#[test]
fn a_provider_of_one_organization_is_not_shared() {
    for name in [
        "oidc.eks.eu-west-1.amazonaws.com/id/0F0E0D0C",
        "oidc.circleci.com/org/0f0e0d0c",
        "token.actions.githubusercontent.com/example",
        "oidc.vercel.com/example",
        "api.bitbucket.org/2.0/workspaces/example/pipelines-config/identity/oidc",
        "gitlab.example.com",
        "sts.windows.net/0f0e0d0c-0b0a-0908-0706-050403020100/",
        "mygitlab.com",
    ] {
        check_trust(&[(name, trust(&provider(name), &json!({})), NO)]);
    }
    let saml = "arn:aws:iam::111122223333:saml-provider/example";
    check_trust(&[("SAML", trust(saml, &json!({})), NO)]);
}

#[test]
fn a_provider_is_found_in_every_partition_and_list() {
    let subject = when("StringLike", SUBJECT, &json!("repo:example*"));
    let government = format!("arn:aws-us-gov:iam::111122223333:oidc-provider/{GITHUB}");
    let list = json!({"Effect": "Allow", "Principal": {"Federated":
        [provider("oidc.circleci.com/org/0f0e0d0c"), provider(GITHUB)]},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"], "Condition": subject});
    check_trust(&[
        ("another partition", trust(&government, &subject), OPEN),
        ("one of two providers", list, OPEN),
    ]);
}

#[test]
fn only_the_open_statement_is_named() {
    let statement = |name: &str, subject: &str| {
        trust(&provider(name), &when("StringLike", &format!("{name}:sub"), &json!(subject)))
    };
    let document = document(&json!([
        statement(GITHUB, "repo:example/*"),
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
        statement("gitlab.com", "project_path:*"),
        {"Effect": "Deny", "Principal": {"Federated": provider("gitlab.com")},
            "Action": "sts:TagSession"},
    ]));
    let found = open_trust_statements(&document, &Surroundings::default());
    assert_eq!(found.iter().map(|one| one.statement).collect::<Vec<_>>(), [2]);
}

#[test]
fn the_witness_is_allowed_by_the_statement_that_is_named() {
    let condition = json!({"StringEquals":
        {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}});
    let open = trust(&provider(GITHUB), &condition);
    let all = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:*"});
    let found = open_trust_statements(&document(&json!([open, all])), &Surroundings::default());
    let [StatementAnswer { statement: 0, answer }] = &found[..] else { panic!("{found:?}") };
    let request = &answer.witness().unwrap().request;
    assert_eq!(decide_request(&document(&json!([open])), request), Decision::Allowed);
}

#[test]
fn a_token_has_no_claims_of_another_provider() {
    let condition = when("StringLike", SUBJECT, &json!("repo:example/*"));
    let both = json!({"Effect": "Allow", "Principal": {"Federated":
        [provider(GITHUB), provider("gitlab.com")]},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition});
    let other = trust(&provider(GITHUB), &when("StringLike", "gitlab.com:sub", &json!("*")));
    check_trust(&[("one of two issuers", both, NO), ("another issuer", other, NO)]);
}
