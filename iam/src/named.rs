//! What a document names in full: accounts, organizations, networks and other values. A stranger has
//! none of them.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::accounts::distinguish_accounts;
use crate::answer::{Answer, UnknownReason};
use crate::evaluate::principals::is_account_id;
use crate::internet::find_internet_ranges;
use crate::model::document::{PolicyDocument, PrincipalName, Statement};
use crate::model::values::parse_range;
use crate::solver::pattern::Pattern;
use crate::surroundings::Surroundings;

/// The values that documents name in full.
#[derive(Clone, Debug, Default)]
pub(crate) struct NamedValues {
    /// The values of conditions without wildcards and variables, by key.
    values: BTreeMap<String, BTreeSet<String>>,
    /// All values of conditions, by key.
    written: BTreeMap<String, BTreeSet<String>>,
    /// The principals of the statements.
    pub(crate) principals: BTreeSet<PrincipalName>,
    /// The networks of `aws:SourceIp` that can belong to one owner.
    pub(crate) networks: Vec<IpNet>,
    /// The account IDs that occur anywhere in the documents, and those of the surroundings.
    accounts: BTreeSet<String>,
}

/// Condition keys whose value contains the account of the caller, or of the resource for which a
/// service calls.
pub(crate) const ACCOUNT_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourcevpcarn",
    "aws:userid",
    "aws:vpceaccount",
    "ec2:sourceinstancearn",
    "kms:calleraccount",
    "lambda:sourcefunctionarn",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

impl NamedValues {
    /// Collects the values of documents. The accounts of the surroundings are no strangers either.
    pub(crate) fn from_documents(
        documents: &[&PolicyDocument],
        surroundings: &Surroundings,
    ) -> Self {
        let mut named = NamedValues::default();
        named.accounts.extend(surroundings.account.clone());
        named.accounts.extend(surroundings.trusted_accounts.iter().cloned());
        for statement in documents.iter().flat_map(|document| document.statements()) {
            named.add_statement(statement);
        }
        named
    }

    fn add_statement(&mut self, statement: &Statement) {
        for name in statement.principals.iter().flat_map(|members| &members.listed) {
            if let PrincipalName::Aws(name) = name {
                self.add_accounts(name);
            }
            self.principals.insert(name.clone());
        }
        for condition in &statement.conditions {
            let key = condition.key.as_str();
            for written in &condition.written {
                self.add_accounts(written);
                self.written.entry(key.to_owned()).or_default().insert(written.clone());
                if !written.contains(['*', '?']) && !written.contains("${") {
                    self.values.entry(key.to_owned()).or_default().insert(written.clone());
                }
            }
            if key == "aws:sourceip" {
                self.networks.extend(owned_networks(&condition.written));
            }
        }
    }

    fn add_accounts(&mut self, text: &str) {
        let parts = text.split(|character: char| !character.is_ascii_digit());
        self.accounts.extend(parts.filter(|part| is_account_id(part)).map(str::to_owned));
    }

    /// Returns the values of a key that are named in full.
    pub(crate) fn values_of(&self, key: &str) -> impl Iterator<Item = &str> {
        self.values.get(key).into_iter().flatten().map(String::as_str)
    }

    /// Returns all values of a key, as written.
    pub(crate) fn written_values(&self, key: &str) -> impl Iterator<Item = &str> {
        self.written.get(key).into_iter().flatten().map(String::as_str)
    }

    /// Returns the IDs of the organizations that conditions name.
    pub(crate) fn organizations(&self) -> BTreeSet<&str> {
        let ids = ["aws:principalorgid", "aws:resourceorgid", "aws:sourceorgid", "aws:vpceorgid"];
        let paths = [
            "aws:principalorgpaths",
            "aws:resourceorgpaths",
            "aws:sourceorgpaths",
            "aws:vpceorgpaths",
        ];
        let of_paths = paths.iter().flat_map(|key| self.written_values(key));
        let of_paths = of_paths.filter_map(|path| path.split('/').next());
        let of_ids = ids.iter().flat_map(|key| self.values_of(key));
        of_ids
            .chain(of_paths.filter(|id| !id.contains(['*', '?', '$'])))
            .filter(|id| !id.is_empty())
            .collect()
    }

    /// Returns a name for a user or a role that the documents do not name.
    pub(crate) fn free_name(&self) -> String {
        let is_used = |name: &String| {
            let ending = format!("/{name}");
            let mut written = self.written.values().flatten();
            written.any(|value| value.ends_with(&ending))
                || self.principals.iter().any(|principal| match principal {
                    PrincipalName::Aws(arn) => {
                        arn.ends_with(&ending) || arn.contains(&format!("{ending}/"))
                    }
                    _ => false,
                })
        };
        let numbered = (1_u32..).map(|number| format!("x{number}"));
        let mut names = std::iter::once("x".to_owned()).chain(numbered);
        names.find(|name| !is_used(name)).unwrap_or_default()
    }

    /// Returns the users, roles and sessions of an account that the documents name.
    pub(crate) fn principals_of(&self, account: &str) -> BTreeSet<String> {
        let is_own = |arn: &&str| {
            let mut parts = arn.splitn(6, ':').skip(4);
            parts.next() == Some(account) && parts.next().is_some_and(|rest| rest != "root")
        };
        let principals = self.principals.iter().filter_map(|principal| match principal {
            PrincipalName::Aws(arn) => Some(arn.as_str()),
            _ => None,
        });
        let of_conditions = self.values_of("aws:principalarn");
        principals.chain(of_conditions).filter(is_own).map(str::to_owned).collect()
    }

    /// Returns whether the documents name an account.
    pub(crate) fn has_account(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    /// Returns account IDs that the documents do not name: the usual one, and one for each set of
    /// patterns of accounts that match it.
    pub(crate) fn stranger_accounts(&self) -> Vec<String> {
        let mut all = self.distinguished_accounts().unwrap_or_default();
        all.insert(0, self.stranger_account());
        all
    }

    /// Limits an answer: a no is not certain if the patterns distinguish too many accounts.
    pub(crate) fn limit_answer(&self, answer: Answer) -> Answer {
        answer.or_else(|| match self.distinguished_accounts() {
            Some(_) => Answer::No,
            None => Answer::Unknown(BTreeSet::from([UnknownReason::TooComplex])),
        })
    }

    /// Returns an account ID for each set of patterns of accounts, without those that are named.
    fn distinguished_accounts(&self) -> Option<Vec<String>> {
        let values = ACCOUNT_KEYS.iter().flat_map(|key| self.written_values(key));
        let parts = values.map(|value| {
            if value.starts_with("arn:") { value.split(':').nth(4).unwrap_or("*") } else { value }
        });
        let patterns: BTreeSet<Pattern> = parts
            .filter(|part| part.contains(['*', '?']) && *part != "*" && !part.contains("${"))
            .map(Pattern::like)
            .collect();
        if patterns.is_empty() {
            return Some(Vec::new());
        }
        distinguish_accounts(&patterns.into_iter().collect::<Vec<_>>(), &self.accounts)
    }

    /// Returns an account ID that the documents do not name.
    pub(crate) fn stranger_account(&self) -> String {
        const FIRST: u64 = 999_988_887_777;
        let mut numbers = (0..=FIRST).rev().map(|number| format!("{number:012}"));
        numbers.find(|account| !self.has_account(account)).unwrap_or_default()
    }
}

/// Returns the ranges of a condition that can belong to one owner: those that do not cover the
/// Internet, alone or together.
fn owned_networks(written: &[String]) -> Vec<IpNet> {
    let texts: Vec<&str> = written.iter().map(String::as_str).collect();
    let open = find_internet_ranges(&texts);
    texts.iter().filter(|text| !open.contains(text)).filter_map(|text| parse_range(text)).collect()
}
