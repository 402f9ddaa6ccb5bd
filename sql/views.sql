-- views.sql - what people read, and the ten lists they write
--
-- Times are shown as text, UTC.  A list's `expires` is written as Unix seconds,
-- as '2026-12-31', '2026-12-31 12:00', or '+7 days' from now; NULL is for good.  Every change
-- leaves a row in history, and policyd obeys it within a second.

-- What was typed as `expires`, read: the lists' triggers write it here and find Unix seconds, or NULL.  Nobody means a time before
-- 2001: that is a year, a day without its hyphens, an hour without its day, or '+7' without its unit.
CREATE VIEW expiry AS SELECT expires FROM typed_time;
CREATE TRIGGER expiry_read INSTEAD OF UPDATE ON expiry BEGIN
  UPDATE typed_time SET expires = CASE WHEN NEW.expires = '' THEN NULL WHEN typeof(NEW.expires) <> 'text' THEN NEW.expires
    WHEN NEW.expires GLOB '+*' THEN unixepoch('now', NEW.expires) ELSE unixepoch(NEW.expires, 'auto') END;
  SELECT raise(ABORT, 'expires: no time; write 2026-12-31, 2026-12-31 12:00, +7 days or Unix seconds')
    FROM typed_time WHERE NEW.expires <> '' AND (expires IS NULL OR expires NOT BETWEEN 978307200 AND 253402300799);
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

CREATE VIEW login_domain AS
  SELECT id, login, sender, note, datetime(expires, 'unixepoch') AS expires, datetime(created, 'unixepoch') AS created
  FROM hand_login_domain;
CREATE TRIGGER login_domain_insert INSTEAD OF INSERT ON login_domain BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT INTO hand_login_domain (login, sender, note, expires, created)
    SELECT NEW.login, NEW.sender, NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'login_domain: insert', json_object('id', last_insert_rowid(), 'login', NEW.login, 'sender', NEW.sender, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER login_domain_update INSTEAD OF UPDATE ON login_domain BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_login_domain SET login = NEW.login, sender = NEW.sender, note = NEW.note, expires = (SELECT expires FROM expiry)
    WHERE id = OLD.id;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'login_domain: update', json_object('id', OLD.id, 'login', OLD.login, 'sender', OLD.sender, 'note', OLD.note, 'expires', OLD.expires), json_object('id', NEW.id, 'login', NEW.login, 'sender', NEW.sender, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER login_domain_delete INSTEAD OF DELETE ON login_domain BEGIN
  DELETE FROM hand_login_domain WHERE id = OLD.id;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'login_domain: delete', json_object('id', OLD.id, 'login', OLD.login, 'sender', OLD.sender, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
  UPDATE change SET n = n + 1;
END;

CREATE VIEW relay_login AS
  SELECT login, note, datetime(expires, 'unixepoch') AS expires,
    datetime(created, 'unixepoch') AS created FROM hand_relay_login;
CREATE TRIGGER relay_login_insert INSTEAD OF INSERT ON relay_login BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT OR REPLACE INTO hand_relay_login (login, note, expires, created)
    SELECT NEW.login, NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'relay_login: insert', json_object('login', NEW.login, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER relay_login_update INSTEAD OF UPDATE ON relay_login BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_relay_login SET login = NEW.login, note = NEW.note, expires = (SELECT expires FROM expiry)
    WHERE login = OLD.login;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'relay_login: update', json_object('login', OLD.login, 'note', OLD.note, 'expires', OLD.expires), json_object('login', NEW.login, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER relay_login_delete INSTEAD OF DELETE ON relay_login BEGIN
  DELETE FROM hand_relay_login WHERE login = OLD.login;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'relay_login: delete', json_object('login', OLD.login, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
  UPDATE change SET n = n + 1;
END;

CREATE VIEW quota_limit AS
  SELECT id, login, sender, client, quota, note, datetime(expires, 'unixepoch') AS expires,
    datetime(created, 'unixepoch') AS created FROM hand_quota_limit;
CREATE TRIGGER quota_limit_insert INSTEAD OF INSERT ON quota_limit BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT INTO hand_quota_limit (login, sender, client, quota, note, expires, created)
    SELECT NEW.login, NEW.sender, NEW.client, NEW.quota, NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'quota_limit: insert', json_object('id', last_insert_rowid(), 'login', NEW.login, 'sender', NEW.sender, 'client', NEW.client, 'quota', NEW.quota, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER quota_limit_update INSTEAD OF UPDATE ON quota_limit BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_quota_limit SET login = NEW.login, sender = NEW.sender, client = NEW.client, quota = NEW.quota, note = NEW.note, expires = (SELECT expires FROM expiry)
    WHERE id = OLD.id;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'quota_limit: update', json_object('id', OLD.id, 'login', OLD.login, 'sender', OLD.sender, 'client', OLD.client, 'quota', OLD.quota, 'note', OLD.note, 'expires', OLD.expires), json_object('id', NEW.id, 'login', NEW.login, 'sender', NEW.sender, 'client', NEW.client, 'quota', NEW.quota, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER quota_limit_delete INSTEAD OF DELETE ON quota_limit BEGIN
  DELETE FROM hand_quota_limit WHERE id = OLD.id;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'quota_limit: delete', json_object('id', OLD.id, 'login', OLD.login, 'sender', OLD.sender, 'client', OLD.client, 'quota', OLD.quota, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
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

-- Who may not send.  A row is lifted by UPDATE block SET expires = 'now', note = '…': its strikes stay known, and policyd
-- forgets what it set itself as if it had ended by time; or deleted.
CREATE VIEW block AS
  SELECT nullif(client, '') AS client, nullif(sender, '') AS sender, nullif(login, '') AS login, cause, evidence, strikes,
    datetime(since, 'unixepoch') AS since, datetime(expires, 'unixepoch') AS expires,
    since <= unixepoch() AND (expires IS NULL OR expires > unixepoch()) AS active, set_by, note FROM hand_block;
CREATE TRIGGER block_insert INSTEAD OF INSERT ON block BEGIN
  SELECT raise(ABORT, 'since: no time; write 2026-12-31, 2026-12-31 12:00 or Unix seconds')
    WHERE NEW.since <> '' AND ifnull(unixepoch(NEW.since, 'auto'), 0) NOT BETWEEN 978307200 AND 253402300799;
  UPDATE expiry SET expires = NEW.expires;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'block: insert',
    (SELECT json_object('client', NEW.client, 'sender', NEW.sender, 'login', NEW.login, 'cause', cause, 'evidence', evidence, 'strikes', strikes, 'expires', datetime(expires, 'unixepoch'), 'note', note)
      FROM hand_block WHERE client = ifnull(NEW.client, '') AND sender = ifnull(NEW.sender, '') AND login = ifnull(NEW.login, '')),
    json_object('client', NEW.client, 'sender', NEW.sender, 'login', NEW.login, 'cause', NEW.cause, 'evidence', NEW.evidence, 'strikes', NEW.strikes, 'expires', NEW.expires, 'note', NEW.note), NEW.note);
  INSERT INTO hand_block (client, sender, login, cause, evidence, strikes, since, expires, set_by, note)
    SELECT ifnull(NEW.client, ''), ifnull(NEW.sender, ''), ifnull(NEW.login, ''), NEW.cause, NEW.evidence, ifnull(NEW.strikes, 1),
      ifnull(unixepoch(NEW.since, 'auto'), unixepoch()), expires, 'hand', NEW.note FROM expiry WHERE true
    ON CONFLICT DO UPDATE SET cause = excluded.cause, evidence = excluded.evidence, strikes = ifnull(NEW.strikes, strikes),
      since = excluded.since, expires = excluded.expires, set_by = 'hand', note = excluded.note;
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER block_update INSTEAD OF UPDATE ON block BEGIN
  SELECT raise(ABORT, 'since: no time; write 2026-12-31, 2026-12-31 12:00 or Unix seconds') WHERE NEW.since <> ''
    AND NEW.since IS NOT OLD.since AND ifnull(unixepoch(NEW.since, 'auto'), 0) NOT BETWEEN 978307200 AND 253402300799;
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_block SET client = ifnull(NEW.client, ''), sender = ifnull(NEW.sender, ''), login = ifnull(NEW.login, ''), cause = NEW.cause,
    evidence = NEW.evidence, strikes = ifnull(NEW.strikes, 1), since = ifnull(unixepoch(NEW.since, 'auto'), since), expires = (SELECT expires FROM expiry),
    set_by = iif((SELECT expires FROM expiry) <= unixepoch(), set_by, 'hand'), note = NEW.note
    WHERE client = ifnull(OLD.client, '') AND sender = ifnull(OLD.sender, '') AND login = ifnull(OLD.login, '');
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'block: update', json_object('client', OLD.client, 'sender', OLD.sender, 'login', OLD.login, 'cause', OLD.cause, 'evidence', OLD.evidence, 'strikes', OLD.strikes, 'expires', OLD.expires, 'note', OLD.note), json_object('client', NEW.client, 'sender', NEW.sender, 'login', NEW.login, 'cause', NEW.cause, 'evidence', NEW.evidence, 'strikes', NEW.strikes, 'expires', NEW.expires, 'note', NEW.note), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER block_delete INSTEAD OF DELETE ON block BEGIN
  DELETE FROM hand_block WHERE client = ifnull(OLD.client, '') AND sender = ifnull(OLD.sender, '') AND login = ifnull(OLD.login, '');
  DELETE FROM unknown WHERE client = OLD.client;
  -- There a login is in lower case, and safe to show: its backslash is two.  One without a domain is there with login_realm.
  DELETE FROM login_client WHERE login = replace(lower(OLD.login), '\', '\\') OR (OLD.login NOT LIKE '%@%'
    AND login BETWEEN replace(lower(OLD.login), '\', '\\') || '@' AND replace(lower(OLD.login), '\', '\\') || '@~');
  UPDATE bounce SET login = NULL WHERE login = replace(lower(OLD.login), '\', '\\') OR (OLD.login NOT LIKE '%@%'
    AND login BETWEEN replace(lower(OLD.login), '\', '\\') || '@' AND replace(lower(OLD.login), '\', '\\') || '@~');
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'block: delete', json_object('client', OLD.client, 'sender', OLD.sender, 'login', OLD.login, 'cause', OLD.cause, 'evidence', OLD.evidence, 'strikes', OLD.strikes, 'expires', OLD.expires, 'note', OLD.note), OLD.note);
  UPDATE change SET n = n + 1;
END;

CREATE VIEW spamtrap AS
  SELECT recipient, note, datetime(expires, 'unixepoch') AS expires, datetime(created, 'unixepoch') AS created FROM hand_spamtrap;
CREATE TRIGGER spamtrap_insert INSTEAD OF INSERT ON spamtrap BEGIN
  UPDATE expiry SET expires = NEW.expires;
  INSERT OR REPLACE INTO hand_spamtrap (recipient, note, expires, created)
    SELECT NEW.recipient, NEW.note, expires, unixepoch() FROM expiry;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'spamtrap: insert', json_object('recipient', NEW.recipient, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER spamtrap_update INSTEAD OF UPDATE ON spamtrap BEGIN
  UPDATE expiry SET expires = NEW.expires;
  UPDATE hand_spamtrap SET recipient = NEW.recipient, note = NEW.note, expires = (SELECT expires FROM expiry) WHERE recipient = OLD.recipient;
  INSERT INTO history (time, what, was, is_now, note) VALUES (unixepoch(), 'spamtrap: update', json_object('recipient', OLD.recipient, 'note', OLD.note, 'expires', OLD.expires), json_object('recipient', NEW.recipient, 'note', NEW.note, 'expires', NEW.expires), NEW.note);
  UPDATE change SET n = n + 1;
END;
CREATE TRIGGER spamtrap_delete INSTEAD OF DELETE ON spamtrap BEGIN
  DELETE FROM hand_spamtrap WHERE recipient = OLD.recipient;
  INSERT INTO history (time, what, was, note) VALUES (unixepoch(), 'spamtrap: delete', json_object('recipient', OLD.recipient, 'note', OLD.note, 'expires', OLD.expires), OLD.note);
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
  SELECT ref, datetime(time, 'unixepoch') AS time, would, client_address, helo, sender, recipient, login
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
  UNION ALL SELECT 'login_domain', id, 'expired ' || expires FROM login_domain WHERE expires < datetime()
  UNION ALL SELECT 'relay_login', login, 'expired ' || expires FROM relay_login WHERE expires < datetime()
  UNION ALL SELECT 'quota_limit', id, 'expired ' || expires FROM quota_limit WHERE expires < datetime()
  UNION ALL SELECT 'spamtrap', recipient, 'expired ' || expires FROM spamtrap WHERE expires < datetime()
  UNION ALL SELECT 'recipient_profile', recipient, 'expired ' || expires FROM recipient_profile WHERE expires < datetime()
  UNION ALL SELECT 'recipient_setting', recipient || ' ' || check_name, 'expired ' || expires FROM recipient_setting
    WHERE expires < datetime();

-- Who was greylisted and waits, the newest first.  A row that is deleted need not wait: its next attempt passes.
CREATE VIEW greylisted AS
  SELECT id, datetime(first, 'unixepoch') AS since, datetime(ready, 'unixepoch') AS until, client, sender, recipient
  FROM triplet_pending p
  WHERE NOT EXISTS (SELECT 1 FROM triplet_proven t
    WHERE t.recipient = p.recipient AND t.sender = p.sender AND t.client = p.client AND t.last >= p.first)
  ORDER BY id DESC;
CREATE TRIGGER greylisted_delete INSTEAD OF DELETE ON greylisted BEGIN
  INSERT INTO triplet_proven SELECT recipient, sender, client, gen, first, unixepoch(), unixepoch()
    FROM triplet_pending WHERE id = OLD.id
    ON CONFLICT DO UPDATE SET gen = excluded.gen, first = excluded.first, passed = excluded.passed, last = excluded.last;
  DELETE FROM triplet_pending WHERE id = OLD.id;
  INSERT INTO history (time, what, was) VALUES (unixepoch(), 'greylisted: delete', json_object('id', OLD.id, 'since', OLD.since, 'client', OLD.client, 'sender', OLD.sender, 'recipient', OLD.recipient));
END;

-- Who came through greylisting, and passes.  A row that is deleted is greylisted anew.
CREATE VIEW triplet AS
  SELECT client, sender, recipient, datetime(first, 'unixepoch') AS since, passed - first AS delayed_s,
    datetime(last, 'unixepoch') AS last
  FROM triplet_proven;
CREATE TRIGGER triplet_delete INSTEAD OF DELETE ON triplet BEGIN
  DELETE FROM triplet_proven WHERE recipient = OLD.recipient AND sender = OLD.sender AND client = OLD.client;
  INSERT INTO history (time, what, was) VALUES (unixepoch(), 'triplet: delete', json_object('client', OLD.client, 'sender', OLD.sender, 'recipient', OLD.recipient, 'since', OLD.since));
END;

-- Clients of whom so many mails came through, see greylist_auto_pass.  One that is deleted begins anew.
CREATE VIEW proven_client AS
  SELECT client, passes, datetime(last, 'unixepoch') AS last FROM triplet_client ORDER BY last DESC;
CREATE TRIGGER proven_client_delete INSTEAD OF DELETE ON proven_client BEGIN
  DELETE FROM triplet_client WHERE client = OLD.client;
  INSERT INTO history (time, what, was) VALUES (unixepoch(), 'proven_client: delete', json_object('client', OLD.client, 'passes', OLD.passes, 'last', OLD.last));
END;

-- What counts now of each step of a quota, less what was given back; for the view quota.
CREATE VIEW quota_step AS
  SELECT scope, name, unit, length, step, CASE WHEN length % 86400 = 0 THEN (length / 86400) || 'd' WHEN length % 3600 = 0
      THEN (length / 3600) || 'h' WHEN length % 60 = 0 THEN (length / 60) || 'm' ELSE length || 's' END
      || iif(step = length, ' fixed', '') AS time,
    start, ends, CAST(min(total(iif(writer = 'hand', -1, 1) * max(n, 0)), 1e16) AS INTEGER) AS used
  FROM quota_use WHERE ends > unixepoch() AND start <= unixepoch() GROUP BY scope, name, unit, length, step, start HAVING used > 0;

-- What was sent of each quota, and what is left of what was allowed when it was counted last, the fullest first; what counts
-- longest ago is free again then.  A row that is deleted gives all of it back.
CREATE VIEW quota AS
  SELECT scope, name, unit, time, used, most, max(most - used, 0) AS left, datetime(ends, 'unixepoch') AS frees
  FROM (SELECT scope, name, unit, time, sum(used) AS used, min(ends) AS ends, (SELECT most FROM quota_use l
      WHERE (l.scope, l.name, l.unit, l.length, l.step) = (s.scope, s.name, s.unit, s.length, s.step) AND writer <> 'hand'
      ORDER BY start DESC LIMIT 1) AS most
    FROM quota_step s GROUP BY scope, name, unit, length, step)
  ORDER BY 1.0 * used / max(most, 1) DESC;
CREATE TRIGGER quota_delete INSTEAD OF DELETE ON quota BEGIN
  INSERT INTO quota_use SELECT scope, name, unit, length, step, start, ends, 'hand', used, OLD.most FROM quota_step
    WHERE scope = OLD.scope AND name = OLD.name AND unit = OLD.unit AND time = OLD.time
    ON CONFLICT DO UPDATE SET n = n + excluded.n;
  INSERT INTO history (time, what, was) VALUES (unixepoch(), 'quota: delete', json_object('scope', OLD.scope, 'name', OLD.name, 'unit', OLD.unit, 'time', OLD.time, 'used', OLD.used, 'most', OLD.most));
END;

-- Domains of relay logins whose SPF record does not name us: write to them, relay_grace runs since then.
CREATE VIEW relay_missing AS
  SELECT domain, datetime(since, 'unixepoch') AS since, datetime(last, 'unixepoch') AS last, login, finding
  FROM relay_domain WHERE good IS NULL ORDER BY since;

-- How the DNS lists fare, those in trouble first.
CREATE VIEW dns_list AS
  SELECT list, kind, rules, state, datetime(since, 'unixepoch') AS since, why,
    datetime(probed, 'unixepoch') AS probed, probe, ipv6
  FROM list_state ORDER BY state IN ('good', 'new'), list;

-- Who tried the most recipients that are not here, within a day.  blocked: by a row that names just this client, as policyd's own do.
CREATE VIEW harvester AS
  SELECT u.client, count(*) AS unknown, sum(u.state = 'deactivated') AS deactivated,
    (SELECT ifnull(sum(n), 0) FROM activity a WHERE a.scope = 'client' AND a.name = u.client AND a.kind = 'accepted'
      AND a.window >= unixepoch() - 86400 - 3600) AS accepted,
    datetime(max(u.last), 'unixepoch') AS last,
    EXISTS (SELECT 1 FROM hand_block b WHERE b.client = u.client AND b.since <= unixepoch()
      AND (b.expires IS NULL OR b.expires > unixepoch())) AS blocked
  FROM unknown u WHERE u.last >= unixepoch() - 86400 GROUP BY u.client ORDER BY unknown DESC;

-- Which recipients that were, the latest first.
CREATE VIEW unknown_recipient AS
  SELECT client, recipient, state, source, datetime(first, 'unixepoch') AS first, datetime(last, 'unixepoch') AS last
  FROM unknown ORDER BY unknown.last DESC;

-- Who wrote to spam traps, by hour; INSERT INTO trap_hit (client, note) tells of one that policyd did not see.
CREATE VIEW trap_hit AS
  SELECT name AS client, datetime(window, 'unixepoch') AS hour, sum(n) AS hits, NULL AS note FROM activity
  WHERE scope = 'client' AND kind = 'trap' GROUP BY name, window;
CREATE TRIGGER trap_hit_insert INSTEAD OF INSERT ON trap_hit BEGIN
  INSERT INTO activity VALUES ('client', NEW.client, unixepoch() - unixepoch() % 3600, 'trap', 'hand', ifnull(NEW.hits, 1))
    ON CONFLICT DO UPDATE SET n = n + excluded.n;
  INSERT INTO history (time, what, is_now, note) VALUES (unixepoch(), 'trap_hit: insert', json_object('client', NEW.client, 'hits', ifnull(NEW.hits, 1), 'note', NEW.note), NEW.note);
END;

-- What came from whom, by hour: of clients, sender domains (which anybody can claim) and logins, of which accepted is what they
-- sent mail to.
CREATE VIEW hour_of AS
  SELECT datetime(window, 'unixepoch') AS hour, scope, name, sum(n) FILTER (WHERE kind = 'accepted') AS accepted,
    sum(n) FILTER (WHERE kind = 'refused') AS refused, sum(n) FILTER (WHERE kind = 'unknown') AS unknown,
    sum(n) FILTER (WHERE kind = 'listed') AS listed, sum(n) FILTER (WHERE kind = 'trap') AS trap,
    sum(n) FILTER (WHERE kind = 'bounced') AS bounced, sum(n) FILTER (WHERE kind = 'delayed') AS delayed
  FROM activity GROUP BY scope, name, window ORDER BY window DESC;

-- The same of the last day, and how many per cent of the recipients were taken.
CREATE VIEW day_of AS
  SELECT scope, name, accepted, refused, unknown, listed, trap, bounced, delayed,
    100 * accepted / nullif(accepted + refused + unknown, 0) AS delivered_percent
  FROM (SELECT scope, name, ifnull(sum(n) FILTER (WHERE kind = 'accepted'), 0) AS accepted,
      ifnull(sum(n) FILTER (WHERE kind = 'refused'), 0) AS refused, ifnull(sum(n) FILTER (WHERE kind = 'unknown'), 0) AS unknown,
      ifnull(sum(n) FILTER (WHERE kind = 'listed'), 0) AS listed, ifnull(sum(n) FILTER (WHERE kind = 'trap'), 0) AS trap,
      ifnull(sum(n) FILTER (WHERE kind = 'bounced'), 0) AS bounced, ifnull(sum(n) FILTER (WHERE kind = 'delayed'), 0) AS delayed
    FROM activity WHERE window >= unixepoch() - 86400 - 3600 GROUP BY scope, name);

-- Recipients of our own users' mail that came back, the worst first.  DELETE FROM bouncing WHERE recipient = '…' lets mail go
-- there again (recipient_bounced).
CREATE VIEW bouncing AS
  SELECT recipient, sum(hard) AS hard, sum(1 - hard) AS soft, datetime(max(time), 'unixepoch') AS last,
    (SELECT b.said FROM bounce b WHERE b.recipient = bounce.recipient ORDER BY b.hard DESC, b.time DESC LIMIT 1) AS said,
    (SELECT datetime(d.last, 'unixepoch') FROM delivered d WHERE d.recipient = bounce.recipient) AS delivered
  FROM bounce GROUP BY recipient ORDER BY hard DESC, last DESC;
CREATE TRIGGER bouncing_delete INSTEAD OF DELETE ON bouncing BEGIN
  DELETE FROM bounce WHERE recipient = OLD.recipient;
  INSERT INTO history (time, what, was) VALUES (unixepoch(), 'bouncing: delete', json_object('recipient', OLD.recipient, 'hard', OLD.hard, 'soft', OLD.soft, 'last', OLD.last, 'said', OLD.said));
END;

-- From how many networks logins sent within a day, the most first.  DELETE FROM login_spread WHERE login = '…' forgets them:
-- the password was changed.
CREATE VIEW login_spread AS
  SELECT login, count(*) AS networks, datetime(min(c.first), 'unixepoch') AS first, datetime(max(c.last), 'unixepoch') AS last,
    EXISTS (SELECT 1 FROM hand_block b WHERE b.client = '' AND b.sender = ''
      AND replace(lower(b.login), '\', '\\') IN (c.login, substr(c.login, instr(c.login, '@')))
      AND b.since <= unixepoch() AND (b.expires IS NULL OR b.expires > unixepoch())) AS blocked
  FROM login_client c WHERE c.last >= unixepoch() - 86400 GROUP BY login ORDER BY networks DESC, login;
CREATE TRIGGER login_spread_delete INSTEAD OF DELETE ON login_spread BEGIN
  DELETE FROM login_client WHERE login = OLD.login;
  INSERT INTO history (time, what, was) VALUES (unixepoch(), 'login_spread: delete', json_object('login', OLD.login, 'networks', OLD.networks, 'first', OLD.first, 'last', OLD.last));
END;

-- Which networks those were, the latest first; older ones, too.  One that is deleted is forgotten.
CREATE VIEW login_network AS
  SELECT login, client, datetime(first, 'unixepoch') AS first, datetime(last, 'unixepoch') AS last
  FROM login_client ORDER BY login_client.last DESC;
CREATE TRIGGER login_network_delete INSTEAD OF DELETE ON login_network BEGIN
  DELETE FROM login_client WHERE login = OLD.login AND client = OLD.client;
  INSERT INTO history (time, what, was) VALUES (unixepoch(), 'login_network: delete', json_object('login', OLD.login, 'client', OLD.client, 'first', OLD.first, 'last', OLD.last));
END;

-- What to think of a client, from -100 to 100, for the check client_reputation: a view you may change, as long as it has
-- client and score.  What was taken speaks for it, everything else against it, by the weights here; the last day counts four
-- times, the last week twice.  bounced: taken, and behind us there was no such mailbox, as policyd-feed read.  complaints: rows
-- of unwanted in force, whose client is written as here, and as old as the oldest of the rest at most.
CREATE VIEW reputation AS
  SELECT name AS client, CAST(100.0 * (good - bad) / (good + bad + 40) AS INTEGER) AS score, accepted, refused, unknown,
    bounced, listed, trap, complaints
  FROM (SELECT name, accepted, refused, unknown, bounced, listed, trap, complaints, aged_accepted AS good,
      aged_refused + 5 * aged_unknown + 5 * aged_bounced + 2 * aged_listed + 50 * aged_trap + 100 * complaints AS bad
    FROM (SELECT name, sum(n) FILTER (WHERE kind = 'accepted') AS accepted, sum(n) FILTER (WHERE kind = 'refused') AS refused,
        sum(n) FILTER (WHERE kind = 'unknown') AS unknown, sum(n) FILTER (WHERE kind = 'bounced') AS bounced,
        sum(n) FILTER (WHERE kind = 'listed') AS listed, sum(n) FILTER (WHERE kind = 'trap') AS trap,
        total(n * age) FILTER (WHERE kind = 'accepted') AS aged_accepted,
        total(n * age) FILTER (WHERE kind = 'refused') AS aged_refused,
        total(n * age) FILTER (WHERE kind = 'unknown') AS aged_unknown,
        total(n * age) FILTER (WHERE kind = 'bounced') AS aged_bounced,
        total(n * age) FILTER (WHERE kind = 'listed') AS aged_listed, total(n * age) FILTER (WHERE kind = 'trap') AS aged_trap,
        (SELECT count(*) FROM hand_unwanted u WHERE u.client = name AND lower(u.cause) = 'complaint'
          AND (u.expires IS NULL OR u.expires > unixepoch()) AND u.created >= (SELECT min(window) FROM activity)) AS complaints
      FROM (SELECT name, kind, n, CASE WHEN window >= unixepoch() - 86400 THEN 4 WHEN window >= unixepoch() - 604800 THEN 2
          ELSE 1 END AS age FROM activity WHERE scope = 'client')
      GROUP BY name));
