//! Scenarios as written: what is done, and what is expected of it.

use super::cast::{Known, at_key, is_none};
use super::funnels::{Outline, StageOutline};
use super::keys::table;
use super::model::StageKind;
use super::node::{Content, Node};
use super::problem::quoted;
use super::reader::{Reader, Section};
use super::scenarios::{Act, Deed, Expect, ExpectedDeal, Given, PRODUCT_REASONS, Person, Scenario, Step};
use crate::texts::Message;
use crate::values::{Date, Key, Value};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Scenarios of a file, steps of one: all are run before rules become active.
const SCENARIOS_AT_MOST: usize = 500;
const STEPS_AT_MOST: usize = 100;

/// A scenario while it is read: who is known, which deals, and where each was last.
struct Playing<'s, 'a> {
    on: &'s Known<'s, 'a>,
    people: IndexMap<Key, Person>,
    /// Deals so far with their funnels.
    deals: IndexMap<Key, Key>,
    has_given: bool,
}

impl<'a> Reader<'a> {
    pub(in crate::rules) fn read_scenarios(&self, file: Section<'a>, on: &Known<'_, 'a>) -> Vec<Scenario> {
        let Some(node) = file.get("scenarios") else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), SCENARIOS_AT_MOST);
        items.iter().take(SCENARIOS_AT_MOST).filter_map(|item| self.scenario(item, on)).collect()
    }

    fn scenario(&self, node: &'a Node, on: &Known<'_, 'a>) -> Option<Scenario> {
        let section = self.section(node, &table::SCENARIO)?;
        let name = section.get("name").and_then(|node| self.label(node));
        // A Monday morning: two working days later is still the same week.
        let monday = Date::from_ymd_opt(2026, 3, 2).and_then(|date| date.and_hms_opt(10, 0, 0)).unwrap_or_default();
        let now = section.get("now").map_or(Some(monday), |node| self.local_time(node));
        let mut people = self.people(section, on);
        let mut deals = IndexMap::new();
        let mut given = self.given(section, &mut people, &mut deals, on);
        let mut playing = Playing { on, people, deals, has_given: section.has("given") };
        let steps = self.steps(section, &mut playing);
        own(&mut given, &steps);
        let given = given.into_iter().map(|(given, _)| given).collect();
        Some(Scenario { name: name?, now: now?, people: playing.people, given, steps, line: node.place.line })
    }

    fn steps(&self, section: Section<'a>, playing: &mut Playing<'_, 'a>) -> Vec<Step> {
        let short = section.has("do") || section.has("expect");
        let Some(node) = section.get("steps") else {
            if !short && !section.has("steps") {
                self.error(section.node, Message::new("scenario_without_steps"));
            }
            return if short { self.step(section, playing).into_iter().collect() } else { Vec::new() };
        };
        if short {
            self.error(section.node, Message::new("do_beside_steps"));
        }
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), STEPS_AT_MOST);
        let mut steps = Vec::new();
        for item in items.iter().take(STEPS_AT_MOST) {
            let Some(section) = self.section(item, &table::STEP) else { continue };
            if !section.has("expect") && !section.has("run") {
                let message = Message::new("missing_key").with("key", "expect").with("example", "expect: allowed");
                self.error(item, message);
            }
            steps.extend(self.step(section, playing));
        }
        steps
    }

    /// One step: of a list, or the only one, whose keys stand in the scenario itself.
    fn step(&self, section: Section<'a>, playing: &mut Playing<'_, 'a>) -> Option<Step> {
        let in_list = section.is_of(&table::STEP);
        let after = if in_list { section.get("after").and_then(|node| self.span(node)) } else { None };
        let written = section.get("do");
        let act = written.and_then(|node| self.act(node, playing));
        let expect = section.get("expect").map(|node| self.expect(node, playing));
        if written.is_some() && act.is_none() {
            return None;
        }
        let line = section.node.place.line;
        Some(Step { after, act, expect: expect.unwrap_or_default(), line })
    }

    fn act(&self, node: &'a Node, playing: &mut Playing<'_, 'a>) -> Option<Act> {
        let section = self.section(node, &table::ACT)?;
        let word = self.only_one(section, &table::DEEDS, &table::ACT)?;
        self.refuse_keys_of_other_deeds(section, word);
        let by = section.get("by").and_then(|node| self.person(node, &mut playing.people, playing.on));
        let target = section.get(word)?;
        if word == "create" {
            let deal = self.deal_name(target)?;
            let deed = self.create(section, playing)?;
            if let Deed::Create { funnel, .. } = &deed
                && playing.deals.insert(deal.clone(), funnel.clone()).is_some()
            {
                self.error(target, Message::new("said_twice").with("text", deal.as_str()));
            }
            return Some(Act { by: by?, deal, deed });
        }
        let named = if word == "release" { Some(target) } else { section.get("deal") };
        let deal = match named {
            Some(node) => self.reference(node, "deal", playing.deals.keys())?,
            None => self.only_deal(section, playing)?,
        };
        let outline =
            playing.deals.get(&deal).and_then(|id| playing.on.outlines.iter().find(|outline| outline.id == *id))?;
        let deed = self.deed(section, word, target, outline, playing)?;
        Some(Act { by: by?, deal, deed })
    }

    fn only_deal(&self, section: Section<'a>, playing: &Playing<'_, 'a>) -> Option<Key> {
        let mut deals = playing.deals.keys();
        match (deals.next(), deals.next()) {
            (Some(only), None) => Some(only.clone()),
            // What is given has a mistake, which was told.
            (None, _) if playing.has_given => None,
            (first, _) => {
                let example = format!("deal: {}", first.map_or("d1", Key::as_str));
                self.error(section.node, Message::new("missing_key").with("key", "deal").with("example", example));
                None
            }
        }
    }

    /// Keys that mean something for other deeds only.
    fn refuse_keys_of_other_deeds(&self, section: Section<'a>, word: &'static str) {
        let rows: [(&str, &[&str]); 11] = [
            ("deal", &["move", "grade", "assign", "log", "write"]),
            ("reason", &["move"]),
            ("note", &["move", "grade", "assign", "release"]),
            ("funnel", &["create"]),
            ("stage", &["create"]),
            ("customer", &["create"]),
            ("fields", &["create"]),
            ("product", &["create"]),
            ("owner", &["create"]),
            ("outcome", &["log"]),
            ("method", &["log"]),
        ];
        for (key, deeds) in rows.into_iter().chain([("contact", ["log"].as_slice())]) {
            if section.has(key) && !deeds.contains(&word) {
                let of: Vec<String> = deeds.iter().map(|deed| format!("`{deed}`")).collect();
                let message = Message::new("key_of_other_kind").with("key", key).with("kinds", of.join(", "));
                self.error_at(section.key_place(key), &section.node.path, message);
            }
        }
    }

    fn deed(
        &self,
        section: Section<'a>,
        word: &str,
        target: &'a Node,
        outline: &Outline<'a>,
        playing: &mut Playing<'_, 'a>,
    ) -> Option<Deed> {
        let note = section.get("note").and_then(|node| self.text(node));
        match word {
            "move" => {
                let stage = self.stage_of(target, outline)?;
                Some(Deed::Move { to: stage.id.clone(), reason: self.move_reason(section, stage), note })
            }
            "grade" => {
                let computed = target.scalar().is_some_and(|scalar| scalar.text == "computed");
                let to = if computed { None } else { Some(self.reference(target, "grade", playing.on.grades)?) };
                Some(Deed::Grade { to, note })
            }
            "assign" => Some(Deed::Assign { to: self.person(target, &mut playing.people, playing.on)?, note }),
            "release" => Some(Deed::Release { note }),
            "log" => {
                let (kind, outcome, method) = self.activity_of(section, "log", playing.on)?;
                let contact = section.get("contact").and_then(|node| self.text(node));
                Some(Deed::Log { kind, outcome, method, contact })
            }
            _ => self.write(target, playing),
        }
    }

    fn move_reason(&self, section: Section<'a>, stage: &StageOutline<'a>) -> Option<Key> {
        let node = section.get("reason")?;
        if stage.kind != StageKind::Lost {
            self.error(node, Message::new("reasons_of_lost_stages").with("stage", stage.id.as_str()));
            return None;
        }
        self.reference(node, "reason", &stage.reasons)
    }

    fn create(&self, section: Section<'a>, playing: &mut Playing<'_, 'a>) -> Option<Deed> {
        let outline = self.funnel(section, playing.on)?;
        let stage = match section.get("stage") {
            Some(node) => self.stage_of(node, outline)?,
            None => outline.stages.iter().find(|stage| stage.kind == StageKind::Start)?,
        };
        let by = section.get("by").and_then(|node| node.scalar()).map(|scalar| Key::new(&scalar.text));
        let owner = match section.get("owner") {
            Some(node) if is_none(node) => None,
            Some(node) => Some(self.person(node, &mut playing.people, playing.on)?),
            None => by,
        };
        let on = playing.on;
        Some(Deed::Create {
            funnel: outline.id.clone(),
            stage: stage.id.clone(),
            customer: self.values_under(section, "customer", &on.fields.customer, &playing.people, on),
            fields: self.values_under(section, "fields", &on.fields.deal, &playing.people, on),
            product: section.get("product").and_then(|node| self.reference(node, "product", on.products)),
            owner,
        })
    }

    /// `{deal.question: how much is it, customer.phone: none}`
    fn write(&self, target: &'a Node, playing: &Playing<'_, 'a>) -> Option<Deed> {
        let (mut customer, mut fields, mut product) = (IndexMap::new(), IndexMap::new(), None);
        let on = playing.on;
        for entry in self.mapping(target)? {
            let at = at_key(&entry.value, entry.key_place);
            if entry.key == "deal.product" {
                product = self.reference(&entry.value, "product", on.products);
                continue;
            }
            let (record, name) = entry.key.split_once('.').unwrap_or(("", &entry.key));
            let (declared, into): (_, &mut IndexMap<Key, Option<Value>>) = match record {
                "customer" => (&on.fields.customer, &mut customer),
                "deal" => (&on.fields.deal, &mut fields),
                _ => {
                    self.error(&at, Message::new("name_without_record").with("name", quoted(&entry.key)));
                    continue;
                }
            };
            let Some(field) = declared.get(name) else {
                self.unknown(&at, name, "field", declared.keys().map(Key::as_str));
                continue;
            };
            if is_none(&entry.value) {
                into.insert(field.id.clone(), None);
            } else if let Some(value) =
                self.value(&entry.value, &field.kind, &playing.people, on.words.calendar.as_ref())
            {
                into.insert(field.id.clone(), Some(value));
            }
        }
        Some(Deed::Write { customer, fields, product })
    }

    fn expect(&self, node: &'a Node, playing: &mut Playing<'_, 'a>) -> Expect {
        let mut expect = Expect::default();
        if let Content::Scalar(_) = &node.content {
            self.word(node, &["allowed"]);
            return expect;
        }
        let Some(section) = self.section(node, &table::EXPECT) else { return expect };
        expect.refused = section.get("refused").map(|node| self.reasons(node, playing));
        expect.warned = section.get("warned").map(|node| self.reasons(node, playing));
        for entry in section.rest() {
            let Some(deal) = playing.deals.get_key_value(entry.key.as_str()).map(|(deal, _)| deal.clone()) else {
                let known: Vec<String> =
                    playing.deals.keys().map(ToString::to_string).chain(["refused".into(), "warned".into()]).collect();
                let at = at_key(&entry.value, entry.key_place);
                self.unknown(&at, &entry.key, "deal", known.iter().map(String::as_str));
                continue;
            };
            if let Some(expected) = self.expected_deal(&entry.value, &deal, playing) {
                expect.deals.insert(deal, expected);
            }
        }
        expect
    }

    fn expected_deal(&self, node: &'a Node, deal: &Key, playing: &mut Playing<'_, 'a>) -> Option<ExpectedDeal> {
        let section = self.section(node, &table::EXPECTED_DEAL)?;
        let funnel = playing.deals.get(deal).cloned();
        let outline = playing.on.outlines.iter().find(|outline| Some(&outline.id) == funnel.as_ref());
        let stage = section.get("stage").zip(outline).and_then(|(node, outline)| self.stage_of(node, outline));
        let owner = section.get("owner").and_then(|node| match is_none(node) {
            true => Some(None),
            false => self.person(node, &mut playing.people, playing.on).map(Some),
        });
        let grade = section.get("grade").and_then(|node| self.reference(node, "grade", playing.on.grades));
        Some(ExpectedDeal { stage: stage.map(|stage| stage.id.clone()), owner, grade })
    }

    /// Ids of criteria and validations, and the product's own reasons.
    fn reasons(&self, node: &'a Node, playing: &Playing<'_, 'a>) -> BTreeSet<Key> {
        let known = playing.on.all_reasons();
        let items = self.list(node).unwrap_or_default();
        let reason = |item: &'a Node| match item.scalar() {
            Some(scalar) if !playing.on.complete => known.get(scalar.text.as_str()).cloned(),
            _ => self.reference(item, "criterion", known.iter()),
        };
        items.iter().filter_map(reason).collect()
    }
}

impl Known<'_, '_> {
    /// Everything that can refuse or warn.
    fn all_reasons(&self) -> BTreeSet<Key> {
        let mut known: BTreeSet<Key> = PRODUCT_REASONS.iter().map(|reason| Key::new(reason)).collect();
        known.extend(self.reasons.iter().cloned());
        known
    }
}

/// Whose a deal is when nobody was named: whoever acts first, so that a short scenario needs no cast.
fn own(given: &mut [(Given, bool)], steps: &[Step]) {
    let first = steps.iter().find_map(|step| step.act.as_ref()).map(|act| act.by.clone());
    for (given, _) in given.iter_mut().filter(|(given, said)| given.owner.is_none() && !said) {
        given.owner.clone_from(&first);
    }
}
