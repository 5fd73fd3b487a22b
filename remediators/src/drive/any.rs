//! A drive whose remediator is chosen while the program runs.

use std::pin::Pin;

use super::{Drive, Driven, Preview, Tried, UndoRequest};
use crate::record::Outcome;
use crate::remediator::Remediator;
use crate::violation::Target;

/// What a drive does, to come.
pub type Driving<'a, T> = Pin<Box<dyn Future<Output = Driven<T>> + Send + 'a>>;

/// A drive of any remediator; see [`Drive`] for what each does.
pub trait AnyDrive: Send + Sync {
    /// [`Drive::run`].
    fn run<'a>(&'a self, record: &'a [u8], now: i64) -> Driving<'a, Option<Outcome>>;

    /// [`Drive::again`].
    fn again<'a>(&'a self, record: &'a [u8], now: i64) -> Driving<'a, Option<Outcome>>;

    /// [`Drive::preview`].
    fn preview<'a>(&'a self, record: &'a [u8], now: i64) -> Driving<'a, Option<Preview>>;

    /// [`Drive::verify`].
    fn verify<'a>(
        &'a self,
        target: &'a Target,
        attempt: u32,
        after: u32,
        now: i64,
    ) -> Driving<'a, Option<Outcome>>;

    /// [`Drive::attempts`].
    fn attempts<'a>(&'a self, target: &'a Target) -> Driving<'a, Vec<Tried>>;

    /// [`Drive::undo`].
    fn undo<'a>(
        &'a self,
        target: &'a Target,
        attempt: u32,
        request: UndoRequest<'a>,
        now: i64,
    ) -> Driving<'a, Outcome>;
}

impl<R: Remediator> AnyDrive for Drive<R> {
    fn run<'a>(&'a self, record: &'a [u8], now: i64) -> Driving<'a, Option<Outcome>> {
        Box::pin(Drive::run(self, record, now))
    }

    fn again<'a>(&'a self, record: &'a [u8], now: i64) -> Driving<'a, Option<Outcome>> {
        Box::pin(Drive::again(self, record, now))
    }

    fn preview<'a>(&'a self, record: &'a [u8], now: i64) -> Driving<'a, Option<Preview>> {
        Box::pin(Drive::preview(self, record, now))
    }

    fn verify<'a>(
        &'a self,
        target: &'a Target,
        attempt: u32,
        after: u32,
        now: i64,
    ) -> Driving<'a, Option<Outcome>> {
        Box::pin(Drive::verify(self, target, attempt, after, now))
    }

    fn attempts<'a>(&'a self, target: &'a Target) -> Driving<'a, Vec<Tried>> {
        Box::pin(Drive::attempts(self, target))
    }

    fn undo<'a>(
        &'a self,
        target: &'a Target,
        attempt: u32,
        request: UndoRequest<'a>,
        now: i64,
    ) -> Driving<'a, Outcome> {
        Box::pin(Drive::undo(self, target, attempt, request, now))
    }
}
