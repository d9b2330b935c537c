//! Advice on a rules file, as a client sees it.

use crate::engine::advice::Advice;
use crate::values::Language;
use serde::Serialize;
use utoipa::ToSchema;

/// One piece of advice on a rules file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesAdvice)]
pub struct RulesAdviceView {
    /// `advice`.
    #[schema(max_length = 100)]
    severity: &'static str,
    #[schema(max_length = 100)]
    code: String,
    #[schema(max_length = 4000)]
    message: String,
    /// From 1.
    line: u32,
    /// A scenario that would show what none shows, as an item of the list `scenarios`, to be pasted.
    #[schema(max_length = 50_000)]
    scenario: Option<String>,
    /// Whether that scenario comes out as it says, as these rules are. If not, its facts are to be filled in.
    scenario_passes: Option<bool>,
}

impl RulesAdviceView {
    /// In its reader's words.
    #[must_use]
    pub fn of(advice: &Advice, languages: &[Language]) -> Self {
        Self {
            severity: "advice",
            code: advice.message.code.to_string(),
            message: advice.message.render(languages),
            line: advice.line,
            scenario: advice.scenario.as_ref().map(|scenario| scenario.text(languages)),
            scenario_passes: advice.scenario.as_ref().map(|scenario| scenario.passes),
        }
    }
}
