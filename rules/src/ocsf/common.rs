//! Objects that several OCSF classes use.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

/// The version of the OCSF schema that Evenkeel writes.
pub const SCHEMA_VERSION: &str = "1.8.0";

/// The metadata of a record: the schema version and the product that wrote the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OcsfMetadata<'a> {
    /// The version of the schema.
    pub version: Cow<'a, str>,
    /// The product that wrote the record.
    pub product: OcsfProduct<'a>,
    /// The schema profiles that the record uses.
    pub profiles: Vec<Cow<'a, str>>,
    /// The id of the record, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uuid>,
}

impl OcsfMetadata<'_> {
    /// Creates the metadata of a record that Evenkeel writes.
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
    /// The name of the product.
    pub name: Cow<'a, str>,
    /// The vendor of the product.
    pub vendor_name: Cow<'a, str>,
}

/// The cloud account and Region of the resources in a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OcsfCloud<'a> {
    /// The provider, `AWS`.
    pub provider: Cow<'a, str>,
    /// The AWS account.
    pub account: OcsfAccount<'a>,
    /// The name of the Region.
    pub region: Cow<'a, str>,
}

impl<'a> OcsfCloud<'a> {
    /// Creates the location of an AWS account and Region.
    pub fn aws_location(account: &'a str, region: &'a str) -> Self {
        OcsfCloud {
            provider: Cow::Borrowed("AWS"),
            account: OcsfAccount::aws_account(account),
            region: Cow::Borrowed(region),
        }
    }
}

/// A cloud account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OcsfAccount<'a> {
    /// The id of the account.
    pub uid: Cow<'a, str>,
    /// The type of the account; 10 is an AWS account.
    pub type_id: u8,
    /// The caption of the type, `AWS Account`.
    #[serde(rename = "type")]
    pub kind: Cow<'a, str>,
}

impl<'a> OcsfAccount<'a> {
    /// Creates an AWS account.
    pub fn aws_account(uid: &'a str) -> Self {
        OcsfAccount { uid: Cow::Borrowed(uid), type_id: 10, kind: Cow::Borrowed("AWS Account") }
    }
}
