#!/usr/bin/perl
# sql.t - what policyd-sql(7) prints can be typed; every column is explained; a reference is found by index
use lib 't/lib';
use Policyd::Test;

my $db = folder . '/policyd.db';
sub sql {
	my $statement = shift;
	open my $cli, '-|', 'sqlite3', '-batch', '-bail', $db, $statement or die "sqlite3: $!";
	my @lines = readline $cli;
	chomp @lines;
	return close $cli ? \@lines : undef;
}

my $schema = slurp('sql/schema.sql');
ok sql(".read sql/$_"), "$_ can be read" for 'schema.sql', 'views.sql';

# ---- what the manual page tells about ----

my $day = 1793577600;				# 2026-11-02
my $noon = $day + 9.5 * 3600;
sub decision {
	my ($reference, %column) = @_;
	my %row = (writer => 'mx-1', action => 'reject', time => $noon, reference => $reference, %column);
	my @names = sort keys %row;
	my @values = map { my $v = $row{$_} =~ s/'/''/gr; "'$v'" } @names;
	ok sql('INSERT INTO decision (' . join(', ', @names) . ') VALUES (' . join(', ', @values) . ')'), 'a decision';
}
decision($noon << 18, check_name => 'helo_not_fqdn', client_address => '192.0.2.7', helo => 'mail',
    sender => 'bob@example.net', recipient => 'ann@example.org', detail => '[{"rule":"deny","verdict":"dunno"},' .
    '{"rule":"helo_not_fqdn","verdict":"objects","effect":"reject","text":"mail is not fully qualified"}]');
decision(($noon + 1) << 18, action => 'dunno', would => 'reject client_no_rdns', client_address => '192.0.2.9',
    sender => 'bob@example.com');
decision(($noon + 2) << 18, action => 'dunno', would => 'reject login_mismatch', client_address => '192.0.2.10',
    login => 'ann@example.org', sender => 'ann@example.net');
decision(time * 262144 + $_, time => int time, check_name => 'dnsbl') for 1, 2;
ok sql("INSERT INTO counter VALUES ('decision', 'dunno:', $day, 'mx-1', 30), ('decision', 'dunno:', $day, 'mx-2', 10),
    ('decision', 'reject:helo_not_fqdn', $day, 'mx-1', 1), ('would', 'reject:client_no_rdns', $day, 'mx-1', 3),
    ('would', 'reject:client_no_rdns', $day + 7200, 'mx-2', 4), ('would', 'object:dnsbl', $day + 86400, 'mx-1', 1)"), 'counters';

ok sql("INSERT INTO sent VALUES ('', '', $day), ('ann\@example.org', 'example.org', $noon)"), 'who sent mail';
ok sql("INSERT INTO triplet_pending VALUES (1, '192.0.2.0/24', 'bob\@example.net', 'ann\@example.org', 1, $noon, $noon + 300)"), 'who waits';
ok sql("INSERT INTO triplet_proven VALUES ('ann\@example.org', 'carol\@example.com', 'example.com', 1, $noon, $noon + 312, $noon + 400)"),
    'who came through';
ok sql("INSERT INTO triplet_client VALUES ('example.com', 6, $noon), ('example.net', 1, $noon)"), 'and how often';
ok sql("INSERT INTO list_state (list, kind, rules, state, since, why, ipv6) VALUES
    ('bl.example', 'addresses', 'dnsbl', 'failing', $noon, '5 questions in a row failed', 'no'),
    ('a.example', 'addresses', 'dnsbl', 'good', $noon, NULL, 'no')"), 'two lists';

ok sql("INSERT INTO unknown VALUES ('192.0.2.66', 'a\@example.org', 'unknown', 'bracket', unixepoch(), unixepoch()),
    ('192.0.2.66', 'b\@example.org', 'deactivated', 'query', unixepoch(), unixepoch())"), 'who tried in vain';
ok sql("INSERT INTO activity VALUES ('client', '192.0.2.66', unixepoch() / 3600 * 3600, 'accepted', 'mx-1', 2),
    ('client', '192.0.2.66', unixepoch() / 3600 * 3600, 'accepted', 'mx-2', 3),
    ('client', '192.0.2.66', unixepoch() / 3600 * 3600, 'refused', 'mx-1', 3),
    ('client', '192.0.2.66', unixepoch() / 3600 * 3600, 'unknown', 'mx-1', 2),
    ('client', '192.0.2.7', $noon - $noon % 3600, 'accepted', 'mx-1', 30), ('client', '192.0.2.7', $noon - $noon % 3600, 'refused', 'mx-1', 1)"),
    'what clients did';
ok sql("INSERT INTO hand_block (client, cause, evidence, since, expires, set_by) VALUES ('192.0.2.66', 'it tried 20 recipients that are not here',
    '20 of 24 recipients within 3600 s are not here, 0 of them deactivated', $noon, 4097381400, 'mx-1')"), 'a block';
ok sql("INSERT INTO login_client VALUES ('ann\@example.org', '203.0.113.0/24', $noon - 1800, $noon), ('ann\@example.org', '2001:db8:7::/48',
    $noon - 1200, $noon - 1200), ('eve\@example.org', '203.0.113.0/24', unixepoch(), unixepoch()),
    ('eve\@example.org', '198.51.100.0/24', unixepoch() - 9000, unixepoch())"), 'who sent from where';
ok sql("INSERT INTO bounce VALUES ('gone\@example.net', '4Bxyz', $noon, 1, '5.1.1', '550 5.1.1 no such user', 'ann\@example.org', 'ann')"), 'a bounce';

ok sql("INSERT INTO relay_domain VALUES ('example.net', $noon, $noon + 60, 'shop\@example.net', 'softfail', NULL),
    ('example.com', $noon, $noon + 60, 'shop\@example.com', 'none', $noon + 90)"), 'relays';

my $later = 2109231300;				# 2036-11-02 09:35
ok sql("INSERT INTO quota_use VALUES ('login', 'ann\@example.org', 'recipients', 3600, 300, $noon - 3000, $later, 'mx-1', 400, 500),
    ('login', 'ann\@example.org', 'recipients', 3600, 300, $noon, $later + 3600, 'mx-2', 20, 500),
    ('login', 'bob\@example.org', 'recipients', 3600, 300, $noon - 7200, $noon, 'mx-1', 20, 500),
    ('client', '192.0.2.7', 'messages', 86400, 86400, $day, 2109283200, 'mx-1', 12, 1000)"), 'what was sent';

# ---- the manual page: behind "sqlite> " stands what is typed, behind "...> " its next line, then what comes ----

my @typed;
for (split /\n/, slurp('sql/policyd-sql.7')) {
	if (/^sqlite> (.*)/) {
		push @typed, [ $1, [] ];
	} elsif (/^ +\.\.\.> (.*)/) {
		$typed[-1][0] .= " $1";
	} elsif (@typed && !/^\./ && !$typed[-1][2]) {
		push @{$typed[-1][1]}, $_;
	} elsif (@typed) {
		$typed[-1][2] = 'ended';
	}
}
cmp_ok scalar @typed, '>', 15, 'the manual page tells much';
for (@typed) {
	my ($statement, $want) = @$_;
	like $statement, qr/;$/, 'it is whole';
	$statement =~ s{/var/backups/}{folder . '/backup-'}e;
	my $got = sql($statement);
	ok $got, $statement;
	is_deeply $got, $want, 'it gives what is printed' if @$want;
}
is sql("SELECT count(DISTINCT CASE what WHEN 'login_network: delete' THEN what ELSE id END) FROM history")->[0],
    scalar(grep { $_->[0] =~ /^(?:INSERT|UPDATE|DELETE)/ } @typed), 'every change left a row in history, that of two networks two';
is_deeply sql('SELECT name FROM quota'), ['192.0.2.7'], 'a quota that was given back is not in use';
is slurp(folder . '/backup-policyd.db') =~ /\ASQLite format 3/, 1, 'the backup is a database';

# ---- a login is known as it is in lower case, whatever case was typed, and as it is shown: with two backslashes for one ----

for (['Zoe@Example.org', 'zoe@example.org', 1], ['host\\zoe@example.org', 'host\\\\zoe@example.org', 1], ['Zoe', 'zoe@example.org', 0]) {
	my ($typed, $known, $shown) = @$_;
	ok sql("INSERT INTO login_client VALUES ('$known', '203.0.113.0/24', unixepoch(), unixepoch());
	    INSERT INTO bounce VALUES ('gone\@example.net', 'Q$typed', unixepoch(), 1, '5.1.1', NULL, NULL, '$known');
	    INSERT INTO block (login) VALUES ('$typed')"), "the login $typed is blocked";
	is_deeply sql("SELECT blocked FROM login_spread WHERE login = '$known'"), [$shown], 'which is shown where it sent from, if its domain was typed';
	is_deeply sql("DELETE FROM block WHERE login = '$typed'; SELECT (SELECT count(*) FROM login_client WHERE login = '$known') +
	    (SELECT count(*) FROM bounce WHERE login = '$known')"), [0], 'and forgotten with the block, as is what came back';
}
is_deeply sql("INSERT INTO login_client VALUES ('zoe\@example.org', '203.0.113.0/24', unixepoch(), unixepoch()); INSERT INTO block (login) VALUES ('\@Example.org');
    SELECT blocked FROM login_spread WHERE login LIKE 'zoe\@%';
    UPDATE block SET login = '\@example.net';
    SELECT blocked FROM login_spread WHERE login LIKE 'zoe\@%'"), [1, 0], 'by its domain, too';

# ---- complaints count while they are in force, and for as long as all else ----

ok sql("DELETE FROM activity; DELETE FROM unwanted; INSERT INTO activity VALUES ('client', '2001:db8:0:7::/64', unixepoch() - 864000, 'accepted', 'mx-1', 9);
    INSERT INTO unwanted (client, cause, scope, expires) VALUES ('2001:db8:0:7::/64', 'complaint', 'all', NULL),
	('2001:db8:0:7::/64', 'Complaint', 'all', '+1 day'), ('2001:db8:0:7::/64', 'complaint', 'all', 'now'),
	('2001:db8:0:7::/64', 'unsubscribed', 'all', NULL), ('2001:db8:0:7::1', 'complaint', 'all', NULL);
    INSERT INTO hand_unwanted (client, cause, created) VALUES ('2001:db8:0:7::/64', 'complaint', unixepoch() - 900000)"), 'complaints';
is_deeply sql('SELECT client, complaints FROM reputation'), ['2001:db8:0:7::/64|2'], 'of which two count';
like join(' ', @{sql("EXPLAIN QUERY PLAN SELECT score FROM reputation WHERE client = '192.0.2.7'")}), qr/USING INDEX unwanted_complaint \(client=\?\)/,
    'and are found by index';

# ---- the lists' triggers ----

my @times = (
	# as written, as kept
	[ q('2026-12-31'),             1798675200 ],
	[ q('2026-12-31 12:00'),       1798718400 ],
	[ q(1798718400),               1798718400 ],
	[ q('1798718400'),             1798718400 ],
	[ q(NULL),                     '' ],
	[ q(''),                       '' ],
);
for my $list (qw(allow deny unwanted block spamtrap login_domain relay_login quota_limit recipient_profile recipient_setting)) {
	my ($columns, $values) = @{{
		allow => [ 'client', q('192.0.2.1') ], deny => [ 'client', q('192.0.2.1') ],
		unwanted => [ 'recipient, sender', q('a@example.org', 'example.net') ],
		block => [ 'client', q('192.0.2.1') ], spamtrap => [ 'recipient', q('a@example.org') ],
		login_domain => [ 'login, sender', q('a@example.org', 'example.net') ],
		relay_login => [ 'login', q('a@example.org') ],
		quota_limit => [ 'login, quota', q('a@example.org', 'none') ],
		recipient_profile => [ 'recipient, profile', q('a@example.org', 'mx') ],
		recipient_setting => [ 'recipient, check_name, setting', q('a@example.org', 'dnsbl', 'off') ],
	}->{$list}};
	for (@times) {
		my ($written, $kept) = @$_;
		sql("DELETE FROM $list");
		sql("INSERT INTO $list ($columns, expires) VALUES ($values, $written)");
		is sql("SELECT expires FROM hand_$list")->[0] // 'no row', $kept, "$list: expires $written";
		sql("UPDATE $list SET note = 'seen'");
		is sql("SELECT expires FROM hand_$list")->[0], $kept, "$list: changing the note leaves it";
	}
	sql("UPDATE $list SET expires = '+1 days'");
	my $in = sql("SELECT expires - unixepoch() FROM hand_$list")->[0];
	ok $in > 86300 && $in <= 86400, "$list: +1 days";
	my $before = sql("SELECT n FROM change")->[0];
	open my $stderr, '>&', \*STDERR;
	close STDERR;
	is sql("UPDATE $list SET expires = 'soon'"), undef, "$list: what is no time is refused";
	is sql("INSERT INTO $list ($columns, expires) VALUES ($values, 'tomorow')"), undef, "$list: when inserted, too";
	is sql("UPDATE $list SET expires = $_"), undef, "$list: nor is $_ one"
	    for -1, 9e18, 20261231, 2027, q('2027'), q('+7'), q('7 days'), q('12:00'), q('1999-12-31');
	open STDERR, '>&', $stderr;
	is sql("SELECT n FROM change")->[0], $before, "$list: then nothing has changed";
	sql("DELETE FROM $list");
	is sql("SELECT n FROM change")->[0], $before + 1, "$list: a change is counted";
	is sql("SELECT count(*) FROM $list")->[0], 0, "$list: deleted";
}
open my $stderr, '>&', \*STDERR;
close STDERR;
for my $since (q('garbage'), q('12:00'), 2027) {
	is sql("INSERT INTO block (client, since) VALUES ('192.0.2.79', $since)"), undef, "a block since $since is refused";
}
open STDERR, '>&', $stderr;
for ([ q('2027-01-31'), 1801353600 ], [ 1801353600, 1801353600 ]) {
	sql("INSERT INTO block (client, since) VALUES ('192.0.2.79', $_->[0])");
	is sql("SELECT since FROM hand_block WHERE client = '192.0.2.79'")->[0], $_->[1], "one since $_->[0] begins then";
}
for (q(NULL), q('')) {
	sql("INSERT INTO block (client, since) VALUES ('192.0.2.79', $_)");
	ok abs(sql("SELECT since - unixepoch() FROM hand_block WHERE client = '192.0.2.79'")->[0]) < 60, "one since $_ begins now";
}
sql("UPDATE block SET since = '2027-01-31' WHERE client = '192.0.2.79'; UPDATE block SET note = 'x' WHERE client = '192.0.2.79'");
is sql("SELECT since FROM hand_block WHERE client = '192.0.2.79'")->[0], 1801353600, 'it can be changed, and stays with another note';
sql("INSERT INTO hand_block (client, cause, strikes, since, set_by) VALUES ('192.0.2.78', 'it tried', 3, 5, 'mx-1')");
sql("INSERT INTO block (client, cause, note) VALUES ('192.0.2.78', 'spam', 'by hand')");
is sql("SELECT cause, strikes, set_by, note FROM block WHERE client = '192.0.2.78'")->[0], 'spam|3|hand|by hand',
    'a block by hand in place of one of policyd knows of its strikes';
is sql("SELECT was ->> 'cause', is_now ->> 'cause' FROM history ORDER BY id DESC LIMIT 1")->[0], 'it tried|spam', 'and history of both';
sql("INSERT INTO allow (client) VALUES ('192.0.2.77')");
is sql("SELECT is_now ->> 'id' FROM history WHERE is_now ->> 'client' = '192.0.2.77'")->[0],
    sql("SELECT id FROM allow WHERE client = '192.0.2.77'")->[0], 'history knows which row was inserted';

# ---- the schema ----

my $columns = 0;
while ($schema =~ /^CREATE TABLE (\w+) \(([^\n]*\n)(.*?)^\)/msg) {
	my ($table, $body) = ($1, $3);
	my %said = $body =~ /^  ([a-z0-9_]+) +[A-Z][^\n]*?-- (\S.*)$/mg;
	for my $column (map { (split /\|/)[1] } @{sql("PRAGMA table_xinfo($table)")}) {
		ok $said{$column}, "$table.$column has a comment";
		$columns++;
	}
}
is $columns, sql("SELECT count(*) FROM sqlite_schema t, pragma_table_xinfo(t.name) WHERE t.type = 'table'
    AND t.name NOT LIKE 'sqlite_%'")->[0], 'these were all columns';
like "@{sql(q(EXPLAIN QUERY PLAN SELECT * FROM why WHERE ref = 'dbm5g60000'))}",
    qr/SEARCH d USING INDEX decision_ref/, 'why finds a reference by its index';
unlike "@{sql(qq(EXPLAIN QUERY PLAN SELECT * FROM $_))}", qr/SCAN hand_block|SCAN b\b/, "$_ does not read all blocks for each row"
    for qw(harvester login_spread);

done_testing;
