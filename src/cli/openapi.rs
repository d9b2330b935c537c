//! `loudou openapi`: prints the OpenAPI document, as it is committed in `openapi/openapi.json`.

use crate::api::document::Document;
use crate::api::operations;
use std::io::Write;
use std::process::ExitCode;

/// Prints the document.
#[must_use]
pub fn run() -> ExitCode {
    let table = operations::all();
    let document = Document::of(&table);
    for fault in operations::check(&table, &document.json) {
        eprintln!("{fault}");
    }
    match std::io::stdout().write_all(document.text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
