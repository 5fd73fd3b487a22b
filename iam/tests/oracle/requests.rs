//! Random requests. The condition keys of a request are possible for its caller.
//!
//! Source: AWS IAM User Guide, "AWS global condition context keys".

use std::collections::BTreeMap;

use evenkeel_iam::{Caller, Request};

use crate::documents::{DocumentKind, Sample};
use crate::random::Random;
use crate::vocabulary::{
    CANONICAL, KEYS, Key, KeyKind, OTHER, OWN, PROVIDER, SERVICE_NAMES, STRANGERS,
};

/// The organizations of callers. The last one is none.
const ORGANIZATIONS: [&str; 4] = ["o-a1b2c3d4e5", "o-zzzzzzzzzz", "o-qqqqqqqqqq", ""];
/// The accounts for whose resources services call.
const SOURCE_ACCOUNTS: [&str; 4] = [OWN, OTHER, STRANGERS[0], STRANGERS[1]];

/// Returns a random request to a service of a document.
pub(crate) fn random_request(sample: &Sample, random: &mut Random) -> Request {
    let service = *random.pick(&sample.services);
    let (actions, resources) = random.pick(service.requests);
    let caller = random_caller(sample.kind, random);
    let &organization = random.pick(&ORGANIZATIONS);
    let &source_account = random.pick(&SOURCE_ACCOUNTS);
    let mut maker = ContextMaker {
        from_endpoint: caller != Caller::Anonymous && random.chance(30),
        organization,
        source_account,
        caller: &caller,
        random,
    };
    let mut context = BTreeMap::new();
    for key in KEYS {
        let name = key.name.to_ascii_lowercase();
        if let Some(values) = maker.values_of(&name, key) {
            context.insert(name, values);
        }
    }
    let action = (*random.pick(actions)).to_owned();
    let resource = (*random.pick(resources)).to_owned();
    Request { caller, action, resource, context }
}

fn random_caller(kind: DocumentKind, random: &mut Random) -> Caller {
    if kind == DocumentKind::Trust && random.chance(50) {
        return Caller::Federated(PROVIDER.to_owned());
    }
    let is_identity = kind == DocumentKind::Identity;
    match random.below(20) {
        0..=2 if !is_identity => Caller::Anonymous,
        3 | 4 if !is_identity => Caller::Service((*random.pick(SERVICE_NAMES)).to_owned()),
        5 if !is_identity => Caller::CanonicalUser(CANONICAL.to_owned()),
        _ => {
            let account = *random.pick(&[OWN, OWN, OTHER, OTHER, STRANGERS[0], STRANGERS[1]]);
            let names = ["role/x", "role/app", "user/jo", "user/ann", "user/x", "role/p/q"];
            let name = random.pick(&names);
            Caller::Identity { arn: format!("arn:aws:iam::{account}:{name}") }
        }
    }
}

/// Returns the name of an IAM user.
pub(crate) fn user_name(caller: &Caller) -> Option<&str> {
    let Caller::Identity { arn } = caller else { return None };
    arn.split_once(":user/").map(|(_, name)| name)
}

struct ContextMaker<'r> {
    from_endpoint: bool,
    /// The organization of the caller; empty if it has none.
    organization: &'static str,
    /// The account for whose resource a service calls.
    source_account: &'static str,
    caller: &'r Caller,
    random: &'r mut Random,
}

impl ContextMaker<'_> {
    /// Returns the values of a key. The result is `None` if the request does not have it.
    fn values_of(&mut self, name: &str, key: &Key) -> Option<Vec<String>> {
        let is_public = matches!(self.caller, Caller::Anonymous | Caller::Identity { .. });
        // A token of an identity provider belongs to no organization.
        let may_have_tenant =
            !matches!(self.caller, Caller::Anonymous | Caller::Service(_) | Caller::Federated(_));
        match name {
            "aws:principalorgpaths" if may_have_tenant => self.organization_path(),
            "aws:principalorgpaths" | "aws:principalorgid" | "aws:multifactorauthpresent"
                if !may_have_tenant =>
            {
                None
            }
            // A request of a service has no key of a network.
            "aws:sourceip" | "aws:sourcevpc" | "aws:sourcevpce" | "aws:vpcsourceip"
                if matches!(self.caller, Caller::Service(_)) =>
            {
                None
            }
            "aws:sourceip" if self.from_endpoint && is_public => None,
            "aws:sourceip" if is_public => self.any_of(key, 0),
            "aws:sourcevpc" | "aws:sourcevpce" | "aws:vpcsourceip" if !self.from_endpoint => None,
            "aws:sourcevpc"
            | "aws:sourcevpce"
            | "aws:vpcsourceip"
            | "aws:securetransport"
            | "aws:viaawsservice"
            | "aws:currenttime"
            | "aws:epochtime"
            | "aws:requestedregion" => self.any_of(key, 0),
            _ if key.given.is_empty() => self.caller_value(name).map(|value| vec![value]),
            _ => self.any_of(key, 40),
        }
    }

    /// Returns the value of a key that follows from the caller.
    fn caller_value(&mut self, name: &str) -> Option<String> {
        if let Caller::Service(service) = self.caller {
            return self.service_value(name, service);
        }
        let is_anonymous = *self.caller == Caller::Anonymous;
        match name {
            "aws:principalarn" => match self.caller {
                Caller::Identity { arn } => Some(arn.clone()),
                _ => None,
            },
            "aws:principalaccount" | "kms:calleraccount" if is_anonymous => {
                Some("anonymous".to_owned())
            }
            "aws:principalaccount" | "kms:calleraccount" => {
                self.caller.account().map(str::to_owned)
            }
            "aws:principalorgid" => Some(self.organization.to_owned()).filter(|id| !id.is_empty()),
            "aws:principaltype" => self.principal_type().map(str::to_owned),
            "aws:principalisawsservice" => (!is_anonymous).then(|| "false".to_owned()),
            "aws:userid" => self.user_id(),
            "aws:username" => user_name(self.caller).map(str::to_owned),
            name => self.token_value(name),
        }
    }

    fn service_value(&mut self, name: &str, service: &str) -> Option<String> {
        match name {
            "aws:principalisawsservice" => Some("true".to_owned()),
            "aws:principalservicename" => Some(service.to_owned()),
            "aws:sourceaccount" => self.random.chance(80).then(|| self.source_account.to_owned()),
            "aws:sourcearn" => Some(self.source_arn()),
            _ => None,
        }
    }

    fn organization_path(&mut self) -> Option<Vec<String>> {
        let ends = ["r-ab12/ou-ab12-1/", "r-ab12/ou-x/", "r-q/ou-q/ou-r/"];
        let end = self.random.pick(&ends);
        let path = format!("{}/{end}", self.organization);
        (!self.organization.is_empty()).then(|| vec![path])
    }

    fn any_of(&mut self, key: &Key, absent_percent: usize) -> Option<Vec<String>> {
        if self.random.chance(absent_percent) {
            return None;
        }
        let most = if key.kind == KeyKind::Several { 3 } else { 1 };
        let mut values: Vec<String> =
            self.random.pick_some(key.given, most).into_iter().map(str::to_owned).collect();
        values.sort_unstable();
        values.dedup();
        Some(values)
    }

    fn principal_type(&self) -> Option<&'static str> {
        match self.caller {
            Caller::Anonymous => Some("Anonymous"),
            Caller::Identity { .. } if user_name(self.caller).is_some() => Some("User"),
            Caller::Identity { .. } => Some("AssumedRole"),
            _ => None,
        }
    }

    fn user_id(&mut self) -> Option<String> {
        let id = match self.caller {
            Caller::Anonymous => "anonymous",
            Caller::Identity { .. } if user_name(self.caller).is_some() => {
                self.random.pick(&["AIDA1", "AIDA2"])
            }
            Caller::Identity { .. } => self.random.pick(&["AROA1:sess", "AROA1:jo", "AROA2:jo"]),
            _ => return None,
        };
        Some(id.to_owned())
    }

    fn source_arn(&mut self) -> String {
        let account = self.source_account;
        match self.random.below(4) {
            0 => "arn:aws:s3:::b".to_owned(),
            1 => "arn:aws:s3:::bucket-7".to_owned(),
            2 => format!("arn:aws:sns:us-east-1:{account}:t"),
            _ => format!("arn:aws:cloudtrail:us-east-1:{account}:trail/x"),
        }
    }

    fn token_value(&mut self, name: &str) -> Option<String> {
        let subjects = [
            "repo:example/app:ref:refs/heads/main",
            "repo:evil/app:ref:refs/heads/main",
            "repo:example-2/app:pull_request",
        ];
        let is_token = name.starts_with("token.") && matches!(self.caller, Caller::Federated(_));
        let is_subject = name.ends_with(":sub");
        let value = if is_subject { *self.random.pick(&subjects) } else { "sts.amazonaws.com" };
        is_token.then(|| value.to_owned())
    }
}
