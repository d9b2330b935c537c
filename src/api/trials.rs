//! What operations on replays, previews and shadows share: how one is answered, listed, read and ended.

use super::ApiError;
use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::page::PageRequest;
use super::reply::{Answer, Reply};
use super::write::Write;
use crate::workflow::answer::Recorded;
use crate::workflow::trials::Trial;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A trial of rules as clients see it.
pub(super) trait Shown: Trial<Id: Serialize + DeserializeOwned> {
    type View: From<Self>;

    /// Where all of its kind are.
    const PATH: &'static str;

    /// Grows with what is found, and with the end.
    fn version(&self) -> i64;
}

/// One that was begun.
pub(super) fn begun<T: Shown>(done: Recorded<T::Answer>) -> Reply<T::View> {
    let trial: T = done.answer.into();
    let (version, location) = (trial.version(), format!("{}/{}", T::PATH, trial.id()));
    Reply::created(trial.into(), location).version(version).replayed(done.replayed)
}

/// A page of those of a kind, the newest first, and where the next begins.
pub(super) async fn list<T: Shown>(
    house: &House,
    context: &Context,
    caller: &Caller,
    page: &PageRequest,
) -> Result<(Vec<T::View>, Option<String>), ApiError> {
    let before = page.after::<T::Id>()?;
    let found = house.0.trials::<T>(&caller.reads(context)?, before, page.wanted()).await?;
    let (trials, next) = page.cut(found, T::id);
    Ok((trials.into_iter().map(T::View::from).collect(), next))
}

pub(super) async fn get<T: Shown>(house: &House, context: &Context, caller: &Caller, id: T::Id) -> Answer<T::View> {
    Ok(found(house.0.trial::<T>(&caller.reads(context)?, id).await?))
}

/// One as it is now.
pub(super) fn found<T: Shown>(trial: T) -> Reply<T::View> {
    let version = trial.version();
    Reply::ok(trial.into()).version(version)
}

pub(super) async fn end<T: Shown>(
    house: &House,
    context: &Context,
    caller: &Caller,
    write: &Write,
    id: T::Id,
) -> Answer<T::View> {
    let done = house.0.end_trial::<T>(&caller.writes(context, write)?, id).await?;
    Ok(found::<T>(done.answer.into()).replayed(done.replayed))
}
