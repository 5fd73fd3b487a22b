//! What the remediators of API Gateway share: names, stages and deployments, drafts, and backends.

pub(crate) mod backend;
pub(crate) mod draft;
pub(crate) mod integration;
pub(crate) mod names;
pub(crate) mod policy;
pub(crate) mod rest;
