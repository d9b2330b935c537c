//! What may come next, in words: for who reads it in a terminal.

use super::moves::{MoveOptionView, MovesView};
use super::unmet::CheckedView;
use crate::texts::Message;
use crate::values::Language;
use serde_json::Value as Json;
use std::fmt::Write as _;

impl MovesView {
    /// Whether the rules know no move at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty()
    }

    /// Every move with everything it demands.
    #[must_use]
    pub fn words(&self, wanted: &[Language]) -> String {
        let mut out = String::new();
        for one in &self.moves {
            one.write(&self.stage, wanted, &mut out);
        }
        out
    }
}

impl MoveOptionView {
    fn write(&self, from: &str, wanted: &[Language], out: &mut String) {
        let say = |message: Message| message.render(wanted);
        let code = if self.possible { "explain_possible" } else { "explain_impossible" };
        let head = Message::new(code).with("from", from).with("to", self.to.as_str());
        let head = head.with("label", self.label.as_str()).with("move", self.id.as_str());
        let _ = writeln!(out, "{}", say(head));
        if let Some(why) = &self.not_permitted {
            let _ = writeln!(out, "  {why}");
        }
        if !self.reasons.is_empty() {
            let reasons: Vec<&str> = self.reasons.iter().map(|reason| reason.id.as_str()).collect();
            let _ = writeln!(out, "  {}", say(Message::new("explain_reason").with("reasons", reasons.join(", "))));
        }
        if self.note_required {
            let _ = writeln!(out, "  {}", say(Message::new("explain_note")));
        }
        for criterion in &self.criteria {
            criterion.write(wanted, out);
        }
        out.push('\n');
    }
}

impl CheckedView {
    fn write(&self, wanted: &[Language], out: &mut String) {
        let say = |code: &'static str| Message::new(code).render(wanted);
        let place = self.stage.as_ref().map_or_else(|| self.id.clone(), |stage| format!("{stage}: {}", self.id));
        let outcome = say(match self.outcome.as_str() {
            "met" => "explain_met",
            "missing" => "explain_missing",
            "not_applicable" => "explain_not_applicable",
            _ => "explain_unmet",
        });
        let severity = match self.severity.as_str() {
            "warn" => format!(" ({})", say("explain_warns")),
            "audit" => format!(" ({})", say("explain_audits")),
            _ => String::new(),
        };
        let why = match self.outcome.as_str() {
            "met" | "not_applicable" => String::new(),
            _ => format!(": {}", self.message),
        };
        let _ = writeln!(out, "  {outcome}{severity}  {place}{why}");
        let values =
            self.values.iter().map(|(name, value)| ("explain_value", format!("{name} = {}", shown(value, wanted))));
        let progress = self.progress.iter().map(|progress| format!("{} / {}", progress.there, progress.needed));
        let lines = (self.rule.iter().map(|rule| ("explain_rule", rule.clone())))
            .chain(self.when.iter().map(|when| ("explain_when", when.clone())))
            .chain(values)
            .chain(progress.map(|progress| ("explain_progress", progress)))
            .chain((!self.fields.is_empty()).then(|| ("explain_fields", self.fields.join(", "))))
            .chain(self.possible_from.iter().map(|from| ("explain_possible_from", from.to_string())))
            .chain(self.enforce_from.iter().map(|from| ("explain_enforce_from", from.to_string())));
        for (code, said) in lines {
            let _ = writeln!(out, "      {}", Message::new(code).with("said", said).render(wanted));
        }
    }
}

/// A value as a person reads it.
fn shown(value: &Json, wanted: &[Language]) -> String {
    match value {
        Json::Null => Message::new("explain_nothing").render(wanted),
        Json::String(text) => text.clone(),
        Json::Object(map) if map.get("hidden") == Some(&Json::Bool(true)) => {
            Message::new("explain_hidden").render(wanted)
        }
        other => other.to_string(),
    }
}
