#!/usr/bin/perl
# report.t - contrib/report tells what the views tell, on a page that strangers cannot write to
use lib 't/lib';
use utf8;
use Policyd::Browser;
use Policyd::Daemon;
use Policyd::Test;

binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

# ---- running it ----

# The sqlite3 it finds first notes what it is asked.
my ($bin, $asked) = map { folder . "/$_" } qw(bin asked.sql);
my ($sqlite3) = grep { -x } map { "$_/sqlite3" } split /:/, $ENV{PATH};
mkdir $bin or die;
sub note_what_is_asked {
	spew("$bin/sqlite3", "#!/bin/sh\nfor last; do :; done\nprintf '%s\\n' \"\$last\" >$asked\nexec $sqlite3 \"\$@\"\n");
	chmod 0755, "$bin/sqlite3";
}
note_what_is_asked();

# Its perl finds only what Debian's perl-base has.
my ($base) = grep { -d } glob '/usr/lib/*/perl-base';
spew("$bin/Base.pm", $base ? "BEGIN { \@INC = '$base' } 1;\n" : "1;\n");

# Exit status, standard output and standard error.
sub report {
	my @words = @_;
	my ($out, $err) = map { folder . "/report.$_" } qw(out err);
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open STDOUT, '>', $out;
		open STDERR, '>', $err;
		$ENV{PATH} = "$bin:$ENV{PATH}";
		exec $^X, "-I$bin", '-MBase', 'contrib/report', @words or POSIX::_exit(127);
	}
	local $?;
	waitpid $pid, 0;
	return $? & 127 ? "signal $?" : $? >> 8, slurp($out), slurp($err);
}

# ---- reading the page ----

# Elements are { name, attributes, within, children }; children are elements and strings.
sub parse {
	my $html = shift;
	my $top = { name => '', children => [] };
	my ($at, @wrong) = $top;
	$html =~ s/\A<!DOCTYPE html>\n// or push @wrong, 'no DOCTYPE';
	while ($html =~ /\G(?:([^<]+)|<(\/?)(\w+)((?: [\w-]+="[^"<>]*")*)(\/?)>|(.{1,40}))/gs) {
		my ($text, $ends, $name, $attributes, $empty, $odd) = ($1, $2, $3, $4, $5, $6);
		if (defined $odd) {
			push @wrong, "odd: $odd";
		} elsif (defined $text) {
			push @wrong, "alone: $1" if $at->{name} ne 'style' && $text =~ /((?:&(?!(?:lt|gt|#\d+);)|>).{0,20})/s;
			push @{$at->{children}}, $text =~ s/&(?:#(\d+)|(lt)|gt);/$1 ? chr $1 : $2 ? '<' : '>'/ger;
		} elsif ($ends) {
			push @wrong, "</$name> in <$at->{name}>" if $name ne $at->{name};
			$at = $at->{within} // $top;
		} else {
			my %attributes = $attributes =~ /([\w-]+)="([^"]*)"/g;
			push @{$at->{children}}, { name => $name, attributes => \%attributes, within => $at, children => [] };
			$at = $at->{children}[-1] if !$empty;
		}
	}
	push @wrong, "<$at->{name}> is not closed" if $at != $top;
	return $top, @wrong;
}

sub elements { my $e = shift; return map { ref $_ ? ($_, elements($_)) : () } @{$e->{children}} }
sub named { my ($e, $name) = @_; return grep { $_->{name} eq $name } elements($e) }
sub text { my $e = shift; return join '', map { ref $_ ? text($_) : $_ } @{$e->{children}} }
sub part { my ($page, $id) = @_; return grep { ($_->{attributes}{id} // '') eq $id } elements($page) }

# The cells of a part's table, row by row.
sub cells {
	my ($page, $id) = @_;
	my ($body) = map { named($_, 'tbody') } part($page, $id) or return [];
	return [ map { [ map { text($_) } grep { ref } @{$_->{children}} ] } named($body, 'tr') ];
}

my %known = map { $_ => 1 } qw(html head meta link title style body header main section footer nav h1 h2 h3 p ul li a i
    b span small code bdi wbr div dl dt dd details summary figure figcaption svg desc rect line text g table caption
    thead tbody tr th td time);

# A test: it is well-formed, of the elements and attributes that are meant, and asks nobody for anything; tables
# and pictures have names.  Returns what parse() does.
sub is_sound {
	my ($html, $title) = @_;
	my ($page, @wrong) = parse($html);
	my @elements = elements($page);
	my %times;
	$times{$_->{attributes}{id} // ''}++ for @elements;
	my ($body) = named($page, 'body');
	push @wrong, map { "<$_->{name}> in the body" } map { named($body, $_) } qw(meta link style);
	for my $e (@elements) {
		my ($name, $has) = @$e{qw(name attributes)};
		push @wrong, "<$name>" if !$known{$name};
		push @wrong, map { "$_ in <$name>" } grep { /^on|^style$|^src/ } keys %$has;
		push @wrong, "to $has->{href}" if defined $has->{href} && $has->{href} !~ /^(?:#(\w+)|data:,)\z/;
		push @wrong, "to $_, which is there not once" for grep { ($times{$_} // 0) != 1 }
		    split(/ /, $has->{'aria-labelledby'} // ''), ($has->{href} // '') =~ /^#(.*)/;
		push @wrong, 'a style that asks' if $name eq 'style' && text($e) =~ /url\(|\@import/;
		push @wrong, 'a table without caption' if $name eq 'table' && !named($e, 'caption');
		push @wrong, 'a picture without title or desc'
		    if $name eq 'svg' && !$has->{'aria-hidden'} && !(named($e, 'title') && named($e, 'desc'));
	}
	is_deeply \@wrong, [], $title;
	return $page;
}

my $p = Policyd::Daemon->start(profiles => profile('mx', deny => 'reject'));

# A page, which went well.
sub page {
	my ($title, @words) = @_;
	my ($status, $html, $said) = report(-d => $p->database, @words);
	is "$status $said", '0 ', "$title: no complaints";
	ok utf8::decode(my $text = $html), "$title: it is UTF-8";
	return is_sound($text, "$title: it is well-formed"), $html;
}

# ---- a database that is brand-new ----

my ($page, $html) = page('new');
like text($page), qr/No request was counted yet/, 'new: it says what it waits for';
like text((part($page, $_))[0]), qr/There are none/, "new: $_ are there" for qw(quotas relays spread refusals);
spew(folder . '/new.html', $html);

# ---- strangers, and what they say ----

# Without a dot or an @, where the page breaks names.
my @acts = (
	q(<script>name='acted'</script>),
	q("><img src=x onerror="name='acted'">),
	q('><svg onload=name='acted'>),
	q(</title></svg><script>name='acted'</script>),
	q(</style></desc></bdi><script>name='acted'</script>),
	q(--><script>name='acted'</script><!--),
	q(]]><script>name='acted'</script>),
	q(<meta http-equiv="refresh" content="0;url=//192"/>),
	q(<style>* { display: none }</style>),
	q(&lt;script&gt;&#60;script&#62;&amp;),
	q(<a href="javascript:name='acted'">x</a>),
);
my $letters = "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d";		# UTF-8
$p->sql("INSERT INTO deny (client) VALUES ('192.0.2.66')");
my $asks = 0;
eventually { $asks++; $p->ask(client_address => '192.0.2.66') =~ /^550/ } 'a client is known that may not send';
for my $helo (@acts, "$letters.example", 'a' x 250 . '.example.net') {
	$asks++;
	my $action = $p->ask(helo_name => $helo, sender => "\"$helo\"\@example.net", client_address => '192.0.2.66');
	like $action, qr/^5/, 'policyd refuses what says HELO ' . ($helo =~ s/[^ -~]/./gr);
}
eventually { $p->sql('SELECT sum(decisions) FROM hourly') == $asks } 'all is counted';
is $p->sql("SELECT count(*) FROM refusal WHERE helo LIKE '%acted%'"), 8, 'and the database has it as it was said';

# ---- what else there is to tell; times are near now ----

$p->sql("INSERT INTO allow (client, note) VALUES ('192.0.2.300', 'hidden-note'), ('192.0.2.9', 'x');
    UPDATE allow SET expires = '2001-01-01' WHERE client = '192.0.2.9';
    INSERT INTO recipient_profile (recipient, profile) VALUES ('secret-a secret-b', 'mx');
    INSERT INTO deny (sender) VALUES ('secret-c<b>\@bad domain')");
eventually { $p->sql('SELECT count(*) FROM row_problem') == 3 } 'policyd has seen what cannot be read';
my $hostile = $acts[1] =~ s/'/''/gr;
$p->sql(<<~"");
	BEGIN;
	CREATE TEMP TABLE t AS SELECT unixepoch() / 3600 * 3600 AS hour;
	CREATE TEMP TABLE c AS WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c LIMIT 720) SELECT i FROM c;
	INSERT INTO counter SELECT 'decision', column1, hour - 3600 * i, column2, 1 + (i * column3) % 97 FROM c, t,
	  (VALUES ('dunno:', 'mx-1', 31), ('dunno:', 'mx-2', 7), ('reject:client_no_rdns', 'mx-1', 11),
	    ('defer:client_block_temporary', 'mx-1', 5), ('greylist:greylist', 'mx-1', 3), ('reject:$hostile', 'mx-1', 2));
	INSERT INTO counter SELECT 'would', column1, hour - 3600 * column2, 'mx-1', column2 FROM t,
	  (VALUES ('object:client_rdns_mismatch', 3), ('reject:spf_fail', 40), ('reject:helo_forged', 4000));
	INSERT INTO activity SELECT 'client', '198.51.100.' || i, hour - 3600 * (i % 20), column1, 'mx-1', column2 + i
	  FROM c, t, (VALUES ('refused', 0), ('accepted', 5), ('unknown', 2)) WHERE i BETWEEN 1 AND 30;
	INSERT INTO activity SELECT 'client', '2001:db8:0:7::/64', hour, 'refused', 'mx-1', 4000 FROM t;
	INSERT INTO activity SELECT 'login', 'secret-d', hour, 'refused', 'mx-1', 9000 FROM t;
	INSERT INTO decision (reference, writer, time, action, check_name, client_address, client_name, sender, helo, recipient,
	    login, reply)
	  SELECT (unixepoch() - 60 << 18) + column1, 'mx-1', unixepoch() - 60, 'reject', 'deny', column2, column3, column4,
	    'secret-e\@mx.example.net', 'secret-f\@example.org', column5,
	    '550 5.7.1 secret-g with a blank\@example.com may not (deny 0123456789)' FROM
	  (VALUES (1, '198.51.100.30', 'mx.example.net', '', NULL),
	    (2, '2001:db8:0:7::25', 'six.example.net', 'secret-h', 'secret-i'),
	    (3, '192.0.2.8', 'unknown', 'secret-j secret-k\@example.com', 'secret-l\@example.org'),
	    (4, '192.0.2.8', 'unknown', '"secret-m\@secret-n"\@example.com', NULL));
	INSERT INTO decision (reference, writer, time, action, check_name, client_address, helo)
	  SELECT (unixepoch() - 50 << 18) + column1, 'mx-1', unixepoch() - 50, 'reject', 'deny', '192.0.2.8',
	    CAST(column2 AS TEXT) FROM
	  (VALUES (1, X'6576696CE280AE7478742E657865'), (2, X'FFFE2E6578616D706C65'), (3, X'610A620963071B5B316D64'),
	    (4, X'6CCC88CC88CC88CC8865'));
	INSERT INTO unknown SELECT '203.0.113.' || (i * i % 23), 'secret-' || i || '\@example.org',
	  iif(i % 4, 'unknown', 'deactivated'), 'query', unixepoch() - 99999, unixepoch() - i * 200 - 100 FROM c WHERE i < 600;
	INSERT INTO hand_block SELECT '203.0.113.' || i, '', '', 'it tried 20 recipients that are not here', '20 of ' || i, i,
	  unixepoch() - i * 4000, unixepoch() + iif(i % 3, 1, -1) * 90000, 'mx-1', 'hidden-note', i FROM c WHERE i BETWEEN 1 AND 30;
	INSERT INTO hand_block VALUES ('', 'secret-o\@example.net', '', 'secret-p\@example.net asked for it',
	    'it wrote to the spam trap secret-q r\@example.org', 1, unixepoch(), NULL, 'hand', '', NULL),
	  ('', '', 'secret-s', '', '', 1, unixepoch(), NULL, 'hand', '', NULL),
	  ('', 'spam.example', '', 'spam', NULL, 1, unixepoch(), NULL, 'hand', '', NULL),
	  ('192.0.2.99', '', '', '<i>', '<i>', '<strikes>', unixepoch(), '<expires>', 'hand', '', NULL);
	INSERT INTO list_state (list, kind, rules, state, since, why, probed, probe, ipv6) VALUES
	  ('bl.example', 'addresses', 'dnsbl', 'failing', unixepoch() - 7200, '5 questions in a row failed', NULL, NULL, 'no'),
	  ('a.example', 'addresses', 'dnsbl', 'good', unixepoch() - 7200, NULL, unixepoch(), 'good', 'no');
	INSERT INTO bounce SELECT 'secret-' || (i % 13) || '\@example.com', i, unixepoch() - i * 30000, i % 3 = 0, '5.1.1',
	  '550 5.1.1 secret-t: <b onclick=x>no such mailbox</b>', '', NULL FROM c WHERE i BETWEEN 1 AND 40;
	INSERT INTO delivered VALUES ('secret-3\@example.com', unixepoch());
	INSERT INTO quota_use SELECT 'login', 'secret-u' || i || '\@example.org', 'recipients', 3600, 300, hour - 300 * k,
	  hour + 7200 - 300 * k, 'mx-' || (1 + k % 2), 1 + (i * 7 + k) % 40, iif(k, 600, 300 + i % 5)
	  FROM (SELECT i FROM c WHERE i < 40), (SELECT i AS k FROM c WHERE i < 4), t;
	INSERT INTO quota_use SELECT column1, column2, column3, 86400, column4, hour, hour + column4, 'mx-1', column5, column6
	  FROM t, (VALUES ('client', '192.0.2.7', 'messages', 86400, 1000, 1000),
	    ('login', 'secret-v', 'bytes', 7200, 3 << 29, 1 << 30), ('sasl_username', 'secret-w', 'recipients', 7200, 499, 500),
	    ('ccert_subject', 'secret-x', 'recipients', 7200, 7, 0));
	INSERT INTO quota_use VALUES
	  ('login', 'over\@example.org', 'messages', 60, 5, unixepoch() - 99, unixepoch() - 1, 'mx-1', 9, 9);
	DELETE FROM quota WHERE name LIKE 'secret-u1_\@%';
	UPDATE quota_use SET n = n + 200, most = 301 WHERE name = 'secret-u17\@example.org' AND start = (SELECT hour FROM t) AND writer <> 'hand';
	INSERT INTO relay_domain SELECT 'relay-' || i || '.example', unixepoch() - 86400 * i - 60, unixepoch(),
	  'secret-y\@relay-' || i || '.example', 'softfail', iif(i % 5, NULL, unixepoch()) FROM c WHERE i BETWEEN 10 AND 18;
	INSERT INTO relay_domain VALUES ('<b>', unixepoch(), unixepoch(), 'secret-z', '$hostile', NULL);
	INSERT INTO login_client SELECT 'secret-a' || i || '\@example.org', '203.0.' || k || '.0/24', unixepoch() - 9000,
	  unixepoch() - iif(k % 4, 600, 90000)
	  FROM (SELECT i FROM c WHERE i < 14), (SELECT i AS k FROM c WHERE i < 30) WHERE k <= i * 2;
	INSERT INTO login_client SELECT 'secret-s', '2001:db8:' || i || '::/48', unixepoch() - 60, unixepoch()
	  FROM c WHERE i < 40;
	COMMIT;

($page, $html) = page('full');
spew(folder . '/full.html', $html);
my ($as_of) = map { $_->{attributes}{datetime} } named((named($page, 'header'))[0], 'time');
my $now = $p->sql("SELECT unixepoch('$as_of')");

# ---- numbers ----

sub number { my $n = reverse shift // 0; return scalar reverse $n =~ s/(\d{3})(?=\d)/$1,/gr }
sub rows { return [ map { [ split /\|/, $_, -1 ] } $p->sql(shift) ] }

# A sum of a view's, as the page writes it.
sub sum { my ($column, $from) = @_; return number($p->sql("SELECT ifnull(sum($column), 0) FROM $from")) }

my %where = (
	'Today' => "daily WHERE day = date($now, 'unixepoch')",
	'24 hours' => "hourly WHERE hour > datetime($now, 'unixepoch', '-1 day')",
	'7 days' => "daily WHERE day > date($now, 'unixepoch', '-7 days')",
);
my @kinds = ("action = 'dunno'", "action = 'reject'", "action NOT IN ('dunno', 'reject')");	# passed, rejected, deferred
sub of_each_kind { my $where = shift; return [ map { sum('decisions', "$where AND $_") } @kinds ] }

for my $card (grep { ($_->{attributes}{class} // '') eq 'card' } elements($page)) {
	my ($period) = text((named($card, 'h3'))[0]) =~ /^(.*) since/;
	my $where = delete $where{$period};
	is text((named($card, 'p'))[0]), sum('decisions', $where) . ' requests', "$period: requests, as in the view";
	my @told = map { text($_) } named($card, 'dd');
	is_deeply [ @told[0, 2, 4] ], of_each_kind($where), "$period: passed, rejected, deferred";
}
is_deeply [ keys %where ], [], 'all three periods';

my @hours = @{cells($page, 'hours')};
is scalar @hours, 48, '48 hours';
my ($chart) = grep { $_->{attributes}{role} } named((part($page, 'hours'))[0], 'svg');
my @drawn = map { text($_) =~ /: (\S+) passed, (\S+) rejected, (\S+) deferred/ } named($chart, 'title');
for my $hour (0, 1, 17, 47) {
	my $where = "hourly WHERE hour = datetime($now / 3600 * 3600 - 3600 * $hour, 'unixepoch')";
	my $want = of_each_kind($where);
	is_deeply [ @{$hours[$hour]}[1 .. 3] ], $want, "$hour hours ago, as in hourly";
	is_deeply [ @drawn[3 * (47 - $hour) .. 3 * (47 - $hour) + 2] ], $want, 'and in the chart';
}
is scalar @drawn, 3 * 48, 'every hour is drawn';
my @days = $p->sql("SELECT date($now - 86400 * column1, 'unixepoch') FROM (VALUES (0), (1), (2), (3), (4), (5), (6))");
is_deeply [ map { $_->[0] =~ s/^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat) //r } @{cells($page, 'days')} ], \@days, 'seven days';
is_deeply [ map { $_->[1] } @{cells($page, 'days')} ],
    [ map { sum('decisions', "daily WHERE action = 'dunno' AND day = '$_'") } @days ], 'their passes, as in daily';

my %check = map { $_->[0] => [ @$_[1 .. 3] ] } @{cells($page, 'checks')};
for (@{rows("SELECT DISTINCT check_name, action FROM daily WHERE action <> 'dunno' AND check_name NOT LIKE '%<%'")}) {
	my ($name, $action) = @$_;
	my $is = "AND check_name = '$name' AND action = '$action'";
	is_deeply $check{"$name $action"}, [ sum('decisions', "daily WHERE day = date($now, 'unixepoch') $is"),
	    sum('decisions', "hourly WHERE hour > datetime($now, 'unixepoch', '-1 day') $is"),
	    sum('decisions', "daily WHERE day > date($now, 'unixepoch', '-7 days') $is") ], "$name $action, as in the views";
}
is_deeply [ map { [ @$_[0, 1, 3] ] } @{cells($page, 'would')} ], rows(<<~""), 'what would have been, as in would_have';
	SELECT check_name, action, sum(requests) FROM would_have WHERE day > date($now, 'unixepoch', '-7 days')
	GROUP BY 1, 2 ORDER BY 3 DESC

my @clients = @{cells($page, 'clients')};
is_deeply [ map { [ $_->[0] =~ /^([\da-f:.\/]+?)(?:mx|six|$)/, map { s/,//gr } @$_[1 .. 3] ] } @clients ],
    rows(<<~''), 'the clients refused most, as in day_of';
	SELECT name, refused, accepted, unknown FROM day_of WHERE scope = 'client' AND refused > 0
	ORDER BY refused DESC, name LIMIT 10

like $clients[0][0], qr/^2001:db8:0:7::\/64six\.example\.net$/, 'a network has a name, if it was seen';
like $clients[1][0], qr/^198\.51\.100\.30mx\.example\.net$/, 'so has an address';
is_deeply [ map { [ @$_[0 .. 3], $_->[5] eq 'yes' ? 1 : 0 ] } @{cells($page, 'harvesters')} ],
    rows(<<~''), 'harvesters, as in harvester';
	SELECT client, unknown, deactivated, accepted, blocked FROM harvester ORDER BY unknown DESC, client LIMIT 10

is text((named((part($page, 'blocks'))[0], 'caption'))[0]), $p->sql(<<~""), 'how many are blocked';
	SELECT count(*) || ' blocks, ' || sum(since >= datetime($now - 86400, 'unixepoch')) ||
	  ' of them set in the last day; the first 20' FROM block WHERE active

is_deeply [ map { [ @$_[0, 2, 4] ] } @{cells($page, 'blocks')}[4 .. 19] ], rows(<<~''), 'active blocks, as in block';
	SELECT client, strikes, substr(expires, 1, 16) FROM block
	WHERE active AND set_by <> 'hand' ORDER BY since DESC LIMIT 16

is_deeply [ map { "@$_[0, 2, 4, 5]" } @{cells($page, 'blocks')}[0 .. 3] ], [ 'login secret-s 1 for good hand',
    'sender secret-o@example.net 1 for good hand', 'sender spam.example 1 for good hand',
    '192.0.2.99 <strikes> <expires> hand' ], 'and those by hand, be there words where a number belongs';
is_deeply [ map { join '|', @$_[0, 1, 3] } @{cells($page, 'lists')} ],
    [ 'bl.example|! failing|5 questions in a row failed', 'a.example|✓ good|good' ],
    'DNS lists, those in trouble first';
is_deeply [ map { join '|', @$_ } @{cells($page, 'problems')} ],
    [ $p->sql("SELECT * FROM problem ORDER BY finding LIKE 'expired%', list, row") ],
    'rows that do nothing, as in problem';
is_deeply [ map { [ $_->[0], $_->[1] =~ /^([\d,]+)/, $_->[3] ] } grep { $_->[1] !~ /MB/ } @{cells($page, 'quotas')} ],
    rows(<<~''), 'the fullest quotas, as in quota';
	SELECT name || scope, format('%,d', used), substr(frees, 1, 16) FROM (SELECT * FROM quota LIMIT 10)
	WHERE unit <> 'bytes'

is_deeply [ map { join '|', @$_[0 .. 2] } @{cells($page, 'quotas')}[0 .. 3] ], [
    'secret-xccert_subject|7 of 0 recipients within 1d|700%', 'secret-vlogin|1536.0 MB of 1024.0 MB within 1d|150%',
    '192.0.2.7client|1,000 of 1,000 messages within 1d fixed|100%',
    'secret-wsasl_username|499 of 500 recipients within 1d|100%' ], 'of what, and how full';
is text((named((part($page, 'quotas'))[0], 'caption'))[0]),
    $p->sql('SELECT count(*) FROM quota') . ' quotas in use, the fullest first; the first 10', 'and how many there are';
is_deeply [ map { join '|', @$_ } @{cells($page, 'relays')} ],
    [ $p->sql('SELECT domain, substr(since, 1, 16), login, finding FROM relay_missing') ], 'relays, as in relay_missing';
is_deeply [ map { [ @$_[0 .. 1], $_->[3] eq 'yes' ? 1 : 0 ] } @{cells($page, 'spread')} ],
    rows('SELECT login, networks, blocked FROM login_spread LIMIT 10'), 'logins from many networks, as in login_spread';
is_deeply cells($page, 'spread')->[0],
    [ 'secret-s', 40, $p->sql('SELECT substr(last, 1, 16) FROM login_spread LIMIT 1'), 'yes' ],
    'the one that is blocked, too';
is_deeply [ map { [ @$_[0 .. 3] ] } @{cells($page, 'bouncing')} ], rows(<<~""), 'who bounces, as in bouncing';
	SELECT recipient, hard, soft, substr(last, 1, 16) FROM bouncing
	WHERE last >= date($now, 'unixepoch', '-6 days') ORDER BY hard DESC, bouncing.last DESC LIMIT 10

is_deeply [ map { substr $_->[0], 0, 10 } @{cells($page, 'refusals')} ], [ $p->sql('SELECT ref FROM refusal LIMIT 10') ],
    'the latest refusals, as in refusal';
like text($page), qr/1 DNS list is not asked: bl\.example \(failing\)/, 'what asks for somebody stands in front';
like text($page), qr/3 rows that somebody wrote cannot be read/, 'so do rows';
like text($page), qr/3 quotas are used up: secret-x \(0 recipients within 1d\), secret-v \(1024\.0 MB within 1d\), 192/,
    'so do quotas';
like text($page), qr/4 relays have not named us in SPF for 14 days: relay-18\.example, .*, relay-14\.example\./,
    'and relays, once they had time';

($page) = page('one day', '-s', 1);
is scalar @{cells($page, 'days')}, 1, '-s 1: one day';
($page) = page('all days', '-s', 400);
is scalar @{cells($page, 'days')}, 400, '-s 400: as many as are kept';

# ---- strangers ----

($page) = page('again', '-s', 7);
my %helo = map { $_ => 1 } map { text($_) =~ /^HELO (.*)/s } named((part($page, 'refusals'))[0], 'small');
ok $helo{$_}, "shown as it is: $_" for @acts;
ok $helo{'evil\x{202e}txt.exe'}, 'what turns the direction is spelled out';
ok $helo{'שלום.example'}, 'letters are letters';
ok $helo{'\xff\xfe.example'}, 'so are bytes that are no letters';
ok $helo{'a\x0ab\x09c\x07\x1b[1md'}, 'control characters';
ok $helo{"l\x{308}\x{308}\\x{308}\\x{308}e"}, 'and what piles up on a letter';
ok((grep { /^a{36}…a{11}\.example\.net$/ } keys %helo), 'what is long is cut in the middle');
like join("\n", map { text($_) } named($page, 'title')), qr/"><img src=x onerror=.*by hour/, 'in SVG, too';

# ---- privacy ----

unlike $html, qr/hidden-note/, 'notes are for those who ask the database';
my @secrets = $html =~ /(secret-\w+)/g;
cmp_ok scalar @secrets, '>', 25, 'there is much to hide';
($page, $html) = page('private', '-a');
is_deeply [ $html =~ /(.{0,30}secret.{0,30})/g ], [], '-a: no local part is shown';
like text($page), qr/\@example\.com.*local parts of addresses are hidden/s, 'but domains, and that it is so';
like text((part($page, 'refusals'))[0]), qr/550 5\.7\.1/, 'and codes';

# ---- where it goes ----

my $to = folder . '/to';
mkdir $to or die;
umask 027;
my ($status, $out, $said) = report(-d => $p->database, -o => "$to/report.html");
is "$status $out$said", '0 ', '-o: says nothing';
like slurp("$to/report.html"), qr{\A<!DOCTYPE html>.*</html>\n\z}s, 'the page is in the file';
is sprintf('%o', (stat "$to/report.html")[2] & 07777), 640, 'umask says who may read it';
umask 022;
is_deeply [ map { s{.*/}{}r } glob "$to/{.,}*[a-z]*" ], [ 'report.html' ], 'and nothing else is left there';

# ---- errors ----

my %wrong = (
	"$to/none.db" => qr{^contrib/report: $to/none\.db: No such file or directory; say with -d where it is},
	$to => qr{^contrib/report: $to: not a file; },
	spew("$to/empty.db", '') => qr{empty\.db: not a database of policyd's: it is empty; say with -d .* or start policyd},
	spew("$to/text.db", "This is no database.\n" x 99) => qr{text\.db: file is not a database; say with -d},
);
system($sqlite3, "$to/foreign.db", 'CREATE TABLE decision (x)') == 0 or die;
$wrong{"$to/foreign.db"} = qr{foreign\.db: not a database of policyd's: it has no table counter; say with -d};
for (qw(activity login_client relay_domain quota_use)) {
	system("$sqlite3 $to/no_$_.db '.read sql/schema.sql' '.read sql/views.sql' 'DROP TABLE $_'") == 0 or die;
	$wrong{"$to/no_$_.db"} = qr{no_$_\.db: it has no table $_, so an earlier version of policyd made it; start the present};
}
spew("$to/other.sql", slurp('sql/schema.sql') =~ s/^  strikes /  strokes /mr);
system("$sqlite3 $to/other.db '.read $to/other.sql' '.read sql/views.sql'") == 0 or die;
$wrong{"$to/other.db"} = qr{other\.db: no such column: strikes; it is of another version of policyd};
spew("$to/report.html", 'as before');
for my $database (sort keys %wrong) {
	($status, $out, $said) = report(-d => $database, -o => "$to/report.html");
	is "$status $out", '1 ', "$database: fails";
	like $said, $wrong{$database}, 'says where, what and what to do';
	is $said =~ tr/\n//, 1, 'in one line';
}
is slurp("$to/report.html"), 'as before', 'the page that was there stays';
($status, $out, $said) = report(-d => $p->database, -o => "$to/no/report.html");
is $status, 1, 'nowhere to put it: fails';
like $said, qr{^contrib/report: $to/no/report\.html: cannot be written: No such file or directory; say}, 'and says so';
($status, $out, $said) = report(-d => $p->database, -o => $to);
is "$status " . ($said =~ /it is no file/), '1 1', 'nor in place of a folder';
is_deeply [ glob "$to/.report*" ], [], 'nothing is left of a failure';
{
	local $ENV{PATH} = '/nonexistent';
	unlink "$bin/sqlite3";
	($status, $out, $said) = report(-d => $p->database);
	is $status, 1, 'no sqlite3: fails';
	like $said, qr{: cannot run sqlite3: No such file or directory; apt-get install sqlite3\n\z}, 'and says so';
	note_what_is_asked();
}
is((report(@$_))[0], 2, "usage: @$_") for [ '-x' ], [ -s => 'many' ], [ 'policyd.db' ];
is((report(-d => $p->database, -s => $_))[0], 1, "no $_ days") for 0, 401;

# ---- a large database ----

report(-d => $p->database);
my @questions = split /;\n(?=SELECT)/, slurp($asked) =~ s/^BEGIN;\s*|;\s*COMMIT\s*$//gr;
cmp_ok scalar @questions, '>', 10, 'it asks much';
for my $question (@questions) {
	my ($name) = $question =~ /'(\w+) '/;
	my @large = qw(counter activity unknown bounce delivered login_client);
	push @large, 'decision' if $question !~ /FROM decision ORDER BY reference DESC LIMIT \d+\)/;
	push @large, 'relay_domain' if $question !~ /FROM relay_domain ORDER BY last DESC LIMIT \d+\)/;
	my $scan = join '|', (map { "SCAN $_\\b" } @large), $question =~ /FROM quota_use/ ? 'TEMP B-TREE FOR GROUP' : ();
	is_deeply [ grep { /$scan/ } $p->sql("EXPLAIN QUERY PLAN $question") ], [],
	    "$name: finds by an index, or looks at the newest";
}

# ---- while somebody writes ----

open my $cli, '|-', $sqlite3, '-batch', $p->database or die;
print $cli "BEGIN EXCLUSIVE;\nUPDATE change SET n = n;\n.shell touch $to/writing\n";
$cli->flush;
eventually { return -e "$to/writing" } 'somebody writes';
is((report(-d => $p->database))[0], 0, 'which is no reason to wait');
print $cli "ROLLBACK;\n";
close $cli;

# ---- in a browser ----

# What cannot be read well: texts with less contrast than WCAG 2.1 asks for (1.4.3), whatever their size.
my $faint = <<'';
const parts = c => (c.match(/[\d.]+/g) || []).map(Number);
const light = c => { const [r, g, b] = parts(c).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (parts(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
const found = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
	const e = walk.currentNode.parentElement;
	if (!walk.currentNode.data.trim() || e.closest('title, desc')) continue;
	const style = getComputedStyle(e), a = light(e.closest('svg') ? style.fill : style.color), b = light(behind(e));
	const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
	if (contrast < 4.5) found.add(contrast.toFixed(2) + ' ' + e.tagName + ' ' + walk.currentNode.data.trim().slice(0, 30));
}
return [...found];

# What sticks out to a side, or must be pushed to be seen.
my $outside = <<'';
const found = [];
const width = document.documentElement.scrollWidth;
if (width > innerWidth) found.push('the page is ' + width + ' wide');
for (const e of document.body.querySelectorAll('*')) {
	const r = e.getBoundingClientRect();
	if (r.width && (r.left < -1 || r.right > innerWidth + 1)) found.push(e.tagName + ' ' + e.textContent.slice(0, 30));
	if (e.matches('.fit') && e.scrollWidth > e.clientWidth) found.push('pushed: ' + e.textContent.trim().slice(0, 30));
}
return found;

# One page on one screen, in one of the two schemes of colours; returns what colour it is.
sub looks_well {
	my ($browser, $name, $screen, $width, $height, $scheme) = @_;
	my $title = "$name, $screen, $scheme";
	my $address = 'file://' . folder . "/$name.html";
	$browser->looks_like(width => $width, height => $height, scheme => $scheme);
	$browser->open($address);
	is_deeply [ $browser->requests ], [ $address ], "$title: asks nobody for anything";
	is_deeply [ $browser->complaints ], [], "$title: nothing is odd";
	my $picture = $browser->picture(folder . "/$name-$screen-$scheme.png");
	like slurp($picture), qr/\A\x89PNG.{9000}/s, "$title: a picture";
	$browser->script("document.querySelectorAll('details').forEach(d => d.open = true)");
	is_deeply $browser->script($outside), [], "$title: all is inside";
	is_deeply $browser->script($faint), [], "$title: all can be read";
	return $browser->script('return getComputedStyle(document.body).backgroundColor');
}

sub in_a_browser {
	my $browser = Policyd::Browser->start;
	my @colours;
	for my $name (qw(new full)) {
		for my $scheme (qw(light dark)) {
			push @colours, looks_well($browser, $name, 'phone', 360, 800, $scheme);
			push @colours, looks_well($browser, $name, 'desktop', 1280, 900, $scheme);
		}
	}
	is join(' ', map { $_ eq $colours[0] ? 'light' : $_ eq $colours[2] ? 'dark' : $_ } @colours),
	    join(' ', ('light light dark dark') x 2), 'light and dark differ';

	looks_well($browser, 'full', 'tablet', 768, 1024, 'light');

	# Where nothing but what is written keeps scripts from acting.
	my $unguarded = slurp(folder . '/full.html');
	$unguarded =~ s/<meta http-equiv="Content-Security-Policy"[^>]*>// or die;
	spew(folder . '/unguarded.html', $unguarded);
	looks_well($browser, 'unguarded', 'phone', 360, 800, 'light');
	is $browser->script('return name'), '', 'nothing that strangers said acts';
	is $browser->script("return document.querySelectorAll('script, img, iframe, object, a:not([href^=\"#\"])').length"), 0,
	    'nor became an element';
}

if (my $why = Policyd::Browser->why_not) {
	$ENV{CI} ? fail("in a browser: $why") : diag("skipped: $why");
} else {
	in_a_browser();
}

is $p->stop, 'exit 0', 'policyd stops';
is((report(-d => $p->database))[0], 0, 'the report needs no policyd that runs');

# ---- what README and the unit say can be typed ----

for my $file (qw(README contrib/systemd/policyd-report.service)) {
	my @commands = slurp($file) =~ m{(?:contrib/report|/policyd-report)((?: -a)? -o) \S+$}mg;
	is((report(-d => $p->database, (split ' '), "$to/typed.html"))[0], 0, "$file:$_") for @commands;
	cmp_ok scalar @commands, '>', 1, "$file tells how";
}
done_testing;
