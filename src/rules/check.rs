//! From text to `Rules`, or every problem at once: reads the tree, gathers what is declared, compiles what rests on it.
//!
//! Pure: the date of today comes in (for warnings about next year), nothing else does.

use super::cast::Known;
use super::criteria::Words;
use super::document;
use super::expression::Vocabulary;
use super::fields::{Declared, no_currency};
use super::funnels::Outline;
use super::keys::table;
use super::likes;
use super::lists::ChoiceKeys;
use super::migrate::Migration;
use super::model::{Choice, Funnel, Rules};
use super::node::Node;
use super::problem::{Place, Problem, Problems, Severity};
use super::reader::{Reader, Section};
use crate::texts::Message;
use crate::values::{Currency, Date, Key};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};

/// The only format so far.
const FORMAT: u32 = 1;

/// How a check came out.
#[derive(Debug)]
pub struct Checked {
    /// The rules, if nothing is wrong; warnings do not keep them back.
    pub rules: Option<Rules>,
    /// In the order of the file.
    pub problems: Vec<Problem>,
}

/// Checks a rules file. `today` is for warnings that depend on the day; the result's rules do not depend on it.
#[must_use]
pub fn check(text: &str, today: Option<Date>) -> Checked {
    let problems = Problems::new(text.strip_prefix('\u{FEFF}').unwrap_or(text));
    let rules = document::read(text, &problems).and_then(|mut file| {
        likes::expand(&mut file, &problems);
        read(&file, &problems, today)
    });
    let rules = rules.filter(|_| !problems.has_errors());
    Checked { rules, problems: problems.into_sorted() }
}

/// The same of bytes as they come from a file or a request.
#[must_use]
pub fn check_bytes(bytes: &[u8], today: Option<Date>) -> Checked {
    match std::str::from_utf8(bytes) {
        Ok(text) => check(text, today),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let text = String::from_utf8_lossy(good);
            let problems = Problems::new(&text);
            let line = text.matches('\n').count();
            let column = text.rsplit('\n').next().unwrap_or("").chars().count();
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
            let place = Place { line: count(line), column: count(column), length: 1 };
            problems.report(Severity::Error, place, "", Message::new("not_utf8"), None);
            Checked { rules: None, problems: problems.into_sorted() }
        }
    }
}

/// SHA-256 of the text, in hexadecimal: what tells two versions of the rules apart.
#[must_use]
pub fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn read(file: &Node, problems: &Problems<'_>, today: Option<Date>) -> Option<Rules> {
    let mut reader = Reader { problems, languages: Vec::new(), currency: no_currency()?, today };
    let section = reader.section(file, &table::FILE)?;
    if let Some(node) = section.get("format")
        && reader.whole_between(node, 0, u32::MAX).is_some_and(|format| format != FORMAT)
    {
        reader.error(node, Message::new("format_unknown"));
    }
    reader.languages = reader.read_languages(section);
    let currency = section.get("currency").and_then(|node| reader.currency(node));
    reader.currency = currency.unwrap_or(reader.currency);
    let country = reader.read_country(section);
    let gathered = Gathered::of(&reader, section);
    let sections = compile(&reader, section, gathered);
    let migrate = reader.read_migrate(section);
    let unfinished = problems.has_errors();
    let mut rules = Rules {
        format: FORMAT,
        languages: reader.languages.clone(),
        currency: reader.currency,
        country,
        calendar: sections.words.calendar.clone()?,
        fields: sections.declared.fields,
        unique: sections.unique,
        products: sections.products,
        activities: sections.words.activities,
        methods: sections.methods,
        grades: sections.grades,
        validations: sections.validations,
        funnels: sections.funnels,
        roles: sections.roles,
        first_administrator: sections.first_administrator,
        activation_by_another: reader.read_activation(section),
        migrate: Migration::default(),
        scenarios: sections.scenarios,
    };
    if unfinished {
        return None;
    }
    rules.migrate = reader.check_migrate(migrate, &rules);
    reader.tell_oddities(section, &rules, &sections.outlines);
    Some(rules)
}

/// Everything declared, before anything that rests on it is compiled.
struct Gathered<'a> {
    declared: Declared,
    products: IndexMap<Key, Choice>,
    methods: IndexMap<Key, super::model::Method>,
    outlines: Vec<Outline<'a>>,
    roles: Vec<Key>,
    words: Words<'a>,
}

impl<'a> Gathered<'a> {
    fn of(reader: &Reader<'a>, file: Section<'a>) -> Self {
        let calendar = reader.read_calendar(file);
        let declared = reader.read_fields(file);
        let products =
            file.get("products").and_then(|node| reader.choices(node, ChoiceKeys::CHOICE)).unwrap_or_default();
        let activities = reader.read_activities(file);
        let methods = reader.read_methods(file);
        let named = reader.read_named(file);
        let grades = reader.grade_ids(file);
        let roles = reader.role_ids(file);
        let outlines = reader.outline(file);
        let vocabulary = vocabulary(reader.currency, &declared, &outlines, |outline| reader.move_ids(outline));
        let vocabulary = Vocabulary {
            products: products.keys().cloned().collect(),
            grades,
            activities: activities
                .iter()
                .map(|(id, kind)| (id.clone(), kind.outcomes.keys().cloned().collect()))
                .collect(),
            roles: roles.clone(),
            ..vocabulary
        };
        let words = Words { vocabulary, activities, methods: methods.keys().cloned().collect(), named, calendar };
        Self { declared, products, methods, outlines, roles, words }
    }
}

fn vocabulary<'a>(
    currency: Currency,
    declared: &Declared,
    outlines: &[Outline<'a>],
    moves: impl Fn(&Outline<'a>) -> Vec<Key>,
) -> Vocabulary {
    let mut vocabulary = Vocabulary::new(currency);
    vocabulary.customer.clone_from(&declared.customer);
    vocabulary.deal.clone_from(&declared.deal);
    vocabulary.user.clone_from(&declared.user);
    for outline in outlines {
        let stages = outline.stages.iter().map(|stage| stage.id.clone()).collect();
        vocabulary.funnels.insert(outline.id.clone(), stages);
        for id in moves(outline) {
            if !vocabulary.moves.contains(&id) {
                vocabulary.moves.push(id);
            }
        }
        for reason in outline.stages.iter().flat_map(|stage| &stage.reasons) {
            if !vocabulary.lost_reasons.contains(reason) {
                vocabulary.lost_reasons.push(reason.clone());
            }
        }
    }
    vocabulary
}

/// The sections that rest on what was gathered.
struct Sections<'a> {
    declared: Declared,
    products: IndexMap<Key, Choice>,
    methods: IndexMap<Key, super::model::Method>,
    outlines: Vec<Outline<'a>>,
    words: Words<'a>,
    unique: Vec<super::model::Combination>,
    grades: Vec<super::model::Grade>,
    validations: Vec<super::model::Validation>,
    funnels: IndexMap<Key, Funnel>,
    roles: IndexMap<Key, super::model::Role>,
    first_administrator: Vec<Key>,
    scenarios: Vec<super::scenarios::Scenario>,
}

fn compile<'a>(reader: &Reader<'a>, file: Section<'a>, gathered: Gathered<'a>) -> Sections<'a> {
    let Gathered { declared, products, methods, outlines, roles: role_ids, words } = gathered;
    let unique = reader.read_unique(file, &declared.fields, &words.vocabulary);
    let grades = reader.read_grades(file, &words);
    let validations = reader.read_validations(file, &words);
    let mut funnels = IndexMap::new();
    for outline in &outlines {
        let before = reader.problems.count();
        let funnel = reader.read_funnel(outline, &words, &role_ids);
        // A graph with a mistake in it has others that are its consequence.
        if outline.sound && reader.problems.count() == before {
            reader.check_graph(outline, &funnel);
        }
        funnels.insert(outline.id.clone(), funnel);
    }
    // A criterion with a mistake has no id to be named by.
    let funnels_faulty = reader.problems.has_errors();
    reader.check_unused(&words, &outlines);
    let before = reader.problems.count();
    let roles = reader.read_roles(file, &declared.fields, &words);
    if reader.problems.count() == before {
        reader.check_governable(file, &roles);
    }
    let first_administrator = reader.read_first_administrator(file, &roles, &role_ids);
    let reasons: Vec<Key> = reasons(&funnels, &validations);
    let known = Known {
        fields: &declared.fields,
        words: &words,
        outlines: &outlines,
        roles: &role_ids,
        products: &words.vocabulary.products,
        grades: &words.vocabulary.grades,
        reasons: &reasons,
        complete: !funnels_faulty,
    };
    let scenarios = reader.read_scenarios(file, &known);
    Sections {
        declared,
        products,
        methods,
        outlines,
        words,
        unique,
        grades,
        validations,
        funnels,
        roles,
        first_administrator,
        scenarios,
    }
}

fn reasons(funnels: &IndexMap<Key, Funnel>, validations: &[super::model::Validation]) -> Vec<Key> {
    let of_funnel = |funnel: &Funnel| {
        let stages = funnel.stages.iter().flat_map(|stage| &stage.enter);
        let moves = funnel.moves.iter().flat_map(|one| &one.enter);
        stages.chain(moves).map(|criterion| criterion.id.clone()).collect::<Vec<_>>()
    };
    let mut all: Vec<Key> = funnels.values().flat_map(of_funnel).collect();
    all.extend(validations.iter().map(|validation| validation.id.clone()));
    all.sort();
    all.dedup();
    all
}
