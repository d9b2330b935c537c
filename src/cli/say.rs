//! What commands say on standard output. Whoever reads it may have stopped reading (`| head`): that is no fault, and
//! nothing is worth saying about it.

use std::io::Write;

/// Says a text as it is.
pub(super) fn text(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Says a text and ends the line.
pub(super) fn line(line: &str) {
    text(&format!("{line}\n"));
}
