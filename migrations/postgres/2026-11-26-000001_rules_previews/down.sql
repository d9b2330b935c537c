DROP TABLE rules_preview_items;
DROP TABLE rules_previews;
