//! Funnels and their stages: what a deal passes through, with targets, holdings and criteria.

use super::criteria::Words;
use super::expression::Vocabulary;
use super::keys::table;
use super::model::{Figure, Funnel, Holding, Reason, Stage, StageKind};
use super::node::{Content, Node};
use super::reader::{Reader, Section};
use super::scalars::Letters;
use crate::texts::Message;
use crate::values::{Decimal, Key};
use indexmap::IndexMap;

/// Funnels of a company: one for each product line.
const FUNNELS_AT_MOST: usize = 50;
/// Stages of a funnel; pairs of them are moves, so this bounds the graph too.
pub(in crate::rules) const STAGES_AT_MOST: usize = 50;
/// Reasons of a lost stage, methods of a stage: a person has to choose.
const REASONS_AT_MOST: usize = 100;

/// What is known of a funnel before anything is compiled: other sections name its stages, reasons and moves.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Outline<'a> {
    pub id: Key,
    pub section: Section<'a>,
    pub stages: Vec<StageOutline<'a>>,
    /// Nothing is wrong with the stages so far: only then the graph is worth looking at.
    pub sound: bool,
}

#[derive(Clone, Debug)]
pub(in crate::rules) struct StageOutline<'a> {
    pub id: Key,
    pub kind: StageKind,
    pub retired: bool,
    pub reasons: Vec<Key>,
    pub section: Section<'a>,
}

impl<'a> Reader<'a> {
    /// The funnels with their stages' ids and kinds.
    pub(in crate::rules) fn outline(&self, file: Section<'a>) -> Vec<Outline<'a>> {
        let mut outlines: Vec<Outline<'a>> = Vec::new();
        let Some(node) = file.get("funnels") else { return outlines };
        let entries = self.mapping(node).unwrap_or_default();
        self.at_most(node, entries.len(), FUNNELS_AT_MOST);
        for entry in entries.iter().take(FUNNELS_AT_MOST) {
            let path = &entry.value.path;
            let id = self.id_text(&entry.key, entry.key_place, path, Letters::Small);
            let Some(section) = self.section(&entry.value, &table::FUNNEL) else { continue };
            let before = self.problems.count();
            let stages = self.stage_outlines(section);
            let sound = self.problems.count() == before;
            if let Some(id) = id {
                outlines.push(Outline { id, section, stages, sound });
            }
        }
        if entries.is_empty() && matches!(node.content, Content::Map { .. }) {
            self.error(node, Message::new("empty_list"));
        }
        outlines
    }

    fn stage_outlines(&self, funnel: Section<'a>) -> Vec<StageOutline<'a>> {
        let mut stages: Vec<StageOutline<'a>> = Vec::new();
        let Some(node) = funnel.get("stages") else {
            if !funnel.has("stages") {
                let message = Message::new("missing_key").with("key", "stages");
                let example = "stages: [{id: resource, kind: start}, {id: implemented, kind: won}]";
                self.error(funnel.node, message.with("example", example));
            }
            return stages;
        };
        let items = self.some_items(node).unwrap_or_default();
        if items.is_empty() {
            return stages;
        }
        self.at_most(node, items.len(), STAGES_AT_MOST);
        for item in items.iter().take(STAGES_AT_MOST) {
            let Some(section) = self.section(item, &table::STAGE) else { continue };
            let kind = match section.get("kind").map(|node| self.word(node, &table::STAGE_KINDS)) {
                Some(Some("start")) => StageKind::Start,
                Some(Some("won")) => StageKind::Won,
                Some(Some("lost")) => StageKind::Lost,
                Some(Some(_)) | Some(None) | None => StageKind::Open,
            };
            let Some(id) = section.get("id").and_then(|node| self.id(node, Letters::Small)) else { continue };
            if stages.iter().any(|stage| stage.id == id) {
                self.error(item, Message::new("said_twice").with("text", id.as_str()));
                continue;
            }
            let reasons = self.reason_ids(section);
            // Read where the stage is; here only what others need to know.
            let retired =
                section.get("retired").is_some_and(|node| node.scalar().is_some_and(|word| word.text == "true"));
            stages.push(StageOutline { id, kind, retired, reasons, section });
        }
        self.check_order(node, &stages);
        stages
    }

    fn reason_ids(&self, stage: Section<'a>) -> Vec<Key> {
        let Some(node) = stage.get("reasons") else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), REASONS_AT_MOST);
        let mut ids: Vec<Key> = Vec::new();
        for item in items.iter().take(REASONS_AT_MOST) {
            let Some(section) = self.section(item, &table::REASON) else { continue };
            let Some(id) = section.get("id").and_then(|node| self.id(node, Letters::Small)) else { continue };
            if ids.contains(&id) {
                self.error(item, Message::new("said_twice").with("text", id.as_str()));
            } else {
                ids.push(id);
            }
        }
        ids
    }

    /// One start, first; open ones; then won and lost.
    fn check_order(&self, node: &Node, stages: &[StageOutline<'a>]) {
        let rank = |kind| match kind {
            StageKind::Start => 0,
            StageKind::Open => 1,
            StageKind::Won | StageKind::Lost => 2,
        };
        let mut highest = 0;
        for stage in stages {
            if rank(stage.kind) < highest {
                let message = Message::new("stage_out_of_order").with("stage", stage.id.as_str());
                self.error(stage.section.node, message);
            }
            highest = highest.max(rank(stage.kind));
        }
        let mut starts = stages.iter().filter(|stage| stage.kind == StageKind::Start);
        let first = starts.next();
        if first.is_none() {
            self.error(node, Message::new("no_start"));
        }
        for other in starts {
            self.error(other.section.node, Message::new("two_starts").with("stage", other.id.as_str()));
        }
        if let Some(first) = first.filter(|stage| stage.retired) {
            self.error(first.section.node, Message::new("start_retired"));
        }
        if !stages.iter().any(|stage| stage.kind == StageKind::Won) {
            self.error(node, Message::new("no_won"));
        }
    }

    pub(in crate::rules) fn read_funnel(&self, outline: &Outline<'a>, words: &Words<'a>, roles: &[Key]) -> Funnel {
        let vocabulary = words.vocabulary.within(Some(&outline.id));
        let section = &outline.section;
        let intake = section.get("intake").and_then(|node| self.section(node, &table::INTAKE)).and_then(|section| {
            let node = section.get("per_workday")?;
            let number = self.number(node)?;
            if number.is_zero() {
                self.error(node, Message::new("intake_of_nothing"));
                return None;
            }
            Some(number)
        });
        let stages = outline.stages.iter().map(|stage| self.read_stage(stage, words, &vocabulary)).collect();
        let moves = self.read_moves(outline, words, &vocabulary, roles);
        Funnel {
            id: outline.id.clone(),
            label: self.label_or_id(Some(*section), &outline.id),
            intake_per_workday: intake,
            stages,
            moves,
        }
    }

    fn read_stage(&self, outline: &StageOutline<'a>, words: &Words<'a>, vocabulary: &Vocabulary) -> Stage {
        let section = outline.section;
        let closed = matches!(outline.kind, StageKind::Won | StageKind::Lost);
        for key in ["dwell", "rate", "holding"] {
            if closed && section.has(key) {
                let message = Message::new("key_of_open_stages").with("key", key).with("stage", outline.id.as_str());
                self.error_at(section.key_place(key), &section.node.path, message);
            }
        }
        if outline.kind == StageKind::Lost && outline.reasons.is_empty() && !section.has("reasons") {
            self.error(section.node, Message::new("lost_without_reasons").with("stage", outline.id.as_str()));
        }
        if outline.kind != StageKind::Lost && section.has("reasons") {
            let message = Message::new("reasons_of_lost_stages").with("stage", outline.id.as_str());
            self.error_at(section.key_place("reasons"), &section.node.path, message);
        }
        let enter = section.get("enter").map(|node| self.criteria(node, words, vocabulary)).unwrap_or_default();
        if outline.kind == StageKind::Start && !enter.is_empty() {
            // Deals come back here by being released: nothing may keep them from it.
            self.error_at(section.key_place("enter"), &section.node.path, Message::new("criteria_of_start"));
        }
        Stage {
            id: outline.id.clone(),
            kind: outline.kind,
            label: self.label_or_id(Some(section), &outline.id),
            state: section.get("state").and_then(|node| self.label(node)),
            standards: self.texts(section, "standards"),
            dwell: section
                .get("dwell")
                .and_then(|node| self.figure(node, words, vocabulary, |node| self.workdays(node))),
            rate: section.get("rate").and_then(|node| self.figure(node, words, vocabulary, |node| self.share(node))),
            holding: self.read_holding(section, words, vocabulary),
            methods: self.read_stage_methods(section, words),
            enter,
            reasons: self.read_reasons(section),
            retired: self.flag(section, "retired"),
            line: section.node.place.line,
        }
    }

    fn read_stage_methods(&self, section: Section<'a>, words: &Words<'a>) -> Vec<Key> {
        let Some(node) = section.get("methods") else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), REASONS_AT_MOST);
        items.iter().filter_map(|item| self.reference(item, "method", &words.methods)).collect()
    }

    fn read_reasons(&self, section: Section<'a>) -> IndexMap<Key, Reason> {
        let Some(node) = section.get("reasons") else { return IndexMap::new() };
        let reason = |item: &'a Node| {
            let section = self.section(item, &table::REASON)?;
            let id = section.get("id").and_then(|node| self.id(node, Letters::Small))?;
            let cooling = section.get("cooling").and_then(|node| self.span(node));
            let label = self.label_or_id(Some(section), &id);
            Some((id.clone(), Reason { id, label, cooling, retired: self.flag(section, "retired") }))
        };
        self.list(node).unwrap_or_default().iter().filter_map(reason).collect()
    }

    fn read_holding(&self, stage: Section<'a>, words: &Words<'a>, vocabulary: &Vocabulary) -> Holding {
        let Some(section) = stage.get("holding").and_then(|node| self.section(node, &table::HOLDING)) else {
            return Holding::default();
        };
        let whole = |key: &str| {
            let kind = table::HOLDING.key(key).map(|key| match &key.kind {
                super::keys::Kind::Figure(kind) => kind,
                other => other,
            })?;
            self.figure(section.get(key)?, words, vocabulary, |node| self.whole(node, kind))
        };
        let ideal =
            section.get("ideal").and_then(|node| self.figure(node, words, vocabulary, |node| self.number(node)));
        let holding = Holding { ideal, warn: whole("warn"), at_most: whole("at_most") };
        self.check_holding(section, &holding);
        holding
    }

    /// Ideal, then warning, then cap: the other way round one of them could never be told.
    fn check_holding(&self, section: Section<'a>, holding: &Holding) {
        let ideal = single(holding.ideal.as_ref());
        let warn = single(holding.warn.as_ref()).map(Decimal::from);
        let at_most = single(holding.at_most.as_ref()).map(Decimal::from);
        let pairs =
            [("ideal", ideal, "warn", warn), ("ideal", ideal, "at_most", at_most), ("warn", warn, "at_most", at_most)];
        for (low, less, high, more) in pairs {
            if let (Some(less), Some(more)) = (less, more)
                && less > more
            {
                let message = Message::new("holding_order").with("low", low).with("less", less.to_string());
                let message = message.with("high", high).with("more", more.to_string());
                self.error_at(section.key_place(low), &section.node.path, message);
            }
        }
    }
}

/// A figure that is the same in all cases.
pub(in crate::rules) fn single<T: Copy>(figure: Option<&Figure<T>>) -> Option<T> {
    match figure?.cases.as_slice() {
        [only] => Some(only.is),
        _ => None,
    }
}
