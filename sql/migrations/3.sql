-- 3.sql - what a file of version 2 lacks

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

-- What was sent, as quotas count it; view quota.  Every writer keeps the absolute count of its own; the total is the sum over writers.
CREATE TABLE quota_use (
  scope          TEXT NOT NULL, -- what name is: 'login', 'sender_domain', 'client', or an attribute of Postfix's request
  name           TEXT NOT NULL, -- who
  unit           TEXT NOT NULL, -- 'recipients', 'messages' or 'bytes'
  length         INTEGER NOT NULL, -- of the quota's time, in seconds
  step           INTEGER NOT NULL, -- length: it begins anew each time; a twelfth of it: it slides by such steps
  start          INTEGER NOT NULL, -- of the step that is counted here
  ends           INTEGER NOT NULL, -- when it counts no more
  writer         TEXT NOT NULL, -- whose count it is (writer.id)
  n              INTEGER NOT NULL, -- the count; only grows
  most           INTEGER NOT NULL, -- what was allowed then, in all of the time
  PRIMARY KEY (scope, name, unit, length, step, start, writer)
) WITHOUT ROWID;
CREATE INDEX quota_use_ends ON quota_use (ends);

-- Messages that were counted, so that one asked about again is not, though policyd was started anew.
CREATE TABLE quota_message (
  instance       TEXT PRIMARY KEY, -- Postfix's name for the message
  recipients     INTEGER NOT NULL, -- so many of it
  whole          INTEGER NOT NULL, -- 1: it has arrived, and its bytes are counted
  time           INTEGER NOT NULL -- when
) WITHOUT ROWID;
CREATE INDEX quota_message_time ON quota_message (time);
