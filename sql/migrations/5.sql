-- 5.sql - what a file of version 4 lacks

ALTER TABLE change ADD COLUMN blocks INTEGER NOT NULL DEFAULT 0; -- how often policyd blocked
ALTER TABLE hand_block ADD COLUMN number INTEGER; -- grows: change.blocks when policyd set it; NULL: people did
CREATE INDEX block_number ON hand_block (number) WHERE number IS NOT NULL; -- what policyd blocked since
