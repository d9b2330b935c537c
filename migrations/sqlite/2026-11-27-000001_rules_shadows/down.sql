DROP TABLE rules_shadow_items;
DROP TABLE rules_shadows;
