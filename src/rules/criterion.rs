//! Criteria, compiled: what must be so before a deal enters a stage or makes a move.

use super::expression::{Expression, Path, Read};
use super::model::Span;
use crate::values::{Date, Key, Localized};

/// A condition to enter a stage or to make a move.
#[derive(Debug)]
pub struct Criterion {
    /// Unique in its stage; a published name.
    pub id: Key,
    pub kind: CriterionKind,
    /// Applies only if this holds; unknown = applies.
    pub when: Option<Expression>,
    pub mode: Mode,
    /// Warns before this date and enforces from it on.
    pub enforce_from: Option<Date>,
    pub message: Option<Localized>,
    /// What its kind reads, by the names under which decisions keep it (`CriterionKind::names`); an expression names its
    /// own reads.
    pub names: Vec<Key>,
    /// Line in the rules file, 1-based: for people who look for it.
    pub line: u32,
}

#[derive(Debug)]
pub enum CriterionKind {
    /// All of these are present.
    Has(Vec<Path>),
    Require(Expression),
    /// At least so many activities of a kind since the deal began, or within a span.
    Activity {
        kind: Key,
        outcome: Option<Key>,
        at_least: u32,
        within: Option<Span>,
        different: Option<Different>,
    },
    /// The deal spent at least so long in a stage (all its visits together).
    Dwelt {
        stage: Key,
        at_least: Span,
    },
    Contract(ContractState),
}

/// Of what activities that count must differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Different {
    /// The person talked to.
    People,
    /// The local day.
    Days,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContractState {
    Signed,
    Delivered,
    Paid,
    Accepted,
}

/// How hard a criterion or validation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Enforce,
    Warn,
    /// Only recorded.
    Audit,
}

impl Criterion {
    /// What it demands, as the rules say it.
    #[must_use]
    pub fn rule(&self) -> String {
        match &self.kind {
            CriterionKind::Has(paths) => {
                format!("has: [{}]", paths.iter().map(Path::to_string).collect::<Vec<_>>().join(", "))
            }
            CriterionKind::Require(expression) => expression.source().to_owned(),
            CriterionKind::Activity { kind, outcome, at_least, within, different } => {
                let mut said = format!("activity: {kind}");
                said.extend(outcome.iter().map(|outcome| format!(", outcome: {outcome}")));
                said.extend((*at_least > 1).then(|| format!(", at_least: {at_least}")));
                said.extend(within.iter().map(|within| format!(", within: {within}")));
                said.extend(different.iter().map(|different| match different {
                    Different::People => ", different: people",
                    Different::Days => ", different: days",
                }));
                said
            }
            CriterionKind::Dwelt { stage, at_least } => format!("dwelt: {stage}, at_least: {at_least}"),
            CriterionKind::Contract(state) => {
                let word = match state {
                    ContractState::Signed => "signed",
                    ContractState::Delivered => "delivered",
                    ContractState::Paid => "paid",
                    ContractState::Accepted => "accepted",
                };
                format!("contract: {word}")
            }
        }
    }
}

impl CriterionKind {
    /// What it reads, by the names under which decisions keep it, in the order in which it reads. They are made once,
    /// with the rules: a decision only points at them.
    pub(crate) fn names(&self) -> Vec<Key> {
        let keys = |names: &[&str]| names.iter().copied().map(Key::new).collect();
        match self {
            Self::Has(paths) => paths.iter().map(|path| Key::from(path.to_string())).collect(),
            Self::Require(_) => Vec::new(),
            Self::Activity { kind, outcome, within, different, .. } => {
                let read = Read::Count { kind: kind.clone(), outcome: outcome.clone(), within: *within };
                vec![Key::from(match different {
                    None => read.to_string(),
                    Some(Different::People) => format!("{read} of different people"),
                    Some(Different::Days) => format!("{read} on different days"),
                })]
            }
            // Working time and elapsed time are two.
            Self::Dwelt { stage, at_least: Span::WorkdaysMilli(_) } => vec![Key::from(format!("dwelt({stage})"))],
            Self::Dwelt { stage, at_least: Span::ElapsedMicros(_) } => {
                vec![Key::from(format!("dwelt({stage}) elapsed"))]
            }
            // Last, under what name it is kept that all contracts had come so far.
            Self::Contract(state) => keys(match state {
                ContractState::Signed => &["contract.signed", "contract(signed)"],
                ContractState::Delivered => &["contract.delivered", "contract(delivered)"],
                ContractState::Accepted => &["contract.accepted", "contract(accepted)"],
                ContractState::Paid => &["contract.amount", "contract.paid", "contract(paid)"],
            }),
        }
    }
}
