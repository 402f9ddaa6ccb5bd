-- 2.sql - what a file of version 1 lacks

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
