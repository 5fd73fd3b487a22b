//! What an expression may cost, so that no policy can stop the auditor.

/// The longest expression, in bytes of source.
pub const MAX_SOURCE: usize = 8 * 1024;

/// How deep an expression's tree may be once its variables and functions are expanded.
pub const MAX_DEPTH: usize = 200;

/// How many nodes an expression may have once its variables and functions are expanded.
pub const MAX_NODES: usize = 20_000;

/// How many elements one evaluation may visit.
pub const EVALUATION_BUDGET: i64 = 100_000;

/// The longest text an expression may build, in bytes.
pub const MAX_TEXT: usize = 1024 * 1024;

/// The stack, in bytes, of a thread that evaluates: an expression of [`MAX_DEPTH`] levels was seen to take 20 MiB.
pub const EVALUATION_STACK: usize = 64 * 1024 * 1024;

/// The stack that compiling runs on: the parser recurses, and an unoptimised build needs much.
pub(crate) const COMPILE_STACK: usize = 256 * 1024 * 1024;
