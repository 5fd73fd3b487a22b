//! Both built functions, driven as AWS Lambda drives them: from a developer's call to a repaired API, and back.

mod filter;
mod member;
mod patterns;
mod permissions;
mod security;
mod sessions;
mod story;
mod template;
mod wired;
