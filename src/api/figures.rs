//! Figures of a rules file beside Little's law, as a client sees them.

use crate::rules::little::{FORMULA, FigureTable, FunnelFigures, SOURCE, StageFigures, for_programs};
use crate::values::Key;
use serde::Serialize;
use utoipa::ToSchema;

/// Figures of a rules file beside Little's law: what one seller holds in a stage on average is what arrives there each
/// working day times the working days it stays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesFigures)]
pub struct RulesFiguresView {
    /// `L = λ × W`: `holding` = `arrivals_per_workday` × `dwell_workdays`.
    #[schema(max_length = 100)]
    formula: &'static str,
    /// Where it is proved.
    #[schema(max_length = 200)]
    source: &'static str,
    /// Funnels that declare figures.
    #[schema(max_items = 50)]
    funnels: Vec<FunnelFiguresView>,
    /// Stages that are left out: at most 200 are told of.
    left_out: i64,
}

/// Figures of a funnel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesFunnelFigures)]
pub struct FunnelFiguresView {
    #[schema(value_type = String, max_length = 100)]
    funnel: Key,
    /// Fresh customers that one seller gets each working day, as a decimal; null = not declared.
    #[schema(max_length = 100)]
    intake_per_workday: Option<String>,
    /// The start and the open stages, in order; without those that are retired.
    #[schema(max_items = 50)]
    stages: Vec<StageFiguresView>,
}

/// Figures of a stage, of one seller. Numbers are decimals; null = not declared, with cases, or not known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesStageFigures)]
pub struct StageFiguresView {
    #[schema(value_type = String, max_length = 100)]
    stage: Key,
    /// From 1.
    line: u32,
    /// λ: the intake times the rates of the stages before.
    #[schema(max_length = 100)]
    arrivals_per_workday: Option<String>,
    /// Share that is to go on to the next stage, 0 to 1.
    #[schema(max_length = 100)]
    rate: Option<String>,
    /// W.
    #[schema(max_length = 100)]
    dwell_workdays: Option<String>,
    /// L: deals held on average, by the law.
    #[schema(max_length = 100)]
    holding: Option<String>,
    /// Deals to hold, as declared.
    #[schema(max_length = 100)]
    ideal: Option<String>,
    /// More are warned about.
    warn: Option<u32>,
    /// More cannot be received.
    at_most: Option<u32>,
    /// The intake each working day by which the ideal would be held.
    #[schema(max_length = 100)]
    fitting_intake_per_workday: Option<String>,
    /// Whether `ideal` and `holding` are at most 1.5 times apart; null where one of them is.
    agrees: Option<bool>,
    /// Why `holding` is null: `intake` (none is declared), `rate` (of a stage before: none, or with cases), `dwell` (none, or
    /// with cases), `steadiness` (the start is dealt out in batches).
    #[schema(max_items = 4)]
    lacking: Vec<&'static str>,
}

impl RulesFiguresView {
    /// As numbers.
    #[must_use]
    pub fn of(table: &FigureTable) -> Self {
        let funnels = table.funnels.iter().map(FunnelFiguresView::of).collect();
        Self { formula: FORMULA, source: SOURCE, funnels, left_out: i64::try_from(table.more).unwrap_or(i64::MAX) }
    }
}

impl FunnelFiguresView {
    fn of(figures: &FunnelFigures) -> Self {
        Self {
            funnel: figures.funnel.clone(),
            intake_per_workday: figures.intake.map(for_programs),
            stages: figures.stages.iter().map(StageFiguresView::of).collect(),
        }
    }
}

impl StageFiguresView {
    fn of(figures: &StageFigures) -> Self {
        Self {
            stage: figures.stage.clone(),
            line: figures.line,
            arrivals_per_workday: figures.arrivals.map(for_programs),
            rate: figures.rate.map(for_programs),
            dwell_workdays: figures.dwell.map(for_programs),
            holding: figures.held.map(for_programs),
            ideal: figures.ideal.map(for_programs),
            warn: figures.warn,
            at_most: figures.at_most,
            fitting_intake_per_workday: figures.fitting_intake.map(for_programs),
            agrees: figures.agrees,
            lacking: figures.lacking.iter().map(|what| what.word()).collect(),
        }
    }
}
