//! Figures of a rules file beside Little's law, as `loudou check` tells them.

use crate::rules::little::{FORMULA, FigureTable, FunnelFigures, SOURCE, StageFigures, for_programs};
use crate::texts::Message;
use crate::values::Language;
use std::fmt::Write as _;

/// A line a funnel and a line a stage; nothing where no figures are declared.
pub(super) fn told(table: &FigureTable, name: &str, wanted: &[Language]) -> String {
    let word = Message::new("severity_figures").render(wanted);
    let mut text = String::new();
    for funnel in &table.funnels {
        let _ = writeln!(text, "{name}: {word}: {}", funnel.message().render(wanted));
        for stage in &funnel.stages {
            let _ = writeln!(text, "{name}:{}: {word}: {}", stage.line, stage.message(wanted).render(wanted));
        }
    }
    if table.more > 0 {
        let more = i64::try_from(table.more).unwrap_or(i64::MAX);
        let _ = writeln!(text, "{name}: {word}: {}", Message::new("figures_more").with("more", more).render(wanted));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// One entry a stage, beside problems and advice.
pub(super) fn json<'f>(
    funnel: &'f FunnelFigures,
    wanted: &'f [Language],
) -> impl Iterator<Item = serde_json::Value> + 'f {
    funnel.stages.iter().map(|stage| of_stage(funnel, stage, wanted))
}

fn of_stage(funnel: &FunnelFigures, stage: &StageFigures, wanted: &[Language]) -> serde_json::Value {
    let message = stage.message(wanted);
    serde_json::json!({
        "severity": "figures",
        "code": message.code,
        "message": message.render(wanted),
        "line": stage.line,
        "formula": FORMULA,
        "source": SOURCE,
        "funnel": funnel.funnel,
        "intake_per_workday": funnel.intake.map(for_programs),
        "stage": stage.stage,
        "arrivals_per_workday": stage.arrivals.map(for_programs),
        "rate": stage.rate.map(for_programs),
        "dwell_workdays": stage.dwell.map(for_programs),
        "holding": stage.held.map(for_programs),
        "ideal": stage.ideal.map(for_programs),
        "warn": stage.warn,
        "at_most": stage.at_most,
        "fitting_intake_per_workday": stage.fitting_intake.map(for_programs),
        "agrees": stage.agrees,
        "lacking": stage.lacking.iter().map(|what| what.word()).collect::<Vec<_>>(),
    })
}
