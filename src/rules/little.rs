//! Little's law: what a seller holds in a stage is what arrives there a day times the days it stays. Figures of a funnel
//! that say otherwise cannot all come true; what would make them agree is told with them.
//!
//! Arrivals are the intake times the target rates of the stages before. Target rates speak of going on to the next stage
//! only; moves that skip or go back have no target, so they are not in it. The start stage is left out: what it holds is
//! dealt out in batches, it does not arrive.

use super::funnels::{Outline, single};
use super::model::{Funnel, Rules, Span, Stage, StageKind};
use super::oddities::stage_node;
use super::reader::Reader;
use crate::texts::Message;
use crate::values::{Decimal, Key, Language};

/// How far figures may lie from what Little's law says before they contradict each other, in tenths: 1.5 times.
const FACTOR_TENTHS: i64 = 15;

/// The law as people write it, and where it is proved (Little 1961, Operations Research 9, 383-387).
pub const FORMULA: &str = "L = λ × W";
pub const SOURCE: &str = "https://doi.org/10.1287/opre.9.3.383";

/// Stages told of in all: more are counted.
pub const STAGES_AT_MOST: usize = 200;

/// The figures of a file beside what Little's law makes of them, whether or not they agree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FigureTable {
    /// Those that declare figures.
    pub funnels: Vec<FunnelFigures>,
    /// Stages that are left out, because there are more than `STAGES_AT_MOST`.
    pub more: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FunnelFigures {
    pub funnel: Key,
    /// Fresh customers a seller gets each working day.
    pub intake: Option<Decimal>,
    /// Open stages and the start, in order; without those that are retired.
    pub stages: Vec<StageFigures>,
}

/// Of cases that differ, none is taken: such a figure is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct StageFigures {
    pub stage: Key,
    /// Line in the rules file, 1-based.
    pub line: u32,
    /// λ: deals that arrive here each working day, of one seller: the intake times the rates of the stages before.
    pub arrivals: Option<Decimal>,
    /// Share of arrivals that is to go on to the next stage, 0 to 1.
    pub rate: Option<Decimal>,
    /// W: how long a deal is to stay, in working days.
    pub dwell: Option<Decimal>,
    /// L: deals that one seller then holds here on average.
    pub held: Option<Decimal>,
    pub ideal: Option<Decimal>,
    pub warn: Option<u32>,
    pub at_most: Option<u32>,
    /// The intake by which the ideal would be held, each working day.
    pub fitting_intake: Option<Decimal>,
    /// Whether ideal and `held` are within the factor at which they contradict each other.
    pub agrees: Option<bool>,
    /// Why it is not said what is held.
    pub lacking: Vec<Lacking>,
}

/// What has to be a plain figure for the law to say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// The funnel declares none.
    Intake,
    /// Of a stage before.
    Rate,
    Dwell,
    /// Nothing: the start is dealt out in batches, so nothing arrives there steadily.
    Steadiness,
}

impl Lacking {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Rate => "rate",
            Self::Dwell => "dwell",
            Self::Steadiness => "steadiness",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Intake => "figures_lack_intake",
            Self::Rate => "figures_lack_rate",
            Self::Dwell => "figures_lack_dwell",
            Self::Steadiness => "figures_lack_steadiness",
        }
    }
}

/// The table of all funnels that declare figures.
#[must_use]
pub fn table(rules: &Rules) -> FigureTable {
    let mut table = FigureTable::default();
    let mut left = STAGES_AT_MOST;
    for funnel in rules.funnels.values() {
        let mut stages: Vec<StageFigures> = rows(funnel).iter().map(|row| row.told(funnel)).collect();
        let says = |one: &StageFigures| {
            one.dwell.is_some()
                || one.rate.is_some()
                || one.ideal.is_some()
                || one.warn.is_some()
                || one.at_most.is_some()
        };
        if funnel.intake_per_workday.is_none() && !stages.iter().any(says) {
            continue;
        }
        table.more += stages.len().saturating_sub(left);
        stages.truncate(left);
        left -= stages.len();
        if !stages.is_empty() {
            table.funnels.push(FunnelFigures { funnel: funnel.id.clone(), intake: funnel.intake_per_workday, stages });
        }
    }
    table
}

impl FunnelFigures {
    /// What its stages are told by, in words.
    #[must_use]
    pub fn message(&self) -> Message {
        let told = Message::new("figures_funnel").with("funnel", self.funnel.as_str());
        told.with("formula", FORMULA).with("source", SOURCE).with("intake", shown(self.intake))
    }
}

impl StageFigures {
    /// In words, in the reader's language.
    #[must_use]
    pub fn message(&self, wanted: &[Language]) -> Message {
        let lacking: Vec<String> = self.lacking.iter().map(|what| Message::new(what.code()).render(wanted)).collect();
        let told = match self.held {
            Some(held) => Message::new("figures_stage").with("held", multiplied(held)),
            None => Message::new("figures_stage_open").with("lacking", lacking.join(", ")),
        };
        told.with("stage", self.stage.as_str())
            .with("arrivals", shown(self.arrivals))
            .with("dwell", shown(self.dwell))
            .with("rate", shown(self.rate.and_then(|rate| rate.checked_mul(Decimal::ONE_HUNDRED))))
            .with("ideal", shown(self.ideal))
            .with("warn", shown(self.warn.map(Decimal::from)))
            .with("at_most", shown(self.at_most.map(Decimal::from)))
    }
}

/// What is not declared is a dash.
fn shown(number: Option<Decimal>) -> String {
    number.map_or_else(|| "–".to_owned(), multiplied)
}

/// Precise enough that whoever multiplies what he reads comes to the product that he reads.
fn multiplied(number: Decimal) -> String {
    let rounded = if number.abs() < Decimal::ONE { number.round_sf(4) } else { Some(number.round_dp(3)) };
    rounded.unwrap_or(number).normalize().to_string()
}

/// For programs: to six digits, since figures are targets and a division has no end.
#[must_use]
pub fn for_programs(number: Decimal) -> String {
    number.round_sf(6).unwrap_or(number).normalize().to_string()
}

/// A stage of the line from the start to the end.
struct Row<'f> {
    stage: &'f Stage,
    dwell: Option<Decimal>,
    /// The share of the intake that arrives here, where all rates before are plain.
    share: Option<Decimal>,
}

impl Row<'_> {
    fn told(&self, funnel: &Funnel) -> StageFigures {
        let stage = self.stage;
        let intake = funnel.intake_per_workday;
        let arrivals = intake.zip(self.share).and_then(|(intake, share)| intake.checked_mul(share));
        let is_start = stage.kind == StageKind::Start;
        let held = arrivals.zip(self.dwell).filter(|_| !is_start).and_then(|(rate, dwell)| rate.checked_mul(dwell));
        let ideal = single(stage.holding.ideal.as_ref());
        let fitting_intake = ideal
            .filter(|_| !is_start)
            .and_then(|ideal| Figures { stage, dwell: self.dwell?, share: self.share? }.intake(ideal));
        let lacking = [
            (Lacking::Steadiness, is_start),
            (Lacking::Intake, !is_start && intake.is_none()),
            (Lacking::Rate, !is_start && self.share.is_none()),
            (Lacking::Dwell, !is_start && self.dwell.is_none()),
        ];
        StageFigures {
            stage: stage.id.clone(),
            line: stage.line,
            arrivals,
            rate: single(stage.rate.as_ref()),
            dwell: self.dwell,
            held,
            ideal,
            warn: single(stage.holding.warn.as_ref()),
            at_most: single(stage.holding.at_most.as_ref()),
            fitting_intake,
            agrees: ideal.zip(held).map(|(ideal, held)| !apart(ideal, held)),
            lacking: lacking.into_iter().filter(|(_, lacks)| *lacks).map(|(what, _)| what).collect(),
        }
    }
}

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
    let open = rows(funnel).into_iter().filter(|row| row.stage.kind == StageKind::Open);
    open.filter_map(|row| Some(Figures { stage: row.stage, dwell: row.dwell?, share: row.share? })).collect()
}

/// The start and the open stages, in order; without those that are retired.
fn rows(funnel: &Funnel) -> Vec<Row<'_>> {
    let mut share = Some(Decimal::ONE);
    let mut rows = Vec::new();
    let line = |stage: &&Stage| matches!(stage.kind, StageKind::Start | StageKind::Open) && !stage.retired;
    for stage in funnel.stages.iter().filter(line) {
        let dwell = single(stage.dwell.as_ref()).and_then(|span| match span {
            Span::WorkdaysMilli(milli) => Some(Decimal::new(milli, 3)),
            Span::ElapsedMicros(_) => None,
        });
        rows.push(Row { stage, dwell, share });
        let next = share.zip(single(stage.rate.as_ref())).and_then(|(share, rate)| share.checked_mul(rate));
        share = next.filter(|next| !next.is_zero());
    }
    rows
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
