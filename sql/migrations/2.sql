-- 2.sql - what a file of version 1 lacks

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

-- One row: what the lists' triggers read last as a time; view expiry.
CREATE TABLE typed_time (
  id             INTEGER PRIMARY KEY CHECK (id = 1), -- always 1
  expires        INTEGER -- as Unix seconds
);
INSERT INTO typed_time VALUES (1, NULL);

-- Who of ours sent mail.  Writers merge by the greatest time.
CREATE TABLE sent (
  address        TEXT PRIMARY KEY, -- envelope sender, lower case, A-labels; empty: the row that says since when none is missing
  domain         TEXT NOT NULL, -- its domain
  last           INTEGER NOT NULL -- when it last sent mail, or up to an hour before
) WITHOUT ROWID;
CREATE INDEX sent_domain ON sent (domain, last);
CREATE INDEX sent_last ON sent (last);

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
