-- 4.sql - what a file of version 3 lacks

ALTER TABLE feed_queue ADD COLUMN client TEXT; -- of a stranger's mail: who (as in unknown); NULL: it is ours
CREATE INDEX quota_use_start ON quota_use (start);
CREATE INDEX delivered_last ON delivered (last);
DROP INDEX unwanted_complaint;
CREATE INDEX unwanted_complaint ON hand_unwanted (client) WHERE lower(cause) = 'complaint'; -- for the view reputation
