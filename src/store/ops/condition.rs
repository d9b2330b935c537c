//! Conditions on rows as SQL: the same three-valued meaning as in memory, on both databases.
//!
//! A row is deal `d` with customer `c` and owner `o`, or a customer alone. Two sides compare only if they are of one
//! kind; whatever else is unknown (NULL). Values are bound, names of fields are labels (`sql`).

use super::dialect;
use super::side::{
    Form, Side, Wanted, coerced, deal_column, document, literal, owner_column, portable, ported, signed, stored_both,
};
use super::sql::{Bind, Sql};
use crate::rules::expression::{Comparison, Entity, Operand, Path, Predicate, TextTest};
use crate::store::stored_fields::{OrderKey, order_key};
use crate::values::Value;

/// What the row has, and which of its fields may be looked at.
pub(super) struct Rows<'a> {
    /// Whether there is a deal (with owner) beside the customer; without one what is asked of it is unknown.
    pub deal: bool,
    /// On which rows a field is open: a condition, or nothing if on all.
    pub open: &'a dyn Fn(&Path) -> Option<Sql>,
}

/// All fields of the row are open.
pub(super) fn all_open(_: &Path) -> Option<Sql> {
    None
}

pub(super) const UNKNOWN: &str = "CAST(NULL AS BOOLEAN)";
const NO_DOCUMENT: &str = "CAST(NULL AS jsonb)";
pub(super) const TRUE: &str = "(1 = 1)";
pub(super) const FALSE: &str = "(1 = 0)";

impl Rows<'_> {
    /// The condition as SQL of type boolean.
    pub fn condition(&self, predicate: &Predicate) -> Sql {
        match predicate {
            Predicate::Known(Some(true)) => Sql::new(TRUE),
            Predicate::Known(Some(false)) => Sql::new(FALSE),
            Predicate::Known(None) => Sql::new(UNKNOWN),
            Predicate::Compare { left, comparison, right } => self.compare(left, *comparison, right),
            Predicate::In { operand, values } => {
                let equal = |value: &Value| self.compare(operand, Comparison::Equal, &Operand::Value(value.clone()));
                Sql::joined(values.iter().map(equal), " OR ", FALSE)
            }
            Predicate::Includes { list, value } => self.includes(list, value),
            Predicate::Has(path) => self.has(path),
            Predicate::Text { operand, test, part } => self.text(operand, *test, part),
            Predicate::Not(inner) => {
                let mut sql = Sql::new("(NOT ");
                sql.append(self.condition(inner)).push(")");
                sql
            }
            Predicate::And(parts) => Sql::joined(parts.iter().map(|part| self.condition(part)), " AND ", TRUE),
            Predicate::Or(parts) => Sql::joined(parts.iter().map(|part| self.condition(part)), " OR ", FALSE),
        }
    }

    /// What rows are ordered by, by fields of the kind of `sample`, and whether it is text.
    pub fn sort_key(&self, path: &Path, sample: &Value) -> (Sql, bool) {
        let wanted = Wanted::of(sample);
        (self.as_wanted(&Operand::Field(path.clone()), wanted), wanted.form == Form::Text)
    }

    fn compare(&self, left: &Operand, comparison: Comparison, right: &Operand) -> Sql {
        let sign = match comparison {
            Comparison::Equal => " = ",
            Comparison::NotEqual => " <> ",
            Comparison::Less => " < ",
            Comparison::LessOrEqual => " <= ",
            Comparison::Greater => " > ",
            Comparison::GreaterOrEqual => " >= ",
        };
        // A value says of what kind the other side must be, and in which currency.
        let value = [left, right].into_iter().find_map(bound).or_else(|| [left, right].into_iter().find_map(fallback));
        if let Some(sql) = self.compare_id(left, sign, right).or_else(|| self.compare_id(right, sign, left)) {
            return sql;
        }
        if let Some(value) = value {
            let wanted = Wanted::of(value);
            return signed(self.as_wanted(left, wanted), sign, self.as_wanted(right, wanted), wanted.form);
        }
        let (Some(left), Some(right)) = (self.side(left), self.side(right)) else { return Sql::new(UNKNOWN) };
        match (left, right) {
            (Side::Stored(left), Side::Stored(right)) => stored_both(&left, sign, &right),
            (Side::Known { kind, form, sql }, stored @ Side::Stored(_)) => {
                let wanted = Wanted { kind, form: portable(form), currency: None };
                signed(ported(sql, form), sign, coerced(stored, wanted), wanted.form)
            }
            (stored @ Side::Stored(_), Side::Known { kind, form, sql }) => {
                let wanted = Wanted { kind, form: portable(form), currency: None };
                signed(coerced(stored, wanted), sign, ported(sql, form), wanted.form)
            }
            (Side::Known { kind, sql, form }, Side::Known { kind: other, sql: right, .. }) => {
                if kind == other {
                    signed(sql, sign, right, form)
                } else {
                    Sql::new(UNKNOWN)
                }
            }
        }
    }

    /// A column of ids against a bound one, as ids, so that an index on the column is used.
    fn compare_id(&self, column: &Operand, sign: &'static str, value: &Operand) -> Option<Sql> {
        let (Operand::Field(path), Operand::Value(value)) = (column, value) else { return None };
        let id: (&str, Bind) = match value {
            Value::User(id) => ("user", (*id).into()),
            Value::Team(id) => ("team", (*id).into()),
            _ => return None,
        };
        match self.field(path)? {
            Side::Known { kind, sql, form: Form::Id } if kind == id.0 => {
                let mut bound = Sql::default();
                bound.bind(id.1);
                Some(signed(sql, sign, bound, Form::Id))
            }
            _ => None,
        }
    }

    fn includes(&self, list: &Path, value: &Value) -> Sql {
        let Some(elements) = self.elements(list) else { return Sql::new(UNKNOWN) };
        let Some(OrderKey::Text(wanted)) = order_key(value) else { return Sql::new(UNKNOWN) };
        let any = |condition: Option<&str>| {
            let mut sql = Sql::new("EXISTS (SELECT 1 FROM ");
            sql.push(dialect::ELEMENTS.0).append(elements.clone()).push(dialect::ELEMENTS.1);
            if let Some(wanted) = condition {
                sql.push(" WHERE elements.value = ").bind(wanted);
            }
            sql.push(")");
            sql
        };
        let mut sql = Sql::new("(CASE WHEN ");
        sql.append(any(None)).push(" THEN ").append(any(Some(&wanted))).push(" END)");
        sql
    }

    /// The JSON array of a list; NULL where it is missing.
    fn elements(&self, list: &Path) -> Option<Sql> {
        if list.entity == Entity::Owner && list.name == "roles" {
            return Some(self.guarded(list, Sql::new(if self.deal { "o.roles" } else { NO_DOCUMENT })));
        }
        let Side::Stored(stored) = self.field(list)? else { return None };
        let mut sql = Sql::new("(CASE WHEN ");
        sql.append(stored.clone()).push("->>0 = 'choices' THEN ").append(stored).push("->1 END)");
        Some(sql)
    }

    fn has(&self, path: &Path) -> Sql {
        if path.entity == Entity::Owner && path.name == "roles" {
            let Some(elements) = self.elements(path) else { return Sql::new(FALSE) };
            let mut sql = Sql::new("EXISTS (SELECT 1 FROM ");
            sql.push(dialect::ELEMENTS.0).append(elements).push(dialect::ELEMENTS.1).push(")");
            return sql;
        }
        let mut present = match self.field(path) {
            Some(Side::Known { sql, .. } | Side::Stored(sql)) => {
                let mut present = Sql::new("(");
                present.append(sql);
                present
            }
            None => return Sql::new(FALSE),
        };
        present.push(" IS NOT NULL)");
        present
    }

    fn text(&self, operand: &Operand, test: TextTest, part: &Operand) -> Sql {
        let wanted = Wanted { kind: "text", form: Form::Text, currency: None };
        let whole = self.as_wanted(operand, wanted);
        let part = self.as_wanted(part, wanted);
        // Without LIKE: nothing in the part is a wildcard.
        let mut sql = Sql::new("(");
        match test {
            TextTest::Contains => {
                let (open, between, close) = dialect::POSITION;
                sql.push(open).append(whole).push(between).append(part).push(close).push(" > 0");
            }
            TextTest::StartsWith => {
                sql.push("substr(").append(whole).push(", 1, length(").append(part.clone()).push(")) = ").append(part);
            }
            TextTest::EndsWith => {
                sql.push("length(").append(whole.clone()).push(") >= length(").append(part.clone());
                sql.push(") AND substr(").append(whole.clone()).push(", length(").append(whole).push(") - length(");
                sql.append(part.clone()).push(") + 1) = ").append(part);
            }
        }
        sql.push(")");
        sql
    }

    fn side(&self, operand: &Operand) -> Option<Side> {
        match operand {
            Operand::Field(path) => self.field(path),
            Operand::FieldOr(_, value) | Operand::Value(value) => {
                let wanted = Wanted::of(value);
                Some(Side::Known { kind: wanted.kind, sql: self.as_wanted(operand, wanted), form: wanted.form })
            }
        }
    }

    /// The operand in the wanted kind and form; NULL where it is missing or of another kind.
    fn as_wanted(&self, operand: &Operand, wanted: Wanted<'_>) -> Sql {
        match operand {
            Operand::Field(path) => self.field(path).map_or_else(|| Sql::new("NULL"), |side| coerced(side, wanted)),
            Operand::Value(value) => literal(value, wanted),
            Operand::FieldOr(path, value) => {
                let mut sql = Sql::new("(CASE WHEN ");
                sql.append(self.has(path)).push(" THEN ");
                sql.append(self.as_wanted(&Operand::Field(path.clone()), wanted));
                sql.push(" ELSE ").append(literal(value, wanted)).push(" END)");
                sql
            }
        }
    }

    /// The field where it is open; nothing if rows have no such field.
    fn field(&self, path: &Path) -> Option<Side> {
        if path.entity != Entity::Customer && !self.deal {
            return Some(Side::Stored(Sql::new(NO_DOCUMENT)));
        }
        let side = match path.entity {
            Entity::Deal => deal_column(&path.name).unwrap_or_else(|| Side::Stored(document("d.fields->", &path.name))),
            Entity::Customer => Side::Stored(document("c.fields->", &path.name)),
            Entity::Owner => {
                owner_column(&path.name)?.unwrap_or_else(|| Side::Stored(document("o.fields->", &path.name)))
            }
            Entity::Contract | Entity::User | Entity::Receiver | Entity::Move => return None,
        };
        Some(match side {
            Side::Known { kind, sql, form } => Side::Known { kind, sql: self.guarded(path, sql), form },
            Side::Stored(sql) => Side::Stored(self.guarded(path, sql)),
        })
    }

    fn guarded(&self, path: &Path, sql: Sql) -> Sql {
        let Some(open) = (self.open)(path) else { return sql };
        let mut guarded = Sql::new("(CASE WHEN ");
        guarded.append(open).push(" THEN ").append(sql).push(" END)");
        guarded
    }
}

fn bound(operand: &Operand) -> Option<&Value> {
    match operand {
        Operand::Value(value) => Some(value),
        Operand::FieldOr(..) | Operand::Field(_) => None,
    }
}

fn fallback(operand: &Operand) -> Option<&Value> {
    match operand {
        Operand::FieldOr(_, value) => Some(value),
        Operand::Value(_) | Operand::Field(_) => None,
    }
}
