//! The actors of a generated trail: roles, services and a few users, each with a session.

use super::random::Random;
use super::template::{Setting, fill};

/// An account of the organization, and its actors.
pub(crate) struct Account {
    pub(crate) id: String,
    actors: Vec<Actor>,
}

/// The fields of a record that describe an actor.
pub(crate) struct Actor {
    /// The value of `userIdentity`.
    pub(crate) identity: String,
    /// The fields `sourceIPAddress` and `userAgent`.
    pub(crate) origin: String,
    /// True if the calls come from outside of AWS, over TLS.
    pub(crate) outside: bool,
    kind: usize,
}

/// A kind of actor: its relative frequency, and templates of its identity and origin.
struct Kind {
    weight: u64,
    identity: &'static str,
    origin: &'static str,
    outside: bool,
}

const ACTORS_PER_ACCOUNT: usize = 30;

static KINDS: [Kind; 6] = [
    Kind {
        weight: 45,
        identity: r#"{"type":"AssumedRole","principalId":"<role-id>:<session>","arn":"arn:aws:sts::<account>:assumed-role/<role>/<session>","accountId":"<account>","accessKeyId":"ASIA<base32-16>","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"<role-id>","arn":"arn:aws:iam::<account>:role/<role>","accountId":"<account>","userName":"<role>"},"attributes":{"creationDate":"<time>","mfaAuthenticated":"false"},"ec2RoleDelivery":"2.0"}}"#,
        origin: r#""sourceIPAddress":"<address>","userAgent":"aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.2 md/GOOS#linux md/GOARCH#arm64 api/service#1.<number> m/E,Z,e""#,
        outside: true,
    },
    Kind {
        weight: 20,
        identity: r#"{"type":"AssumedRole","principalId":"<role-id>:<session>","arn":"arn:aws:sts::<account>:assumed-role/<role>/<session>","accountId":"<account>","accessKeyId":"ASIA<base32-16>","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"<role-id>","arn":"arn:aws:iam::<account>:role/<role>","accountId":"<account>","userName":"<role>"},"webIdFederationData":{"federatedProvider":"arn:aws:iam::<account>:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/<hex32>","attributes":{}},"attributes":{"creationDate":"<time>","mfaAuthenticated":"false"}}}"#,
        origin: r#""sourceIPAddress":"<address>","userAgent":"Boto3/1.37.<number> md/Botocore#1.37.23 ua/2.1 os/linux#6.1.128 md/arch#aarch64 lang/python#3.13.2 md/pyimpl#CPython cfg/retry-mode#standard""#,
        outside: true,
    },
    Kind {
        weight: 15,
        identity: r#"{"type":"AssumedRole","principalId":"<role-id>:<session>","arn":"arn:aws:sts::<account>:assumed-role/AWSServiceRoleForConfig/<session>","accountId":"<account>","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"<role-id>","arn":"arn:aws:iam::<account>:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig","accountId":"<account>","userName":"AWSServiceRoleForConfig"},"attributes":{"creationDate":"<time>","mfaAuthenticated":"false"}},"invokedBy":"config.amazonaws.com"}"#,
        origin: r#""sourceIPAddress":"config.amazonaws.com","userAgent":"config.amazonaws.com""#,
        outside: false,
    },
    Kind {
        weight: 12,
        identity: r#"{"type":"AWSService","invokedBy":"autoscaling.amazonaws.com"}"#,
        origin: r#""sourceIPAddress":"autoscaling.amazonaws.com","userAgent":"autoscaling.amazonaws.com""#,
        outside: false,
    },
    Kind {
        weight: 5,
        identity: r#"{"type":"AssumedRole","principalId":"<role-id>:<session>@example.com","arn":"arn:aws:sts::<account>:assumed-role/AWSReservedSSO_Developer_73e2d6bc24f0a1b9/<session>@example.com","accountId":"<account>","accessKeyId":"ASIA<base32-16>","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"<role-id>","arn":"arn:aws:iam::<account>:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Developer_73e2d6bc24f0a1b9","accountId":"<account>","userName":"AWSReservedSSO_Developer_73e2d6bc24f0a1b9"},"attributes":{"creationDate":"<time>","mfaAuthenticated":"true"}}}"#,
        origin: r#""sourceIPAddress":"198.51.100.<hex1>","userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36""#,
        outside: true,
    },
    Kind {
        weight: 3,
        identity: r#"{"type":"IAMUser","principalId":"AIDA<base32-16>","arn":"arn:aws:iam::<account>:user/<role>","accountId":"<account>","accessKeyId":"AKIA<base32-16>","userName":"<role>"}"#,
        origin: r#""sourceIPAddress":"203.0.113.7","userAgent":"APN/1.0 HashiCorp/1.0 Terraform/1.11.3 (+https://www.terraform.io) terraform-provider-aws/5.93.0 (+https://registry.terraform.io/providers/hashicorp/aws)""#,
        outside: true,
    },
];

impl Account {
    pub(crate) fn new(random: &mut Random) -> Account {
        let id = format!("{:012}", random.below(1_000_000_000_000));
        let setting = Setting { account: &id, region: "", time: "2026-03-01T00:00:00Z" };
        let weights = || KINDS.iter().map(|kind| kind.weight);
        let actors = (0..ACTORS_PER_ACCOUNT)
            .map(|_| Actor::new(weighted(weights(), random), setting, random))
            .collect();
        Account { id, actors }
    }

    /// Returns a random actor, for some calls with a new session. The distribution is uneven: a few
    /// actors make most of the calls.
    pub(crate) fn actor(&mut self, time: &str, random: &mut Random) -> Option<&Actor> {
        let draws = [random.index(self.actors.len()), random.index(self.actors.len())];
        let place = draws.into_iter().min()?;
        let actor = self.actors.get_mut(place)?;
        if random.chance(20) {
            let setting = Setting { account: &self.id, region: "", time };
            *actor = Actor::new(actor.kind, setting, random);
        }
        Some(actor)
    }
}

impl Actor {
    fn new(kind: usize, setting: Setting<'_>, random: &mut Random) -> Actor {
        let (mut identity, mut origin) = (String::new(), String::new());
        let mut outside = false;
        if let Some(kind) = KINDS.get(kind) {
            let mut made = |blank: &str| {
                let mut text = String::new();
                fill(blank, setting, random, &mut text);
                text
            };
            let template = kind
                .identity
                .replace("<role>", &made("<name>"))
                .replace("<role-id>", &made("AROA<base32-16>"))
                .replace("<session>", &made("i-<hex17>"));
            fill(&template, setting, random, &mut identity);
            fill(kind.origin, setting, random, &mut origin);
            outside = kind.outside;
        }
        Actor { identity, origin, outside, kind }
    }
}

/// Returns the index of a random weight. The probability is proportional to the weight.
pub(crate) fn weighted(weights: impl Iterator<Item = u64> + Clone, random: &mut Random) -> usize {
    let total = weights.clone().fold(0_u64, u64::saturating_add);
    let mut left = random.below(total);
    for (place, weight) in weights.enumerate() {
        match left.checked_sub(weight) {
            Some(rest) => left = rest,
            None => return place,
        }
    }
    0
}
