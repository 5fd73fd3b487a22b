//! What the records of several OCSF classes have.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

/// The version of the schema that is written.
pub const VERSION: &str = "1.8.0";

/// Which schema a record follows, and whose product wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata<'a> {
    /// The version of the schema.
    pub version: Cow<'a, str>,
    /// The product.
    pub product: Product<'a>,
    /// The profiles of the schema that are used.
    pub profiles: Vec<Cow<'a, str>>,
    /// The record's own id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uuid>,
}

impl Metadata<'_> {
    /// That of a record of ours.
    pub fn new(uid: Option<Uuid>) -> Self {
        let product =
            Product { name: Cow::Borrowed("Evenkeel"), vendor_name: Cow::Borrowed("Evenkeel") };
        Metadata {
            version: Cow::Borrowed(VERSION),
            product,
            profiles: vec![Cow::Borrowed("cloud")],
            uid,
        }
    }
}

/// The product that wrote a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Product<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Who makes it.
    pub vendor_name: Cow<'a, str>,
}

/// Where a record's resources are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cloud<'a> {
    /// `AWS`.
    pub provider: Cow<'a, str>,
    /// The account.
    pub account: Account<'a>,
    /// The Region.
    pub region: Cow<'a, str>,
}

impl<'a> Cloud<'a> {
    /// An account and a Region of AWS.
    pub fn aws(account: &'a str, region: &'a str) -> Self {
        Cloud {
            provider: Cow::Borrowed("AWS"),
            account: Account::aws(account),
            region: Cow::Borrowed(region),
        }
    }
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account<'a> {
    /// Its number.
    pub uid: Cow<'a, str>,
    /// 10: of AWS.
    pub type_id: u8,
    /// `AWS Account`.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
}

impl<'a> Account<'a> {
    /// An account of AWS.
    pub fn aws(uid: &'a str) -> Self {
        Account { uid: Cow::Borrowed(uid), type_id: 10, kind: Cow::Borrowed("AWS Account") }
    }
}
