//! Restores compliant configuration, with plan, before-image and undo. Nothing lives here yet.
