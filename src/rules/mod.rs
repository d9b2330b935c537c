//! What the business wrote: the YAML text, checked and compiled into `Rules`, or every problem at once.
//!
//! No I/O, no clock. Names `values` and `texts` only. The way of a file: `document` (YAML to a tree with places), the
//! sections (`reader` and one file each), `check` (puts them together), `oddities` (warnings), `render` (for people). Of
//! compiled rules: `diff` (what changed, in words), `picture` (the funnels drawn).

pub mod action;
pub mod calendar;
mod cast;
pub mod check;
mod company;
mod constancy;
mod contradictions;
mod criteria;
mod criterion;
pub(crate) mod demand;
pub mod diff;
mod document;
pub mod expression;
mod fields;
mod figures;
mod funnels;
mod grades;
mod graph;
pub mod keys;
mod likes;
mod lists;
pub mod little;
pub mod migrate;
pub mod model;
mod moves;
pub mod names;
mod node;
mod oddities;
pub mod picture;
mod play;
pub(crate) mod powers;
pub mod problem;
mod reader;
pub mod renames;
pub mod render;
mod roles;
mod samples;
mod scalars;
pub mod scenarios;
pub mod schema;
mod slips;
pub mod span;
pub mod spelling;
pub(crate) mod worth_trying;

pub use check::{Checked, check, check_bytes, hash};
pub use model::Rules;
pub use problem::{Place, Problem, Severity};

#[cfg(test)]
mod tests;
