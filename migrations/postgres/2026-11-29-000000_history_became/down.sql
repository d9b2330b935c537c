ALTER TABLE history DROP COLUMN new_reason;
ALTER TABLE history DROP COLUMN new_product;
ALTER TABLE history DROP COLUMN new_grade;
