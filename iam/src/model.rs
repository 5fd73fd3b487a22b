//! Policy documents in one form, and requests.

pub(crate) mod document;
pub(crate) mod operator;
pub(crate) mod request;
pub(crate) mod template;
pub(crate) mod values;
