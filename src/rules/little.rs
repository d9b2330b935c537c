//! Little's law: what a seller holds in a stage is what arrives there a day times the days it stays. Figures of a funnel
//! that say otherwise cannot all come true; what would make them agree is told with them.
//!
//! Arrivals are the intake times the target rates of the stages before. Target rates speak of going on to the next stage
//! only; moves that skip or go back have no target, so they are not in it. The start stage is left out: what it holds is
//! dealt out in batches, it does not arrive.

use super::funnels::{Outline, single};
use super::model::{Funnel, Span, Stage, StageKind};
use super::oddities::stage_node;
use super::reader::Reader;
use crate::texts::Message;
use crate::values::Decimal;

/// How far figures may lie from what Little's law says before they contradict each other, in tenths: 1.5 times.
const FACTOR_TENTHS: i64 = 15;

/// What is declared of an open stage.
struct Figures<'f> {
    stage: &'f Stage,
    dwell: Decimal,
    /// The share of the intake that arrives here.
    share: Decimal,
}

impl Figures<'_> {
    /// What is held by an intake.
    fn held(&self, intake: Decimal) -> Option<Decimal> {
        intake.checked_mul(self.share)?.checked_mul(self.dwell)
    }

    /// The intake by which so much is held.
    fn intake(&self, held: Decimal) -> Option<Decimal> {
        held.checked_div(self.share.checked_mul(self.dwell)?)
    }
}

impl<'a> Reader<'a> {
    pub(in crate::rules) fn tell_little(&self, outline: &Outline<'a>, funnel: &Funnel) {
        let figures = figures(funnel);
        match funnel.intake_per_workday {
            Some(intake) => figures.iter().for_each(|of| self.compare_holding(outline, of, intake)),
            None => self.compare_intakes(outline, &figures),
        }
    }

    fn compare_holding(&self, outline: &Outline<'a>, of: &Figures<'_>, intake: Decimal) {
        let (Some(held), Some(arrivals)) = (of.held(intake), intake.checked_mul(of.share)) else { return };
        let Some(node) = stage_node(outline, &of.stage.id) else { return };
        let told = |code: &'static str, said: Decimal| {
            Message::new(code)
                .with("stage", of.stage.id.as_str())
                .with("said", said.normalize().to_string())
                .with("arrivals", short(arrivals))
                .with("dwell", short(of.dwell))
                .with("held", short(held))
                .with("times", times(said, held))
                .with("fit_dwell", said.checked_div(arrivals).map(short).unwrap_or_default())
                .with("fit_intake", of.intake(said).map(short).unwrap_or_default())
        };
        if let Some(ideal) = single(of.stage.holding.ideal.as_ref())
            && apart(ideal, held)
        {
            self.warn(node, told("little_ideal", ideal));
        }
        if let Some(warn) = single(of.stage.holding.warn.as_ref()).map(Decimal::from)
            && warn < held
        {
            self.warn(node, told("little_warn", warn));
        }
        if let Some(cap) = single(of.stage.holding.at_most.as_ref()).map(Decimal::from)
            && cap < held
        {
            self.warn(node, told("little_cap", cap));
        }
    }

    /// Without an intake, the holdings themselves say what it would have to be, and they may say different things.
    fn compare_intakes(&self, outline: &Outline<'a>, figures: &[Figures<'_>]) {
        let mut implied = figures.iter().filter_map(|of| {
            let ideal = single(of.stage.holding.ideal.as_ref()).filter(|ideal| !ideal.is_zero())?;
            Some((of, ideal, of.intake(ideal)?))
        });
        let Some((first, _, intake)) = implied.next() else { return };
        for (of, ideal, other) in implied.filter(|(_, _, other)| apart(*other, intake)) {
            let (Some(node), Some(held)) = (stage_node(outline, &of.stage.id), of.held(intake)) else { continue };
            let message = Message::new("little_intakes")
                .with("stage", of.stage.id.as_str())
                .with("said", short(ideal))
                .with("intake", short(other))
                .with("first", first.stage.id.as_str())
                .with("first_intake", short(intake))
                .with("times", times(other, intake))
                .with("held", short(held));
            self.warn(node, message);
        }
    }
}

/// The open stages of which dwell and all rates before them are plain figures, in order.
fn figures(funnel: &Funnel) -> Vec<Figures<'_>> {
    let mut share = Decimal::ONE;
    let mut figures = Vec::new();
    let line = |stage: &&Stage| matches!(stage.kind, StageKind::Start | StageKind::Open) && !stage.retired;
    for stage in funnel.stages.iter().filter(line) {
        let dwell = single(stage.dwell.as_ref()).and_then(|span| match span {
            Span::WorkdaysMilli(milli) => Some(Decimal::new(milli, 3)),
            Span::ElapsedMicros(_) => None,
        });
        if let (Some(dwell), true) = (dwell, stage.kind == StageKind::Open) {
            figures.push(Figures { stage, dwell, share });
        }
        let next = single(stage.rate.as_ref()).and_then(|rate| share.checked_mul(rate));
        let Some(next) = next.filter(|next| !next.is_zero()) else { break };
        share = next;
    }
    figures
}

fn apart(one: Decimal, other: Decimal) -> bool {
    let factor = Decimal::new(FACTOR_TENTHS, 1);
    let beyond = |low: Decimal, high: Decimal| low.checked_mul(factor).is_some_and(|most| high > most);
    beyond(one, other) || beyond(other, one)
}

/// How many times the larger is the smaller.
fn times(one: Decimal, other: Decimal) -> String {
    one.max(other)
        .checked_div(one.min(other))
        .map_or_else(|| "∞".to_owned(), |times| times.round_dp(1).normalize().to_string())
}

/// For people: two places, or, of what is small, two digits that say something.
fn short(number: Decimal) -> String {
    let rounded = if number.abs() < Decimal::new(1, 1) { number.round_sf(2) } else { Some(number.round_dp(2)) };
    rounded.unwrap_or(number).normalize().to_string()
}
