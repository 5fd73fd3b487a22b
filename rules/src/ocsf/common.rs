//! What the records of several OCSF classes have.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

/// The version of the schema that is written.
pub const SCHEMA_VERSION: &str = "1.8.0";

/// Which schema a record follows, and whose product wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OcsfMetadata<'a> {
    /// The version of the schema.
    pub version: Cow<'a, str>,
    /// The product.
    pub product: OcsfProduct<'a>,
    /// The profiles of the schema that are used.
    pub profiles: Vec<Cow<'a, str>>,
    /// The record's own id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uuid>,
}

impl OcsfMetadata<'_> {
    /// That of a record of ours.
    pub fn new(uid: Option<Uuid>) -> Self {
        let product =
            OcsfProduct { name: Cow::Borrowed("Evenkeel"), vendor_name: Cow::Borrowed("Evenkeel") };
        OcsfMetadata {
            version: Cow::Borrowed(SCHEMA_VERSION),
            product,
            profiles: vec![Cow::Borrowed("cloud")],
            uid,
        }
    }
}

/// The product that wrote a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OcsfProduct<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Who makes it.
    pub vendor_name: Cow<'a, str>,
}

/// Where a record's resources are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OcsfCloud<'a> {
    /// `AWS`.
    pub provider: Cow<'a, str>,
    /// The account.
    pub account: OcsfAccount<'a>,
    /// The Region.
    pub region: Cow<'a, str>,
}

impl<'a> OcsfCloud<'a> {
    /// An account and a Region of AWS.
    pub fn aws_location(account: &'a str, region: &'a str) -> Self {
        OcsfCloud {
            provider: Cow::Borrowed("AWS"),
            account: OcsfAccount::aws_account(account),
            region: Cow::Borrowed(region),
        }
    }
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OcsfAccount<'a> {
    /// Its number.
    pub uid: Cow<'a, str>,
    /// 10: of AWS.
    pub type_id: u8,
    /// `AWS Account`.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
}

impl<'a> OcsfAccount<'a> {
    /// An account of AWS.
    pub fn aws_account(uid: &'a str) -> Self {
        OcsfAccount { uid: Cow::Borrowed(uid), type_id: 10, kind: Cow::Borrowed("AWS Account") }
    }
}
