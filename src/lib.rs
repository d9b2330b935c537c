//! Loudou: a headless sales-funnel service.
//!
//! The map. A module may name only what stands above it here; `tests/architecture` holds it to that.
//!
//! | module | what it is for | may name |
//! |---|---|---|
//! | `values` | the words everything shares: ids, instants, money, text | - |
//! | `texts` | the product's own sentences in its languages | `values` |
//! | `rules` | WHAT THE BUSINESS WROTE: YAML text to checked, compiled `Rules`, or every problem at once | the above |
//! | `engine` | WHAT IS ALLOWED: (rules, facts, actor, now) to a decision with its reasons. Pure | the above |
//! | `insight` | WHAT THE NUMBERS MEAN: the arithmetic of reports. Pure | the above |
//! | `settings` | how this process runs: flags and environment | `values` |
//! | `store` | WHAT HAPPENED: the only place that names diesel; SQLite and PostgreSQL behind one face | the above |
//! | `workflow` | WHAT A PERSON CAN DO: one use case a file; every write of the product goes through here | the above |
//! | `api` | HTTP: the only place that names actix, utoipa, jsonwebtoken | the above |
//! | `jobs` | THE CLOCK: what runs without a request | all but `api` |
//! | `cli` | the commands; builds the application; owns the one real clock | all |

pub mod api;
pub mod cli;
pub mod engine;
pub mod insight;
pub mod jobs;
pub mod rules;
pub mod settings;
pub mod store;
pub mod texts;
pub mod values;
pub mod workflow;
