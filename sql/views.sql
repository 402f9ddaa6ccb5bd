-- views.sql - what people read, and the five lists they write
--
-- Times are shown as text, UTC.  A list's `expires` is written as Unix seconds,
-- as '2026-12-31', '2026-12-31 12:00', or '+7 days' from now; NULL is for good.  Every change
-- leaves a row in history, and policyd obeys it within a second.

-- What was typed as `expires`, read: the lists' triggers write it here and find Unix seconds, or NULL.
CREATE VIEW expiry AS SELECT expires FROM typed_time;
CREATE TRIGGER expiry_read INSTEAD OF UPDATE ON expiry BEGIN
  UPDATE typed_time SET expires = CASE WHEN NEW.expires = '' THEN NULL WHEN typeof(NEW.expires) <> 'text' THEN NEW.expires
    WHEN NEW.expires GLOB '+*' THEN unixepoch('now', NEW.expires) ELSE unixepoch(NEW.expires, 'auto') END;
  SELECT raise(ABORT, 'expires: no time; write 2026-12-31, 2026-12-31 12:00, +7 days or Unix seconds')
    FROM typed_time WHERE expires IS NULL AND NEW.expires <> '';
END;

CREATE VIEW allow AS
  SELECT id, client, helo, sender, recipient, note, datetime(expires, 'unixepoch') AS expires,
    datetime(created, 'unixepoch') AS created FROM hand_allow;
CREATE TRIGGER allow_insert INSTEAD OF INSERT ON allow BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT INTO hand_allow (client, helo, sender, recipient, note, expires, created)
    SELECT NEW.client, NEW.helo, NEW.sender, NEW.recipient, NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'allow: insert', json_object('id', last_insert_rowid(), 'client', NEW.client, 'helo', NEW.helo, 'sender', NEW.sender, 'recipient', NEW.recipient, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER allow_update INSTEAD OF UPDATE ON allow BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_allow SET client = NEW.client, helo = NEW.helo, sender = NEW.sender, recipient = NEW.recipient, note = NEW.note, expires = (SELECT expires FROM expiry)
    WHERE id = OLD.id;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'allow: update', json_object('id', OLD.id, 'client', OLD.client, 'helo', OLD.helo, 'sender', OLD.sender, 'recipient', OLD.recipient, 'note', OLD.note, 'expires', OLD.expires), json_object('id', NEW.id, 'client', NEW.client, 'helo', NEW.helo, 'sender', NEW.sender, 'recipient', NEW.recipient, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER allow_delete INSTEAD OF DELETE ON allow BEGIN
  DELETE FROM hand_allow WHERE id = OLD.id;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'allow: delete', json_object('id', OLD.id, 'client', OLD.client, 'helo', OLD.helo, 'sender', OLD.sender, 'recipient', OLD.recipient, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
  UPDATE change SET n = n + 1;
END;

CREATE VIEW deny AS
  SELECT id, client, helo, sender, recipient, note, datetime(expires, 'unixepoch') AS expires,
    datetime(created, 'unixepoch') AS created FROM hand_deny;
CREATE TRIGGER deny_insert INSTEAD OF INSERT ON deny BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT INTO hand_deny (client, helo, sender, recipient, note, expires, created)
    SELECT NEW.client, NEW.helo, NEW.sender, NEW.recipient, NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'deny: insert', json_object('id', last_insert_rowid(), 'client', NEW.client, 'helo', NEW.helo, 'sender', NEW.sender, 'recipient', NEW.recipient, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER deny_update INSTEAD OF UPDATE ON deny BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_deny SET client = NEW.client, helo = NEW.helo, sender = NEW.sender, recipient = NEW.recipient, note = NEW.note, expires = (SELECT expires FROM expiry)
    WHERE id = OLD.id;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'deny: update', json_object('id', OLD.id, 'client', OLD.client, 'helo', OLD.helo, 'sender', OLD.sender, 'recipient', OLD.recipient, 'note', OLD.note, 'expires', OLD.expires), json_object('id', NEW.id, 'client', NEW.client, 'helo', NEW.helo, 'sender', NEW.sender, 'recipient', NEW.recipient, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER deny_delete INSTEAD OF DELETE ON deny BEGIN
  DELETE FROM hand_deny WHERE id = OLD.id;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'deny: delete', json_object('id', OLD.id, 'client', OLD.client, 'helo', OLD.helo, 'sender', OLD.sender, 'recipient', OLD.recipient, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
  UPDATE change SET n = n + 1;
END;

CREATE VIEW unwanted AS
  SELECT id, recipient, client, sender, cause, evidence, scope, note, datetime(expires, 'unixepoch') AS expires,
    datetime(created, 'unixepoch') AS created FROM hand_unwanted;
CREATE TRIGGER unwanted_insert INSTEAD OF INSERT ON unwanted BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT INTO hand_unwanted (recipient, client, sender, cause, evidence, scope, note, expires, created)
    SELECT NEW.recipient, NEW.client, NEW.sender, NEW.cause, NEW.evidence, ifnull(NEW.scope, 'recipient'), NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'unwanted: insert', json_object('id', last_insert_rowid(), 'recipient', NEW.recipient, 'client', NEW.client, 'sender', NEW.sender, 'cause', NEW.cause, 'evidence', NEW.evidence, 'scope', NEW.scope, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER unwanted_update INSTEAD OF UPDATE ON unwanted BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_unwanted SET recipient = NEW.recipient, client = NEW.client, sender = NEW.sender,
    cause = NEW.cause, evidence = NEW.evidence, scope = ifnull(NEW.scope, 'recipient'), note = NEW.note, expires = (SELECT expires FROM expiry)
    WHERE id = OLD.id;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'unwanted: update', json_object('id', OLD.id, 'recipient', OLD.recipient, 'client', OLD.client, 'sender', OLD.sender, 'cause', OLD.cause, 'evidence', OLD.evidence, 'scope', OLD.scope, 'note', OLD.note, 'expires', OLD.expires), json_object('id', NEW.id, 'recipient', NEW.recipient, 'client', NEW.client, 'sender', NEW.sender, 'cause', NEW.cause, 'evidence', NEW.evidence, 'scope', NEW.scope, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER unwanted_delete INSTEAD OF DELETE ON unwanted BEGIN
  DELETE FROM hand_unwanted WHERE id = OLD.id;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'unwanted: delete', json_object('id', OLD.id, 'recipient', OLD.recipient, 'client', OLD.client, 'sender', OLD.sender, 'cause', OLD.cause, 'evidence', OLD.evidence, 'scope', OLD.scope, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
  UPDATE change SET n = n + 1;
END;

CREATE VIEW recipient_profile AS
  SELECT recipient, profile, note, datetime(expires, 'unixepoch') AS expires,
    datetime(created, 'unixepoch') AS created FROM hand_recipient_profile;
CREATE TRIGGER recipient_profile_insert INSTEAD OF INSERT ON recipient_profile BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT OR REPLACE INTO hand_recipient_profile (recipient, profile, note, expires, created)
    SELECT NEW.recipient, NEW.profile, NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'recipient_profile: insert', json_object('recipient', NEW.recipient, 'profile', NEW.profile, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER recipient_profile_update INSTEAD OF UPDATE ON recipient_profile BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_recipient_profile SET recipient = NEW.recipient, profile = NEW.profile, note = NEW.note, expires = (SELECT expires FROM expiry)
    WHERE recipient = OLD.recipient;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'recipient_profile: update', json_object('recipient', OLD.recipient, 'profile', OLD.profile, 'note', OLD.note, 'expires', OLD.expires), json_object('recipient', NEW.recipient, 'profile', NEW.profile, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER recipient_profile_delete INSTEAD OF DELETE ON recipient_profile BEGIN
  DELETE FROM hand_recipient_profile WHERE recipient = OLD.recipient;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'recipient_profile: delete', json_object('recipient', OLD.recipient, 'profile', OLD.profile, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
  UPDATE change SET n = n + 1;
END;

CREATE VIEW recipient_setting AS
  SELECT recipient, check_name, setting, note, datetime(expires, 'unixepoch') AS expires,
    datetime(created, 'unixepoch') AS created FROM hand_recipient_setting;
CREATE TRIGGER recipient_setting_insert INSTEAD OF INSERT ON recipient_setting BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT OR REPLACE INTO hand_recipient_setting (recipient, check_name, setting, note, expires, created)
    SELECT NEW.recipient, NEW.check_name, NEW.setting, NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'recipient_setting: insert', json_object('recipient', NEW.recipient, 'check_name', NEW.check_name, 'setting', NEW.setting, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER recipient_setting_update INSTEAD OF UPDATE ON recipient_setting BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_recipient_setting SET recipient = NEW.recipient, check_name = NEW.check_name, setting = NEW.setting, note = NEW.note, expires = (SELECT expires FROM expiry)
    WHERE recipient = OLD.recipient AND check_name = OLD.check_name;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'recipient_setting: update', json_object('recipient', OLD.recipient, 'check_name', OLD.check_name, 'setting', OLD.setting, 'note', OLD.note, 'expires', OLD.expires), json_object('recipient', NEW.recipient, 'check_name', NEW.check_name, 'setting', NEW.setting, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER recipient_setting_delete INSTEAD OF DELETE ON recipient_setting BEGIN
  DELETE FROM hand_recipient_setting WHERE recipient = OLD.recipient AND check_name = OLD.check_name;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'recipient_setting: delete', json_object('recipient', OLD.recipient, 'check_name', OLD.check_name, 'setting', OLD.setting, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
  UPDATE change SET n = n + 1;
END;

-- Every rule of one decision: SELECT * FROM why WHERE ref = '…'
CREATE VIEW why AS
  SELECT d.ref, datetime(d.time, 'unixepoch') AS time, d.action, d.check_name, d.client_address, d.helo, d.sender,
    d.recipient, r.value ->> 'rule' AS rule, r.value ->> 'verdict' AS verdict, r.value ->> 'check' AS rule_check,
    r.value ->> 'setting' AS setting, r.value ->> 'effect' AS effect, r.value ->> 'text' AS finding,
    r.value ->> 'trace' AS trace, r.value ->> 'facts' AS facts, (r.value ->> 'us') / 1000.0 AS ms, d.reply
  FROM decision d, json_each(d.detail) r;

-- Who was refused, the newest first.
CREATE VIEW refusal AS
  SELECT ref, datetime(time, 'unixepoch') AS time, action, check_name, client_address, client_name, helo, sender,
    recipient, login, reply
  FROM decision WHERE action <> 'dunno' ORDER BY reference DESC;

-- Who would be refused by checks that are only logged, the newest first.
CREATE VIEW shadow AS
  SELECT ref, datetime(time, 'unixepoch') AS time, would, client_address, helo, sender, recipient
  FROM decision WHERE would IS NOT NULL ORDER BY reference DESC;

-- How many decisions, by hour and by day.
CREATE VIEW hourly AS
  SELECT datetime(window, 'unixepoch') AS hour, substr(key, 1, instr(key, ':') - 1) AS action,
    substr(key, instr(key, ':') + 1) AS check_name, sum(n) AS decisions
  FROM counter WHERE scope = 'decision' GROUP BY window, key ORDER BY window DESC, decisions DESC;
CREATE VIEW daily AS
  SELECT date(window, 'unixepoch') AS day, substr(key, 1, instr(key, ':') - 1) AS action,
    substr(key, instr(key, ':') + 1) AS check_name, sum(n) AS decisions
  FROM counter WHERE scope = 'decision' GROUP BY day, key ORDER BY day DESC, decisions DESC;

-- What checks that are only logged would have done, by day: whom it would hit if they were turned on.
CREATE VIEW would_have AS
  SELECT date(window, 'unixepoch') AS day, substr(key, 1, instr(key, ':') - 1) AS action,
    substr(key, instr(key, ':') + 1) AS check_name, sum(n) AS requests
  FROM counter WHERE scope = 'would' GROUP BY day, key ORDER BY day DESC, requests DESC;

-- What is wrong in the lists, or has expired.
CREATE VIEW problem AS
  SELECT list, row, finding FROM row_problem
  UNION ALL SELECT 'allow', id, 'expired ' || expires FROM allow WHERE expires < datetime()
  UNION ALL SELECT 'deny', id, 'expired ' || expires FROM deny WHERE expires < datetime()
  UNION ALL SELECT 'unwanted', id, 'expired ' || expires FROM unwanted WHERE expires < datetime()
  UNION ALL SELECT 'recipient_profile', recipient, 'expired ' || expires FROM recipient_profile WHERE expires < datetime()
  UNION ALL SELECT 'recipient_setting', recipient || ' ' || check_name, 'expired ' || expires FROM recipient_setting
    WHERE expires < datetime();

-- How the DNS lists fare, those in trouble first.
CREATE VIEW dns_list AS
  SELECT list, kind, rules, state, datetime(since, 'unixepoch') AS since, why,
    datetime(probed, 'unixepoch') AS probed, probe, ipv6
  FROM list_state ORDER BY state IN ('good', 'new'), list;
