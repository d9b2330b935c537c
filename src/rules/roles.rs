//! Roles: what each may do, to which rows, seeing which fields. Deny by default; `never` wins.

use super::criteria::Words;
use super::expression::{Entity, Path, Place, Type};
use super::keys::table;
use super::model::{Action, FieldKind, Fields, Grant, Mask, Never, Role, Scope};
use super::node::{Content, Node};
use super::problem::{did_you_mean, quoted};
use super::reader::{Reader, Section};
use super::scalars::Letters;
use crate::texts::Message;
use crate::values::Key;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Roles of a company.
const ROLES_AT_MOST: usize = 100;
/// Grants of one role: every row read is held against all of them.
const GRANTS_AT_MOST: usize = 50;

/// What stands before the point of an action; `deals.*` means those of the group that need not be named.
pub(in crate::rules) const GROUPS: [&str; 6] = ["deals", "customers", "pool", "reports", "people", "rules"];

/// Where names stand that a grant closes: nothing is searched by them, so all names of a decision can be said.
const CLOSED: Place = Place::Decision;

/// Actions of the format whose behaviour comes with a later version.
const LATER: [&str; 9] = [
    "deals.lock",
    "customers.merge",
    "customers.import",
    "customers.export",
    "customers.erase",
    "pool.claim",
    "approvals.decide",
    "people.handover",
    "rules.override",
];

impl<'a> Reader<'a> {
    /// The ids, for moves and expressions.
    pub(in crate::rules) fn role_ids(&self, file: Section<'a>) -> Vec<Key> {
        let Some(node) = file.get("roles") else { return Vec::new() };
        let entries = self.mapping(node).unwrap_or_default();
        self.at_most(node, entries.len(), ROLES_AT_MOST);
        entries
            .iter()
            .take(ROLES_AT_MOST)
            .filter_map(|entry| self.id_text(&entry.key, entry.key_place, &entry.value.path, Letters::Small))
            .collect()
    }

    pub(in crate::rules) fn read_roles(
        &self,
        file: Section<'a>,
        fields: &Fields,
        words: &Words<'a>,
    ) -> IndexMap<Key, Role> {
        let mut roles = IndexMap::new();
        let Some(node) = file.get("roles") else { return roles };
        for entry in self.mapping(node).unwrap_or_default().iter().take(ROLES_AT_MOST) {
            let Some(section) = self.section(&entry.value, &table::ROLE) else { continue };
            let id = Key::new(&entry.key);
            let may = self.each(section, "may", |node| self.grant(node, fields, words));
            let never = self.each(section, "never", |node| self.never(node, words));
            roles.insert(id.clone(), Role { label: self.label_or_id(Some(section), &id), id, may, never });
        }
        roles
    }

    fn each<T>(&self, section: Section<'a>, key: &str, read: impl Fn(&'a Node) -> Option<T>) -> Vec<T> {
        let Some(node) = section.get(key) else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), GRANTS_AT_MOST);
        items.iter().take(GRANTS_AT_MOST).filter_map(read).collect()
    }

    fn grant(&self, node: &'a Node, fields: &Fields, words: &Words<'a>) -> Option<Grant> {
        let section = self.section(node, &table::GRANT)?;
        let actions = self.actions(section);
        let scope = section.get("scope").and_then(|node| self.word(node, &table::SCOPES)).map(|word| match word {
            "own" => Scope::Own,
            "team" => Scope::Team,
            _ => Scope::All,
        });
        let pool = actions.iter().any(|action| action.word().starts_with("pool."));
        if let (Some(Scope::Own), true, Some(node)) = (scope, pool, section.get("scope")) {
            self.error(node, Message::new("pool_is_nobodys_own"));
        }
        let when = self.grant_condition(section, &actions, words);
        let hide = self.hidden(section, "hide", words);
        let read_only = self.hidden(section, "read_only", words);
        let mask = self.masks(section, fields, words);
        Some(Grant { actions, scope: scope?, when, hide, mask, read_only })
    }

    fn never(&self, node: &'a Node, words: &Words<'a>) -> Option<Never> {
        let section = self.section(node, &table::NEVER)?;
        let actions = self.actions(section);
        let before = self.problems.count();
        let when = self.grant_condition(section, &actions, words);
        // A condition with a mistake must not become a prohibition of everything.
        (self.problems.count() == before || when.is_some()).then_some(Never { actions, when })
    }

    fn grant_condition(
        &self,
        section: Section<'a>,
        actions: &BTreeSet<Action>,
        words: &Words<'a>,
    ) -> Option<super::expression::Expression> {
        let without_rows = actions.iter().find(|action| {
            let word = action.word();
            word.starts_with("people.") || word.starts_with("rules.")
        });
        if let (Some(action), true) = (without_rows, section.has("when")) {
            let message = Message::new("condition_without_deal").with("action", action.word());
            self.error_at(section.key_place("when"), &section.node.path, message);
            return None;
        }
        let reads = actions.iter().any(|action| action.word().ends_with(".read"));
        let place = if reads { Place::Read } else { Place::Decision };
        self.when(section, place, &words.vocabulary, words.calendar.as_ref())
    }

    fn actions(&self, section: Section<'a>) -> BTreeSet<Action> {
        let mut actions = BTreeSet::new();
        let Some(node) = section.get("do") else { return actions };
        let items = self.some_items(node).unwrap_or_default();
        self.at_most(node, items.len(), Action::ALL.len() + LATER.len());
        for item in items {
            let Some(scalar) = self.scalar(item, "an_action") else { continue };
            let found = granted(&scalar.text);
            if found.is_empty() {
                self.unknown_action(item, &scalar.text);
            }
            actions.extend(found);
        }
        actions
    }

    fn unknown_action(&self, node: &Node, text: &str) {
        let later = LATER.contains(&text) || text == "approvals.*";
        if later {
            self.error(node, Message::new("not_yet_known").with("what", quoted(text)));
            return;
        }
        let known = Action::ALL.iter().map(|action| action.word());
        let message = Message::new("unknown_action").with("text", quoted(text));
        self.error_with(node, message, did_you_mean(text, known.chain(["deals.*", "customers.*", "pool.*"])));
    }

    /// Names of fields that a grant closes.
    fn hidden(&self, section: Section<'a>, key: &str, words: &Words<'a>) -> BTreeSet<Path> {
        let Some(node) = section.get(key) else { return BTreeSet::new() };
        let mut names = BTreeSet::new();
        for item in self.list(node).unwrap_or_default() {
            let Some((path, _)) = self.name(item, CLOSED, &words.vocabulary) else { continue };
            if !closable(&path, words) {
                self.error(item, Message::new("cannot_close").with("name", path.to_string()));
            } else if !names.insert(path.clone()) {
                self.error(item, Message::new("said_twice").with("text", path.to_string()));
            }
        }
        names
    }

    fn masks(&self, section: Section<'a>, fields: &Fields, words: &Words<'a>) -> Vec<(Path, Mask)> {
        let Some(node) = section.get("mask") else { return Vec::new() };
        let mut masks = Vec::new();
        for entry in self.mapping(node).unwrap_or_default() {
            let found = self.name_text(&entry.key, &entry.value, entry.key_place, CLOSED, &words.vocabulary);
            let mask = self.mask(&entry.value);
            let (Some((path, of)), Some(mask)) = (found, mask) else { continue };
            let kind = match path.entity {
                Entity::Customer => fields.customer.get(&path.name),
                _ => fields.deal.get(&path.name),
            };
            let kind = kind.map(|field| &field.kind);
            let fits = match mask {
                Mask::KeepFirst(_) | Mask::KeepLast(_) => of == Type::Text,
                Mask::Domain => matches!(kind, Some(FieldKind::Email | FieldKind::Url)),
                Mask::Year => matches!(of, Type::Date | Type::Time),
            };
            if of != Type::Faulty && !(fits && closable(&path, words)) {
                self.error(&entry.value, Message::new("mask_does_not_fit").with("name", path.to_string()));
                continue;
            }
            masks.push((path, mask));
        }
        masks
    }

    fn mask(&self, node: &'a Node) -> Option<Mask> {
        if let Content::Scalar(_) = &node.content {
            return Some(if self.word(node, &["domain", "year"])? == "domain" { Mask::Domain } else { Mask::Year });
        }
        let section = self.section(node, &table::MASK)?;
        let count = |key: &str| section.get(key).and_then(|node| self.whole_between(node, 0, 100));
        match (section.has("keep_first"), section.has("keep_last")) {
            (true, false) => count("keep_first").map(Mask::KeepFirst),
            (false, true) => count("keep_last").map(Mask::KeepLast),
            _ => {
                self.error(node, Message::new("mask_of_one_kind"));
                None
            }
        }
    }

    pub(in crate::rules) fn read_first_administrator(
        &self,
        file: Section<'a>,
        roles: &IndexMap<Key, Role>,
        ids: &[Key],
    ) -> Vec<Key> {
        let Some(node) = file.get("first_administrator") else { return Vec::new() };
        let items = self.some_items(node).unwrap_or_default();
        let given: Vec<Key> = items.iter().filter_map(|item| self.reference(item, "role", ids)).collect();
        let complete = given.len() == items.len() && given.iter().all(|id| roles.contains_key(id));
        if complete && !given.is_empty() && !may(given.iter().filter_map(|id| roles.get(id)), Action::PeopleWrite) {
            self.error(node, Message::new("first_administrator_powerless"));
        }
        given
    }

    /// Nobody could ever change people or rules again: refused, as the way back would be the host's command line only.
    pub(in crate::rules) fn check_governable(&self, file: Section<'a>, roles: &IndexMap<Key, Role>) {
        let Some(node) = file.get("roles") else { return };
        for (action, code) in
            [(Action::PeopleWrite, "nobody_changes_people"), (Action::RulesActivate, "nobody_changes_rules")]
        {
            if !may(roles.values(), action) {
                self.error(node, Message::new(code));
            }
        }
    }
}

/// Whether one of these roles is granted the action, and not denied it outright.
pub(in crate::rules) fn may<'r>(roles: impl Iterator<Item = &'r Role>, action: Action) -> bool {
    let mut granted = false;
    for role in roles {
        if role.never.iter().any(|never| never.when.is_none() && never.actions.contains(&action)) {
            continue;
        }
        granted |= role.may.iter().any(|grant| grant.actions.contains(&action));
    }
    granted
}

/// `deals.read`, or `deals.*`: those of the group that need not be named.
fn granted(text: &str) -> Vec<Action> {
    match text.strip_suffix('*').filter(|group| group.ends_with('.')) {
        Some(group) => Action::ALL
            .into_iter()
            .filter(|action| action.word().starts_with(group) && !action.by_name_only())
            .collect(),
        None => Action::ALL.into_iter().filter(|action| action.word() == text).collect(),
    }
}

/// What can be hidden, masked or made read-only: what the company declared, contacts, grade, product. Stage, state and
/// owner are what permission itself rests on.
fn closable(path: &Path, words: &Words<'_>) -> bool {
    let name = &path.name;
    match path.entity {
        Entity::Customer => words.vocabulary.customer.contains_key(name) || *name == "contacts",
        Entity::Deal => words.vocabulary.deal.contains_key(name) || matches!(name.as_str(), "grade" | "product"),
        // Contracts are shown whole to whoever sees the deal.
        Entity::Contract | Entity::User | Entity::Owner | Entity::Receiver | Entity::Move => false,
    }
}
