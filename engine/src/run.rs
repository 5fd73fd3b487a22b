//! Evaluates compiled expressions: binds names, converts values, charges the budget and writes
//! error messages.

pub(crate) mod budget;
mod error_location;
mod error_message;
pub(crate) mod expression;
pub(crate) mod field_map;
pub(crate) mod input_value;
pub(crate) mod observation;
pub(crate) mod scope;
pub(crate) mod undecided;
pub(crate) mod value;
