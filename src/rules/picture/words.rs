//! What stands in a picture, in the reader's language.

use crate::rules::expression::{Entity, Path};
use crate::rules::model::{
    ContractState, Criterion, CriterionKind, Different, Figure, Funnel, Mode, Move, MoveFrom, MoveTo, Rules, Span,
    Stage, StageKind,
};
use crate::texts::Message;
use crate::values::{Decimal, Key, Language};

/// Says things about one funnel to one reader.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub rules: &'a Rules,
    pub funnel: &'a Funnel,
    pub wanted: &'a [Language],
}

impl Words<'_> {
    pub fn say(&self, message: &Message) -> String {
        message.render(self.wanted)
    }

    fn word(&self, code: &'static str) -> String {
        self.say(&Message::new(code))
    }

    pub fn span(&self, span: Span) -> String {
        match span {
            Span::WorkdaysMilli(_) => {
                let n = span.to_string().trim_end_matches("wd").to_owned();
                self.say(&Message::new(if n == "1" { "picture_workday" } else { "picture_workdays" }).with("n", n))
            }
            Span::ElapsedMicros(_) => self.say(&Message::new("picture_elapsed").with("span", span.to_string())),
        }
    }

    pub fn title(&self) -> String {
        self.funnel.label.get(self.wanted).to_owned()
    }

    /// The whole picture in one sentence, for who cannot see it.
    pub fn description(&self) -> String {
        let stage = |stage: &Stage| {
            let code = match stage.kind {
                StageKind::Start => "picture_stage_start",
                StageKind::Open => "picture_stage_open",
                StageKind::Won => "picture_stage_won",
                StageKind::Lost => "picture_stage_lost",
            };
            self.say(&Message::new(code).with("stage", self.label(stage)))
        };
        let stages: Vec<String> = self.funnel.stages.iter().map(stage).collect();
        let n = i64::try_from(stages.len()).unwrap_or(0);
        let message = Message::new("picture_description").with("funnel", self.title()).with("n", n);
        self.say(&message.with("stages", stages.join(" → ")))
    }

    pub fn intake(&self) -> Option<String> {
        let n = self.funnel.intake_per_workday?;
        Some(self.say(&Message::new("picture_intake").with("n", n.normalize().to_string())))
    }

    pub fn label(&self, stage: &Stage) -> String {
        stage.label.get(self.wanted).to_owned()
    }

    fn label_of(&self, id: &Key) -> String {
        self.funnel.stage(id).map_or_else(|| id.to_string(), |stage| self.label(stage))
    }

    /// What is aimed at in a stage: dwell, rate, holding.
    pub fn aims(&self, stage: &Stage) -> Vec<String> {
        let mut aims = Vec::new();
        let mut aim =
            |code: &'static str, figure: String| aims.push(self.say(&Message::new(code).with("figure", figure)));
        if let Some(dwell) = &stage.dwell {
            aim("picture_dwell", cases(dwell, |span| self.span(*span)));
        }
        if let Some(rate) = &stage.rate {
            aim("picture_rate", cases(rate, |rate| format!("{}%", (rate * Decimal::ONE_HUNDRED).normalize())));
        }
        aims.extend(self.holding(stage));
        aims
    }

    fn holding(&self, stage: &Stage) -> Option<String> {
        let holding = &stage.holding;
        let count = |figure: &Figure<u32>| cases(figure, ToString::to_string);
        let limit = |code: &'static str, figure: &Figure<u32>| self.say(&Message::new(code).with("n", count(figure)));
        let warn = holding.warn.as_ref().map(|figure| limit("picture_warn_at", figure));
        let most = holding.at_most.as_ref().map(|figure| limit("picture_most", figure));
        let limits = self.listed(&warn.into_iter().chain(most).collect::<Vec<_>>());
        let message = match &holding.ideal {
            Some(ideal) => {
                let figure = cases(ideal, |ideal| ideal.normalize().to_string());
                let code = if limits.is_empty() { "picture_hold" } else { "picture_hold_limits" };
                Message::new(code).with("figure", figure)
            }
            None if limits.is_empty() => return None,
            None => Message::new("picture_hold").with("figure", limits.as_str()),
        };
        Some(self.say(&message.with("limits", limits)))
    }

    /// Of a criterion: how hard it is, and what it demands.
    pub fn demand(&self, criterion: &Criterion) -> String {
        let mut parts = vec![self.demanded(&criterion.kind)];
        if let Some(when) = &criterion.when {
            parts.push(self.say(&Message::new("picture_if").with("when", when.source())));
        }
        match criterion.mode {
            Mode::Enforce => {}
            Mode::Warn => parts.push(self.word("picture_warns")),
            Mode::Audit => parts.push(self.word("picture_records")),
        }
        self.listed(&parts)
    }

    fn demanded(&self, kind: &CriterionKind) -> String {
        match kind {
            CriterionKind::Has(paths) => self.joined(&paths.iter().map(|path| self.field(path)).collect::<Vec<_>>()),
            CriterionKind::Require(expression) => expression.source().to_owned(),
            CriterionKind::Activity { kind, outcome, at_least, within, different } => {
                let known = self.rules.activities.get(kind);
                let mut name = known.map_or_else(|| kind.to_string(), |known| known.label.get(self.wanted).to_owned());
                if let Some(outcome) = outcome {
                    let label = known.and_then(|known| known.outcomes.get(outcome));
                    let label = label.map_or_else(|| outcome.to_string(), |one| one.label.get(self.wanted).to_owned());
                    name = self.say(&Message::new("picture_outcome").with("kind", name).with("outcome", label));
                }
                let mut parts = vec![match at_least {
                    1 => name,
                    n => self.say(&Message::new("picture_activity").with("kind", name).with("n", i64::from(*n))),
                }];
                if let Some(within) = within {
                    parts.push(self.say(&Message::new("picture_within").with("span", self.span(*within))));
                }
                parts.extend(different.map(|different| {
                    self.word(match different {
                        Different::People => "picture_people",
                        Different::Days => "picture_days",
                    })
                }));
                self.joined(&parts)
            }
            CriterionKind::Dwelt { stage, at_least } => {
                let message = Message::new("picture_dwelt").with("span", self.span(*at_least));
                self.say(&message.with("stage", self.label_of(stage)))
            }
            CriterionKind::Contract(state) => self.word(match state {
                ContractState::Signed => "picture_contract_signed",
                ContractState::Delivered => "picture_contract_delivered",
                ContractState::Paid => "picture_contract_paid",
                ContractState::Accepted => "picture_contract_accepted",
            }),
        }
    }

    /// A field by its label; what the product knows by itself by its name.
    fn field(&self, path: &Path) -> String {
        let fields = match path.entity {
            Entity::Customer => Some(&self.rules.fields.customer),
            Entity::Deal => Some(&self.rules.fields.deal),
            _ => None,
        };
        match (path.entity, path.name.as_str()) {
            (Entity::Deal, "grade") => return self.word("picture_field_grade"),
            (Entity::Deal, "product") => return self.word("picture_field_product"),
            (Entity::Customer, "contacts") => return self.word("picture_field_contacts"),
            _ => {}
        }
        let declared = fields.and_then(|fields| fields.get(&path.name));
        declared.map_or_else(|| path.to_string(), |field| field.label.get(self.wanted).to_owned())
    }

    /// Why deals end in a stage.
    pub fn reasons(&self, stage: &Stage) -> Vec<String> {
        let reason = |reason: &crate::rules::model::Reason| {
            let label = reason.label.get(self.wanted);
            match reason.cooling {
                Some(span) => {
                    self.say(&Message::new("picture_cooling").with("reason", label).with("span", self.span(span)))
                }
                None => label.to_owned(),
            }
        };
        stage.reasons.values().filter(|reason| !reason.retired).map(reason).collect()
    }

    /// Who makes a move, and under what conditions; nothing if everybody may without any.
    pub fn conditions(&self, step: &Move) -> Vec<String> {
        let mut parts = Vec::new();
        if !step.by.is_empty() {
            let role = |id: &Key| {
                let known = self.rules.roles.get(id);
                known.map_or_else(|| id.to_string(), |role| role.label.get(self.wanted).to_owned())
            };
            let roles = self.joined(&step.by.iter().map(role).collect::<Vec<_>>());
            parts.push(self.say(&Message::new("picture_only").with("roles", roles)));
        }
        if step.reason_required {
            parts.push(self.word("picture_with_reason"));
        }
        if let Some(when) = &step.when {
            parts.push(self.say(&Message::new("picture_if").with("when", when.source())));
        }
        parts.extend(step.enter.iter().map(|criterion| self.demand(criterion)));
        parts
    }

    pub fn from(&self, step: &Move) -> String {
        match &step.from {
            MoveFrom::Creation => self.word("picture_creation"),
            MoveFrom::Stage(stage) => self.label_of(stage),
        }
    }

    pub fn to(&self, step: &Move) -> String {
        match &step.to {
            MoveTo::Origin => self.word("picture_origin"),
            MoveTo::Stage(stage) => self.label_of(stage),
        }
    }

    /// Parts of a sentence, with commas.
    fn listed(&self, parts: &[String]) -> String {
        parts.join(if crate::texts::spoken(self.wanted) == "zh" { "，" } else { ", " })
    }

    /// In Chinese a comma of its own width stands between the parts of a list.
    pub fn joined(&self, parts: &[String]) -> String {
        let comma = if crate::texts::spoken(self.wanted) == "zh" { "、" } else { ", " };
        parts.join(comma)
    }
}

/// The cases of a figure, without their conditions: those are for the file.
fn cases<T>(figure: &Figure<T>, told: impl Fn(&T) -> String) -> String {
    figure.cases.iter().map(|case| told(&case.is)).collect::<Vec<_>>().join(" / ")
}
