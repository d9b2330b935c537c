//! The clock: what runs without a request. Jobs call `workflow` as the product itself, and are safe on many processes at
//! once: what they do is decided and guarded like any call.

pub mod active_rules;
pub mod rules_file;
pub mod rules_replays;
pub mod rules_schedule;
pub mod rules_shadow;
