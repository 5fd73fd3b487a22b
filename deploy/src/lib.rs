//! The stack: what `deploy/` holds, rendered from a policy set and the catalog of remediators.

mod change;
mod flow;
mod pattern;
mod permission;
mod template;

pub use change::{Change, Permission, events};
pub use pattern::patterns;
pub use permission::{Patched, families, patched, statements};
pub use template::{RenderError, Template};
