-- What a change of rules made of a deal's grade, product and reason, in its line of kind `migrated`; other kinds of lines do
-- without. A change of rules neither gives a deal any of them nor takes it away: NULL beside a value is not known, as of
-- all lines before this.
ALTER TABLE history ADD COLUMN new_grade TEXT;
ALTER TABLE history ADD COLUMN new_product TEXT;
ALTER TABLE history ADD COLUMN new_reason TEXT;
