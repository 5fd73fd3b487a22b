//! Evaluating: names are bound, values are read in place, and every step is paid for.

pub(crate) mod budget;
pub(crate) mod data;
mod error_location;
mod error_message;
pub(crate) mod expression;
pub(crate) mod fields;
pub(crate) mod observation;
pub(crate) mod scope;
pub(crate) mod undecided;
pub(crate) mod value;
