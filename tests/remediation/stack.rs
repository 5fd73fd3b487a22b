//! Tests of both built functions together, from a developer's API call to the remediated API, and
//! of the templates.

mod filter;
mod member;
mod patterns;
mod people;
mod permissions;
mod security;
mod sessions;
mod story;
mod template;
mod wired;
