#!/usr/bin/perl
# recipient.t - unknown and deactivated recipients, as the site's own database has them
use lib 't/lib';
use Policyd::Daemon;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

# ---- a hoster's database, as a panel would keep it ----

my $folder = folder;
my $site = "$folder/panel.db";

sub panel {
	open my $cli, '|-', 'sqlite3', '-batch', $site or die "sqlite3: $!";
	print $cli @_;
	close $cli or die "sqlite3: $?";
}

panel(<<'');
CREATE TABLE domain (domain TEXT PRIMARY KEY, active INTEGER);
CREATE TABLE mailbox (username TEXT PRIMARY KEY, active INTEGER);
CREATE TABLE alias (address TEXT PRIMARY KEY, goto TEXT, active INTEGER);
INSERT INTO domain VALUES ('example.org', 1), ('example.net', 1);
INSERT INTO mailbox VALUES ('known@example.org', 1), ('gone@example.org', 0), ('odd@example.org', NULL);
INSERT INTO alias VALUES ('ann@example.org', 'known@example.org', 1), ('@example.net', 'known@example.org', 1),
    ('gone@example.org', 'gone@example.org', 1), ('stopped@example.net', 'known@example.org', 0);

# The manual's own example.
my ($query) = slurp('src/policyd.conf.5') =~ /^recipient_query =\n(.+?LIMIT 1)$/ms or die 'policyd.conf(5) has no example';

my $p = Policyd::Daemon->start(
	server => { socket_mode => '0666', user => 'postfix', metrics_file => "$folder/policyd/policyd.prom",
	    site_database => $site, recipient_query => "\n$query\n", recipient_delimiter => '+' },
	profiles => profile('mx', recipient_unknown => 'reject', recipient_deactivated => 'reject') .
	    profile('careful', recipient_unknown => 'reject on_error defer', recipient_deactivated => 'reject'));
is $p->log =~ /warning/, '', 'a database that is there: no warning';

# ---- through Postfix ----

my $socket = $p->socket;
my %postfix = map { $_ => Policyd::Postfix->start(
    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=$_ }") } qw(mx careful);

sub rcpt {
	my ($recipient, $context) = @_;
	return $postfix{$context // 'mx'}->client(name => 'mx.example.net')->mail('bob@example.net', $recipient);
}

my $c = $postfix{mx}->client(name => 'mx.example.net');
like $c->mail('bob@example.net', 'known@example.org'), qr/^250 2\.1\.5 /, 'a mailbox in use: accepted';
like $c->deliver, qr/^250 2\.0\.0 /, 'to the end';
like rcpt('Ann@EXAMPLE.org'), qr/^250 /, 'an alias, in another case: accepted';
my $reply = rcpt('nobody@example.org');
like $reply, qr/^550 5\.1\.1 <nobody\@example\.org>: Recipient address rejected: there is no mailbox nobody\@example\.org here; check the address \(recipient_unknown (\w{10})\)$/,
    'no mailbox: refused, and named';
my ($reference) = $reply =~ /\(recipient_unknown (\w{10})/;
like scalar $p->sql("SELECT * FROM why WHERE ref = '$reference'"), qr/recipient_query nobody\@example\.org: unknown/,
    'and the database knows why';
like rcpt('gone@example.org'), qr/^550 5\.2\.1 <gone\@example\.org>: Recipient address rejected: the mailbox gone\@example\.org is closed; take it off your lists \(recipient_deactivated \w{10}\)$/,
    'a mailbox that is deactivated: refused as such';
like rcpt(q{"x' OR '1'='1"@example.org}), qr/^550 5\.1\.1 .*\(recipient_unknown /, 'an address is never more than a value';
$c = $postfix{mx}->client(name => 'mx.example.net');
like $c->mail('bob@example.net', 'nobody@example.org'), qr/^550 /, 'one recipient is refused,';
like $c->say('RCPT TO:<known@example.org>'), qr/^250 /, 'the next of the same mail is not';
like $c->deliver, qr/^250 /, 'and gets it';

# ---- what Postfix is not needed for ----

my $unknown = '550 5.1.1 recipient_unknown';
my $closed = '550 5.2.1 recipient_deactivated';
my @cases = (
	[ 'an extension',             { recipient => 'known+news@example.org' },                  'DUNNO' ],
	[ 'of a deactivated mailbox', { recipient => 'gone+news@example.org' },                   $closed ],
	[ 'of nobody',                { recipient => 'nobody+news@example.org' },                 $unknown ],
	[ 'another delimiter',        { recipient => 'known-news@example.org' },                  $unknown ],
	[ 'a domain not kept there',  { recipient => 'nobody@example.com' },                      'DUNNO' ],
	[ 'a catch-all',              { recipient => 'whoever@example.net' },                     'DUNNO' ],
	[ 'a stopped alias of it',    { recipient => 'stopped@example.net' },                     $closed ],
	[ 'a trailing dot',           { recipient => 'known@example.org.' },                      'DUNNO' ],
	[ 'no domain',                { recipient => 'nobody' },                                  'DUNNO' ],
	[ 'a literal',                { recipient => 'nobody@[192.0.2.25]' },                     'DUNNO' ],
	[ 'our own machine',          { recipient => 'nobody@example.org', client_address => '127.0.0.1' }, $unknown ],
	[ 'a login',                  { recipient => 'nobody@example.org', sasl_username => 'ann' },        'DUNNO' ],
	[ 'a value that is none',     { recipient => 'odd@example.org' },                         'DUNNO' ],
	[ 'the same, careful',        { recipient => 'odd@example.org', policy_context => 'careful' }, '451 4.3.0 recipient_unknown' ],
);
is verdict($p->ask(%{$_->[1]})), $_->[2], $_->[0] for @cases;
$p->sql("INSERT INTO allow (client, note) VALUES ('192.0.2.9', 'a friend')");
eventually { ($p->command('', '-x', 'client_address=192.0.2.9', 'recipient=known@example.org'))[1] =~ /^allow +exempts/m }
    'policyd knows the row';
is verdict($p->ask(recipient => 'nobody@example.org', client_address => '192.0.2.9')), $unknown, 'a friend\'s mistake is one too';
is scalar(() = $p->log =~ /warning: site: .*odd\@example\.org: it says 'NULL'/g), 1, 'the odd value is said once';

my ($exit, $out, $err) = $p->command('', '-x', 'client_address=192.0.2.7', 'client_name=mx.example.net', 'recipient=gone@example.org');
is "$exit $err", '0 ', '-x: explained';
like $out, qr/^recipient +objects .* recipient_deactivated = reject  -> recipient_deactivated: reject\n.*\n +recipient_query gone\@example\.org: deactivated \[\d+ ms\]$/m,
    '-x: the verdict and the fact';
like $out, qr/^action=550 5\.2\.1 the mailbox gone\@example\.org is closed/m, '-x: the action';

# ---- it cannot tell ----

sub cannot_tell {
	my $what = shift;
	eventually { verdict($p->ask(recipient => 'nobody@example.org', policy_context => 'careful')) eq '451 4.3.0 recipient_unknown' }
	    "$what: felt";
	like rcpt('ann@example.org'), qr/^250 /, "$what: mail flows";
	like rcpt('ann@example.org', 'careful'), qr/^451 4\.3\.0 <ann\@example\.org>: Recipient address rejected: cannot look up ann\@example\.org now \(recipient_unknown \w{10}\)$/,
	    "$what, on_error defer: 4xx";
	is rcpt('nobody@example.org') =~ /^(550 5\.1\.1) .*User unknown/ && $1, '550 5.1.1', "$what: Postfix's own table still refuses";
}

sub well_again {
	my $what = shift;
	eventually { verdict($p->ask(recipient => 'nobody@example.org')) eq $unknown } "$what: over";
	like rcpt('ann@example.org', 'careful'), qr/^250 /, "$what: all is well again";
}

open my $other, '|-', 'sqlite3', '-batch', $site or die "sqlite3: $!";
$other->autoflush;
print $other ".timeout 10000\nBEGIN EXCLUSIVE;\n";
cannot_tell('locked');
print $other "COMMIT;\n";
well_again('locked');
close $other;
like $p->log, qr/warning: site: \Q$site\E: database is locked; whether recipients are known, nobody can tell now/, 'the log says so';
like $p->log, qr/site: \Q$site\E answers again/, 'and when it is over';
is scalar(() = $p->log =~ /database is locked/g), 1, 'once';

panel('ALTER TABLE mailbox RENAME TO box;');
cannot_tell('another schema');
rename $site, "$site.aside" or die "rename: $!";
cannot_tell('no database');
ok !-e $site, 'none is made';
panel('CREATE TABLE domain (domain); CREATE TABLE mailbox (username, active);',
    'CREATE TABLE alias AS SELECT \'ann@example.org\' AS address, 1 AS active; INSERT INTO domain VALUES (\'example.org\');');
well_again('no database');
is_deeply [grep { !/^\Q$site\E(\.aside)?$/ } glob "$site*"], [], 'nothing lies beside it';

# ---- the configuration ----

my %good = %{$p->{server}};
my @mistakes = (
	[ 'a word',            'SELCT active FROM mailbox WHERE username = :recipient', qr/near "SELCT": syntax error/ ],
	[ 'a table',           'SELECT active FROM users WHERE username = :recipient',  qr/no such table: users/ ],
	[ 'a parameter',       'SELECT active FROM mailbox WHERE username = :address',  qr/write :recipient, :local or :domain/ ],
	[ 'no parameter',      'SELECT active FROM mailbox',                            qr/everybody; write :recipient, :local or :domain/ ],
	[ 'one that writes',   'DELETE FROM mailbox WHERE username = :recipient RETURNING 1', qr/write a single SELECT/ ],
	[ 'two statements',    'SELECT 1; SELECT :recipient',                           qr/write a single SELECT/ ],
);
for (@mistakes) {
	my ($title, $sql, $why) = @$_;
	$p->configure(server => { %good, recipient_query => $sql });
	($exit, $out, $err) = $p->command('', '-n');
	is $exit, 1, "-n: a mistake in recipient_query: $title";
	like $err, qr/^\S*policyd\.conf:\d+: recipient_query = \Q$sql\E: .*$why/, "-n: $title: place, finding, remedy";
}
my ($line) = $err =~ /policyd\.conf:(\d+):/;
like +(split /\n/, slurp($p->config))[$line - 1], qr/^recipient_query = SELECT 1/, 'the line is the right one';
$p->reload;
$p->says(qr/error: \S*policyd\.conf:$line: recipient_query = SELECT 1.*\n.*was not taken/, 'a reload with a mistake is not taken');
is verdict($p->ask(recipient => 'nobody@example.org')), $unknown, 'and changes nothing';

$p->configure(server => { %good, site_database => undef });
($exit, $out, $err) = $p->command('', '-n');
is $exit, 1, '-n: a query without a database';
like $err, qr/recipient_query = .*set site_database$/, 'the remedy';
$p->configure(server => { %good, site_database => "$folder/none.db" });
($exit, $out, $err) = $p->command('', '-n');
is $exit, 0, '-n: a database that is missing is no mistake';
like $err, qr/^warning: \S*policyd\.conf:\d+: site_database = \S*none\.db: No such file or directory; /, 'but a warning';

$p->reload(server => { %good, recipient_query => "SELECT 'no' WHERE :local = 'ann'" });
eventually { verdict($p->ask(recipient => 'ann@example.org')) eq $closed } 'another query counts after a reload';
$p->reload(server => { %good, recipient_query => '' });
eventually { $p->ask(recipient => 'nobody@example.org') eq 'DUNNO' } 'and none';
is $p->stop, 'exit 0', 'policyd stops';
cmp_ok $p->metric("policyd_site_answers_total{query=\"recipient\",answer=\"$_\"}") // 0, '>', 0, "the metrics count: $_"
    for qw(yes no none cannot_tell);
unlike $_->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about' for values %postfix;

done_testing;
