-- schema.sql - policyd's tables.  Times are Unix seconds, UTC; the views (views.sql) show them as text.
-- People read and write through the views; only policyd writes the tables.

-- What was decided.  It is only ever appended to at its end, and cut at its start.
CREATE TABLE decision (
  reference      INTEGER PRIMARY KEY, -- grows: seconds since 1970 * 262144 + a sequence
  ref            TEXT COLLATE NOCASE GENERATED ALWAYS AS ( -- the same, as ten characters of Crockford's base32: what stands in the reply
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >> 45 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >> 40 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >> 35 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >> 30 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >> 25 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >> 20 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >> 15 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >> 10 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference >>  5 & 31) + 1, 1) ||
                   substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (reference       & 31) + 1, 1)) VIRTUAL,
  writer         TEXT NOT NULL, -- which start of which policyd wrote it (writer.id)
  time           INTEGER NOT NULL, -- when Postfix asked
  action         TEXT NOT NULL, -- reject, defer, greylist or dunno
  check_name     TEXT, -- the check that decided, score_reject or score_defer; NULL on a pass
  would          TEXT, -- what checks set to log would have done: 'reject sender_no_mx, …'
  reply          TEXT, -- what Postfix was answered
  profile        TEXT, -- the profile of policyd.conf it was judged by
  context        TEXT, -- Postfix's policy_context
  stage          TEXT, -- RCPT or DATA
  client_address TEXT, -- the SMTP client
  client_name    TEXT, -- its name as Postfix confirmed it, or 'unknown'
  helo           TEXT, -- the name it claimed
  sender         TEXT, -- envelope sender; empty: the null sender
  sender_domain  TEXT, -- its domain, lower case, A-labels
  recipient      TEXT, -- envelope recipient
  login          TEXT, -- SASL login
  instance       TEXT, -- Postfix's name for the message
  queue_id       TEXT, -- Postfix's queue id, once there is one
  score          INTEGER NOT NULL DEFAULT 0, -- sum of the scores
  runs           INTEGER NOT NULL DEFAULT 0, -- how often the rules were run
  took_us        INTEGER NOT NULL DEFAULT 0, -- microseconds between request and decision
  detail         TEXT -- JSON: one object for each rule; see the view why
);
CREATE INDEX decision_ref ON decision (ref);

-- How often.  Every writer keeps the absolute count of its own; the total is the sum over writers.
CREATE TABLE counter (
  scope          TEXT NOT NULL, -- what is counted: 'decision', or 'would': what checks set to log would have done
  key            TEXT NOT NULL, -- within the scope: 'action:check'
  window         INTEGER NOT NULL, -- start of the hour
  writer         TEXT NOT NULL, -- whose count it is (writer.id)
  n              INTEGER NOT NULL, -- the count; only grows
  PRIMARY KEY (scope, key, window, writer)
) WITHOUT ROWID;
CREATE INDEX counter_window ON counter (window);

-- Who wrote: one row for each start of policyd.
CREATE TABLE writer (
  id             TEXT PRIMARY KEY, -- host name and a random part made at each start
  started        INTEGER NOT NULL -- when
) WITHOUT ROWID;

-- One row; grows whenever people change what policyd keeps in memory, or policyd blocks somebody.
CREATE TABLE change (
  id             INTEGER PRIMARY KEY CHECK (id = 1), -- always 1
  n              INTEGER NOT NULL, -- how often people changed it
  blocks         INTEGER NOT NULL DEFAULT 0 -- how often policyd blocked
);
INSERT INTO change (id, n) VALUES (1, 0);

-- What people changed by hand; written by the views' triggers.
CREATE TABLE history (
  id             INTEGER PRIMARY KEY, -- in order
  time           INTEGER NOT NULL, -- when
  what           TEXT NOT NULL, -- 'allow: insert', …
  was            TEXT, -- the row before, as JSON
  is_now         TEXT, -- the row after, as JSON
  note           TEXT -- the note of the row
);

-- Clients and addresses that strangers' rules leave alone; view allow.
CREATE TABLE hand_allow (
  id             INTEGER PRIMARY KEY, -- of equally specific rows the newest wins
  client         TEXT, -- address, network, or confirmed name; '.example.net' is any name below; NULL: any
  helo           TEXT, -- helo name; NULL: any
  sender         TEXT, -- address, domain, '.domain', or '<>'; NULL: any
  recipient      TEXT, -- address, domain or '.domain'; NULL: any
  note           TEXT, -- why, by whom
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL -- since when
);

-- What is never accepted; view deny.
CREATE TABLE hand_deny (
  id             INTEGER PRIMARY KEY, -- of equally specific rows the newest wins
  client         TEXT, -- as in hand_allow
  helo           TEXT, -- as in hand_allow
  sender         TEXT, -- as in hand_allow
  recipient      TEXT, -- as in hand_allow
  note           TEXT, -- why, by whom; never shown to strangers
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL -- since when
);

-- What a recipient asked not to get any more, or got although it had asked; view unwanted.
CREATE TABLE hand_unwanted (
  id             INTEGER PRIMARY KEY, -- of equally specific rows the newest wins
  recipient      TEXT, -- who wants no mail from there: address, domain or '.domain'; with scope 'all' who complained, or NULL
  client         TEXT, -- as in hand_allow
  sender         TEXT, -- as in hand_allow
  cause          TEXT, -- in a word, shown to the stranger: 'unsubscribed', 'complaint', …
  evidence       TEXT, -- where it can be looked up: a message id, a ticket; never shown to strangers
  scope          TEXT NOT NULL DEFAULT 'recipient', -- whom it is refused for: 'recipient', or 'all'
  note           TEXT, -- why, by whom; never shown to strangers
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL -- since when
);
CREATE INDEX unwanted_complaint ON hand_unwanted (client) WHERE lower(cause) = 'complaint'; -- for the view reputation

-- One row: what the lists' triggers read last as a time; view expiry.
CREATE TABLE typed_time (
  id             INTEGER PRIMARY KEY CHECK (id = 1), -- always 1
  expires        INTEGER -- as Unix seconds
);
INSERT INTO typed_time VALUES (1, NULL);

-- Which profile a recipient is judged by; view recipient_profile.
CREATE TABLE hand_recipient_profile (
  recipient      TEXT PRIMARY KEY, -- address or domain
  profile        TEXT NOT NULL, -- a profile of policyd.conf
  note           TEXT, -- why, by whom
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL -- since when
) WITHOUT ROWID;

-- A recipient's own setting of one check; view recipient_setting.
CREATE TABLE hand_recipient_setting (
  recipient      TEXT NOT NULL, -- address or domain
  check_name     TEXT NOT NULL, -- a check, as policyd -d lists them
  setting        TEXT NOT NULL, -- as in policyd.conf: 'off', 'reject', 'score 3', …
  note           TEXT, -- why, by whom
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL, -- since when
  PRIMARY KEY (recipient, check_name)
) WITHOUT ROWID;

-- What policyd found wrong in the rows above when it last read them; view problem.
CREATE TABLE row_problem (
  list           TEXT NOT NULL, -- allow, deny, unwanted, recipient_profile or recipient_setting
  row            TEXT NOT NULL, -- its id, or its recipient
  finding        TEXT NOT NULL, -- what is wrong, and what would be right
  PRIMARY KEY (list, row, finding)
) WITHOUT ROWID;

-- Who of ours sent mail.  Writers merge by the greatest time.
CREATE TABLE sent (
  address        TEXT PRIMARY KEY, -- envelope sender, lower case, A-labels; empty: the row that says since when none is missing
  domain         TEXT NOT NULL, -- its domain
  last           INTEGER NOT NULL -- when it last sent mail, or up to an hour before
) WITHOUT ROWID;
CREATE INDEX sent_domain ON sent (domain, last);
CREATE INDEX sent_last ON sent (last);

-- What was tried and greylisted.  Only appended to, and cut at its start.  Of several rows about the same three the highest
-- gen counts, and of those the least first.
CREATE TABLE triplet_pending (
  id             INTEGER PRIMARY KEY, -- grows
  client         TEXT NOT NULL, -- the domain whose SPF record names the client, or that of its name, or its network
  sender         TEXT NOT NULL, -- envelope sender, without what changes from mail to mail; empty: the null sender
  recipient      TEXT NOT NULL, -- envelope recipient, lower case, A-labels
  gen            INTEGER NOT NULL, -- how often these three have begun anew
  first          INTEGER NOT NULL, -- when it was tried first
  ready          INTEGER NOT NULL -- from when on it passes, by the greylist_delay it was first tried under
);

-- What has come through, and passes.  Writers merge by the highest gen; of the same by the least first and passed; and by the greatest last.
CREATE TABLE triplet_proven (
  recipient      TEXT NOT NULL, -- as in triplet_pending
  sender         TEXT NOT NULL, -- as in triplet_pending
  client         TEXT NOT NULL, -- as in triplet_pending
  gen            INTEGER NOT NULL, -- as in triplet_pending
  first          INTEGER NOT NULL, -- when it was tried first
  passed         INTEGER NOT NULL, -- when it came through first
  last           INTEGER NOT NULL, -- when it last came, or up to a day before
  PRIMARY KEY (recipient, sender, client)
) WITHOUT ROWID;
CREATE INDEX triplet_proven_last ON triplet_proven (last);

-- Clients whose triplets came through.  Writers merge by the greatest of both.
CREATE TABLE triplet_client (
  client         TEXT PRIMARY KEY, -- as in triplet_pending
  passes         INTEGER NOT NULL, -- how many triplets did, counted once an hour at most
  last           INTEGER NOT NULL -- when one last did, or the client last passed for it, or up to a day before
) WITHOUT ROWID;
CREATE INDEX triplet_client_last ON triplet_client (last);

-- How the DNS lists fare that the rules ask; view dns_list.
CREATE TABLE list_state (
  list           TEXT PRIMARY KEY, -- its domain
  kind           TEXT NOT NULL, -- what it lists: 'addresses', 'names' or 'addresses, names'
  rules          TEXT NOT NULL, -- the rules that ask it
  state          TEXT NOT NULL, -- good; new: not probed yet; and not asked while failing, dead, or 'lists all'
  since          INTEGER NOT NULL, -- when this state began
  why            TEXT, -- what is wrong; NULL: nothing
  probed         INTEGER, -- when its test entries were last looked at (RFC 5782 s.5); NULL: never
  probe          TEXT, -- what that showed: 'good', 'lacks 127.0.0.2', …
  ipv6           TEXT NOT NULL -- yes: it listed the test entry for IPv6; no: it did not, or nobody asked
) WITHOUT ROWID;

-- Recipients that clients tried and that are not here.  Writers merge by the least first and the greatest last time.
CREATE TABLE unknown (
  client         TEXT NOT NULL, -- the SMTP client as blocks have it: an IPv4 address, a /64 of IPv6 (block_ipv4, block_ipv6)
  recipient      TEXT NOT NULL, -- lower case, A-labels
  state          TEXT NOT NULL, -- 'unknown', or 'deactivated': it was here once
  source         TEXT NOT NULL, -- who said so: 'bracket' (policy_context mx-pre), 'query' (recipient_query) or 'feed' (Postfix's log)
  first          INTEGER NOT NULL, -- when it was tried first
  last           INTEGER NOT NULL, -- when it was tried last
  PRIMARY KEY (client, recipient)
) WITHOUT ROWID;
CREATE INDEX unknown_last ON unknown (last);

-- What came from whom.  Every writer keeps the absolute count of its own; the total is the sum over writers.
CREATE TABLE activity (
  scope          TEXT NOT NULL, -- what name is: 'client' (as in unknown), 'sender_domain' or 'login'
  name           TEXT NOT NULL, -- who
  window         INTEGER NOT NULL, -- start of the hour
  kind           TEXT NOT NULL, -- recipients: 'accepted', 'refused' for good, 'unknown', 'listed', 'trap', taken and then 'bounced'; mail of ours: 'bounced', 'delayed'
  writer         TEXT NOT NULL, -- whose count it is (writer.id)
  n              INTEGER NOT NULL, -- the count; only grows
  PRIMARY KEY (scope, name, window, kind, writer)
) WITHOUT ROWID;
CREATE INDEX activity_window ON activity (window);

-- Mail of ours that came back, or waits.  One that waited may come back at last: writers merge by keeping the greater dsn.
CREATE TABLE bounce (
  recipient      TEXT NOT NULL, -- who could not be reached: lower case, A-labels
  queue_id       TEXT NOT NULL, -- Postfix's queue id of the mail
  time           INTEGER NOT NULL, -- when, as the log says
  hard           INTEGER NOT NULL, -- 1: there is no such mailbox (dsn 5.1.x, 5.2.1); 0: anything else
  dsn            TEXT NOT NULL, -- RFC 3463 code
  said           TEXT, -- what was said, as Postfix logged it
  sender         TEXT, -- envelope sender; empty: the null sender; NULL: not known
  login          TEXT, -- SASL login that handed the mail in; NULL: none, or not known
  PRIMARY KEY (recipient, queue_id)
) WITHOUT ROWID;
CREATE INDEX bounce_time ON bounce (time);
CREATE INDEX bounce_login ON bounce (login, time);

-- When mail last reached a recipient that bounced before.  Writers merge by the greatest time.
CREATE TABLE delivered (
  recipient      TEXT PRIMARY KEY, -- as in bounce
  last           INTEGER NOT NULL -- when
) WITHOUT ROWID;
CREATE INDEX delivered_last ON delivered (last);

-- How far policyd-feed has read Postfix's log; written in the transaction of what it read.
CREATE TABLE feed_position (
  source         TEXT PRIMARY KEY, -- the file's path, or 'journal'
  inode          INTEGER NOT NULL, -- of the file
  position       INTEGER NOT NULL, -- bytes read of it
  head           TEXT NOT NULL, -- a hash of its first bytes, so that another file in its place is noticed
  cursor         TEXT, -- the journal's own word for the place
  seen           INTEGER NOT NULL -- when policyd-feed last looked
) WITHOUT ROWID;

-- Who handed in the mail that is under way, as far as policyd-feed has read.
CREATE TABLE feed_queue (
  queue_id       TEXT PRIMARY KEY, -- syslog name and queue id of Postfix
  login          TEXT, -- SASL login
  sender         TEXT, -- envelope sender; empty: the null sender; NULL: not known yet, or a stranger's
  time           INTEGER NOT NULL, -- when it was last heard of
  client         TEXT -- of a stranger's mail: who (as in unknown); NULL: it is ours
) WITHOUT ROWID;
CREATE INDEX feed_queue_time ON feed_queue (time);

-- Who may not send for a time, or for good; exactly one of the first three is filled; view block.
CREATE TABLE hand_block (
  client         TEXT NOT NULL DEFAULT '', -- address, network, or confirmed name; '.example.net' is any name below
  sender         TEXT NOT NULL DEFAULT '', -- address, domain or '.domain'
  login          TEXT NOT NULL DEFAULT '', -- SASL login, or '@example.org': all of a domain
  cause          TEXT, -- in a few words, shown to the stranger
  evidence       TEXT, -- what it rests on; never shown to strangers
  strikes        INTEGER NOT NULL DEFAULT 1, -- how often it was blocked, forgotten after block_forget
  since          INTEGER NOT NULL, -- when it was blocked last
  expires        INTEGER, -- until when; NULL: for good
  set_by         TEXT NOT NULL, -- 'hand', or the policyd that did it (writer.id), though a hand lifted it
  note           TEXT, -- why, by whom; never shown to strangers; gone when policyd blocks anew
  number         INTEGER, -- grows: change.blocks when policyd set it; NULL: people did
  PRIMARY KEY (client, sender, login)
) WITHOUT ROWID;
CREATE INDEX block_number ON hand_block (number) WHERE number IS NOT NULL; -- what policyd blocked since
CREATE INDEX block_expires ON hand_block (expires) WHERE set_by <> 'hand'; -- what policyd set, and forgets

-- Addresses of ours that nobody ever gave to anybody: who writes to one has bought or guessed it; view spamtrap.
CREATE TABLE hand_spamtrap (
  recipient      TEXT PRIMARY KEY, -- address, domain or '.domain'
  note           TEXT, -- why, by whom
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL -- since when
) WITHOUT ROWID;

-- Which senders a login may use beside those of its own domain; view login_domain.
CREATE TABLE hand_login_domain (
  id             INTEGER PRIMARY KEY, -- of equally specific rows the newest wins
  login          TEXT, -- SASL login, or '@example.org': all of a domain
  sender         TEXT, -- domain, '.domain', address, or '<>'; NULL: any
  note           TEXT, -- why, by whom
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL -- since when
);

-- From where a login sends: the networks of its clients.  Writers merge by the least first and the greatest last time.
CREATE TABLE login_client (
  login          TEXT NOT NULL, -- SASL login, lower case, with login_realm if it has no domain
  client         TEXT NOT NULL, -- a network (spread_ipv4, spread_ipv6)
  first          INTEGER NOT NULL, -- when the login was seen there first
  last           INTEGER NOT NULL, -- and last, or up to an hour before
  PRIMARY KEY (login, client)
) WITHOUT ROWID;
CREATE INDEX login_client_last ON login_client (last);
CREATE INDEX login_client_login ON login_client (login, last);

-- Logins that hand on what others of their domain wrote: a mail server of the customer's own; view relay_login.
CREATE TABLE hand_relay_login (
  login          TEXT PRIMARY KEY, -- SASL login, or '@example.org': all of a domain
  note           TEXT, -- why, by whom
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL -- since when
) WITHOUT ROWID;

-- Domains of such logins whose SPF record does not name us.  Writers merge by the least since, unless it was good in between, and the latest last.
CREATE TABLE relay_domain (
  domain         TEXT PRIMARY KEY, -- lower case, A-labels
  since          INTEGER NOT NULL, -- when that was first seen: relay_grace counts from here
  last           INTEGER NOT NULL, -- when it was last seen, or up to an hour before
  login          TEXT NOT NULL, -- who sent then
  finding        TEXT NOT NULL, -- what SPF says
  good           INTEGER -- when the record was found to name us since; NULL: it was not
) WITHOUT ROWID;
CREATE INDEX relay_domain_last ON relay_domain (last);

-- Quotas of somebody's own; view quota_limit.
CREATE TABLE hand_quota_limit (
  id             INTEGER PRIMARY KEY, -- of equally specific rows the newest wins
  login          TEXT, -- SASL login, or '@example.org': all of a domain
  sender         TEXT, -- domain or '.domain'
  client         TEXT, -- address, network, or confirmed name; '.example.net' is any name below
  quota          TEXT NOT NULL, -- '2000 recipients / 1h, 1G bytes / 1d'; 'none': as much as they like
  note           TEXT, -- why, by whom
  expires        INTEGER, -- until when; NULL: for good
  created        INTEGER NOT NULL -- since when
);

-- What was sent, as quotas count it; view quota.  Every writer keeps the absolute count of its own; the total is the sum over writers,
-- less what 'hand' says was given back.
CREATE TABLE quota_use (
  scope          TEXT NOT NULL, -- what name is: 'login', 'sender_domain', 'client', or an attribute of Postfix's request
  name           TEXT NOT NULL, -- who
  unit           TEXT NOT NULL, -- 'recipients', 'messages' or 'bytes'
  length         INTEGER NOT NULL, -- of the quota's time, in seconds
  step           INTEGER NOT NULL, -- length: it begins anew each time; a twelfth of it: it slides by such steps
  start          INTEGER NOT NULL, -- of the step that is counted here
  ends           INTEGER NOT NULL, -- when it counts no more
  writer         TEXT NOT NULL, -- whose count it is (writer.id); 'hand': what people gave back
  n              INTEGER NOT NULL, -- the count; only grows
  most           INTEGER NOT NULL, -- what was allowed then, in all of the time
  PRIMARY KEY (scope, name, unit, length, step, start, writer)
) WITHOUT ROWID;
CREATE INDEX quota_use_ends ON quota_use (ends);
CREATE INDEX quota_use_start ON quota_use (start);

-- Messages that were counted, so that one asked about again is not, though policyd was started anew.
CREATE TABLE quota_message (
  instance       TEXT PRIMARY KEY, -- Postfix's name for the message
  recipients     INTEGER NOT NULL, -- so many of it
  whole          INTEGER NOT NULL, -- 1: it has arrived, and its bytes are counted
  time           INTEGER NOT NULL -- when
) WITHOUT ROWID;
CREATE INDEX quota_message_time ON quota_message (time);
