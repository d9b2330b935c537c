//! What a caller says along with a wish (reasons, notes), and what is asked of every taking up of a deal (cooling):
//! checked once, for all decisions that need it.

use super::decision::{CheckOutcome, Checked, CheckedKind};
use super::fields::clean;
use crate::rules::model::Stage;
use crate::texts::Message;
use crate::values::{Key, Time};

/// Longest note or reason in words, in characters: a page.
pub const LONGEST_NOTE: usize = 2000;

/// A note in normal form; blank is none.
pub(super) fn note_in_words(note: Option<&str>, pointer: &str) -> (Option<String>, Option<Checked>) {
    let Some(note) = note else { return (None, None) };
    match clean(note, LONGEST_NOTE, true) {
        Ok(note) => (Some(note).filter(|note| !note.is_empty()), None),
        Err(message) => (None, Some(Checked::fault("field", CheckedKind::Field, pointer, message))),
    }
}

/// A reason in words must be given.
pub(super) fn note_required(pointer: &str) -> Checked {
    Checked::fault("reason_required", CheckedKind::Reason, pointer, Message::new("note_required"))
}

/// A `lost` stage takes one of its own reasons that is still in use; other stages take none.
pub(super) fn reason_given(target: &Stage, reason: Option<&Key>) -> Option<Checked> {
    let fault = |id: &str, message: Message| Some(Checked::fault(id, CheckedKind::Reason, "/reason", message));
    let in_use = || {
        let reasons: Vec<&str> =
            target.reasons.values().filter(|reason| !reason.retired).map(|reason| reason.id.as_str()).collect();
        reasons.join(", ")
    };
    match reason {
        None if target.reasons.is_empty() => None,
        None => fault("reason_required", Message::new("reason_required").with("reasons", in_use())),
        Some(reason) => match target.reasons.get(reason) {
            Some(known) if !known.retired => None,
            Some(known) => fault("reason_required", Message::new("reason_retired").with("reason", known.label.clone())),
            None if target.reasons.is_empty() => {
                fault("reason_required", Message::new("reason_not_asked").with("stage", target.label.clone()))
            }
            None => {
                let message = Message::new("reason_unknown").with("reason", reason.as_str()).with("reasons", in_use());
                fault("reason_required", message)
            }
        },
    }
}

/// A deal that cools off is not taken up before its time.
pub(super) fn cooling(until: Time, now: Time) -> Checked {
    let is_over = until <= now;
    let outcome = if is_over { CheckOutcome::Met } else { CheckOutcome::Unmet };
    let message = Message::new(if is_over { "cooling_over" } else { "cooling" }).with("until", until);
    let mut checked = Checked::new(Key::new("cooling"), CheckedKind::Cooling, outcome, message);
    checked.possible_from = (!is_over).then_some(until);
    checked
}
