//! Limits on the cost of an expression, so that no policy can exhaust the time or the memory of an
//! evaluation.

/// The maximum length of an expression, in bytes of source text.
pub const MAX_SOURCE: usize = 8 * 1024;

/// The maximum depth of an expression after its variables and functions are expanded, in levels.
pub const MAX_DEPTH: usize = 200;

/// The maximum number of nodes of an expression after its variables and functions are expanded.
pub const MAX_NODES: usize = 20_000;

/// The budget of one evaluation, in units. The visit of one element costs about one unit.
pub const EVALUATION_BUDGET: i64 = 100_000;

/// The budget of all evaluations of one policy for one event, in units. A policy that evaluates each
/// resource of a call, or a message with several placeholders, consists of several evaluations.
pub const EVENT_BUDGET: i64 = 10 * EVALUATION_BUDGET;

/// The maximum length of a string that an expression builds, in bytes.
pub const MAX_TEXT: usize = 1024 * 1024;

/// The stack size of a thread that evaluates expressions, in bytes. In a measurement, an expression
/// of [`MAX_DEPTH`] levels used 20 MiB.
pub const EVALUATION_STACK: usize = 64 * 1024 * 1024;

/// The stack size for compilation, in bytes. The parser is recursive and needs a large stack in an
/// unoptimized build.
pub(crate) const COMPILE_STACK: usize = 256 * 1024 * 1024;
