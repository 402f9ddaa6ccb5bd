#!/usr/bin/perl
# harvest.t - who keeps trying mailboxes that are not here is blocked: learnt between two requests of a real Postfix
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

my $dns = Policyd::DNS->start('* !nxdomain');
my $harvest = profile('mx', client_harvesting => 'defer', client_block_temporary => 'defer', client_block_permanent => 'reject',
    spamtrap => 'reject', deny => 'reject');
my $p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix' }, profiles =>
    $harvest . "trusted_forwarders = 192.0.2.77\n[strict : mx]\nblock_steps = 1h, forever\n");

# mx-pre, Postfix's own table, mx: with nothing between.  One smtpd, so that its next question follows each session.
sub postfix {
	my $maps = shift;
	my $socket = $p->socket;
	my @policy = map { "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=$_ }" } qw(mx-pre mx);
	my $postfix = Policyd::Postfix->new("smtpd_recipient_restrictions = reject_unauth_destination, $policy[0], "
	    . "reject_unlisted_recipient, $policy[1]", 'smtpd_hard_error_limit = 1000', "virtual_mailbox_maps = $maps");
	spew($postfix->config . '/master.cf', slurp($postfix->config . '/master.cf') =~ s/^smtp inet n - n - -/smtp inet n - n - 1/r);
	return $postfix->run;
}
my ($well, $sick) = ('regexp:{{/^(known[0-9]*|ann|postmaster)@/ 1}}', 'inline:{ nobody.at.all@example.org=1 }');
my $postfix = postfix($well);

my @client = (name => 'mx.example.net', helo => 'mx.example.net');
my $unknown = qr/^550 5\.1\.1 /;

# One session: the replies to these local parts.
sub session {
	my ($addr, @recipients) = @_;
	my $c = $postfix->client(@client, addr => $addr);
	$c->say('MAIL FROM:<bob@example.net>');
	return map { $c->say("RCPT TO:<$_\@example.org>") } @recipients;
}

# What others do meanwhile: it shows that the table of mailboxes is well.
my $known = 0;
sub knowns { return map { 'known' . $known++ } 1 .. shift }
sub traffic { session("192.0.2.20$_", knowns(40)) for 1 .. 3 }

sub tried { return $p->sql("SELECT count(*) FROM unknown WHERE client = '$_[0]'") }

# ---- what is learnt ----

session('192.0.2.1', 'known', 'nobody', 'ann', 'nobody');
like((session('192.0.2.2', 'ann'))[0], qr/^250/, 'another client, whose request ends the pair before');
eventually { tried('192.0.2.1') == 1 } 'one recipient tried in vain, however often';
is $p->sql('SELECT recipient, state, source FROM unknown'), 'nobody@example.org|unknown|bracket', 'it is the right one';
eventually { $p->sql("SELECT accepted, unknown FROM day_of WHERE scope = 'client' AND name = '192.0.2.1'") eq '2|1' }
    'what came from the client';
is $p->sql("SELECT count(*) FROM block"), 0, 'nobody is blocked for that';

# ---- twenty ----

my $number = 0;
sub nobodies { return map { 'x' . $number++ } 1 .. shift }

my @replies = map { session('192.0.2.7', nobodies(7)) } 1 .. 3;
like $replies[$_], $unknown, "attempt $_: Postfix says what it says" for 0, 19;
like $replies[20], qr/^450 4\.7\.1 .*: 192\.0\.2\.7 tried 20 recipients that are not here; remove what bounces from your lists, and come back later \(client_harvesting \w+\)$/,
    'twenty wrong addresses cost the client the twenty-first';
like((session('192.0.2.7', 'known'))[0],
    qr/^450 4\.7\.1 .*: 192\.0\.2\.7 is blocked from [-\d]+ [\d:]+ to [-\d]+ [\d:]+ UTC: it tried 20 recipients that are not here; come back then, or ask us to lift it \(client_block_temporary \w+\)$/,
    'and every other one for an hour');
like((session('192.0.2.2', 'ann'))[0], qr/^250/, 'good mail from elsewhere flows');
is $p->sql("SELECT client, strikes, unixepoch(expires) - unixepoch(since), evidence, active FROM block"),
    '192.0.2.7|1|3600|20 of 20 recipients within 3600 s are not here, 0 of them deactivated|1', 'the block, in the database';
is $p->sql("SELECT client, unknown, blocked FROM harvester LIMIT 1"), '192.0.2.7|20|1', 'the first of the harvesters';
my ($reference) = $replies[20] =~ /\(client_harvesting (\w+)/;
like $p->sql("SELECT trace FROM why WHERE ref = '$reference' AND rule = 'client_harvesting'"), qr/^20 of 20 recipients/, 'the reference says why';
like((session('192.0.2.7', 'postmaster'))[0], qr/^250/, 'postmaster can be reached, to ask about it');

# ---- the block ends ----

traffic();
sub passes { my $addr = shift; return (session($addr, 'known'))[0] =~ /^250/ }
$p->sql("UPDATE block SET expires = 'now', note = 'they mended it' WHERE client = '192.0.2.7'");
eventually { passes('192.0.2.7') } 'somebody lifts it: within a second the client is welcome';
is $p->sql("SELECT note FROM history WHERE what = 'block: update'"), 'they mended it', 'with a note';
like((session('192.0.2.7', nobodies(3)))[2], $unknown, 'what was tried before the block is paid for');
eventually { grep { /client_harvesting/ } session('192.0.2.7', nobodies(7)) } 'twenty more cost more';
is $p->sql("SELECT strikes, unixepoch(expires) - unixepoch(since) FROM block"), '2|86400', 'the second block lasts a day';
$p->sql("UPDATE block SET expires = unixepoch() - 1");
eventually { passes('192.0.2.7') } 'a block ends by time';
$p->sql("UPDATE block SET expires = NULL, cause = 'a stop was ignored'");
eventually { (session('192.0.2.7', 'known'))[0] =~ /^550 5\.7\.1 .*: 192\.0\.2\.7 is blocked since [-\d]+: a stop was ignored; ask us to lift it \(client_block_permanent / }
    'one for good is a 550';
$p->sql("DELETE FROM block");
eventually { passes('192.0.2.7') } 'gone without a trace';
is tried('192.0.2.7'), 0, 'with what it tried';

# ---- who is not blocked ----

traffic();
$p->sql("INSERT INTO allow (client, note) VALUES ('192.0.2.9', 'a friend')");
$p->sql("INSERT INTO deny (sender) VALUES ('felt.example')");
eventually { $p->ask(sender => 'a@felt.example') =~ /deny/ } 'the row is felt';
for my $who ('192.0.2.9', '192.0.2.77') {
	session($who, nobodies(25));
	ok passes($who), "$who: in " . ($who eq '192.0.2.9' ? 'allow' : 'trusted_forwarders');
	eventually { tried($who) >= 24 } "$who: but counted";
}
session('192.0.2.10', knowns(60), nobodies(25));
ok passes('192.0.2.10'), 'twenty-five among eighty-five are a few';
is $p->sql('SELECT count(*) FROM block'), 0, 'no block';

# ---- IPv6: a network of 64 bits is one ----

traffic();
session("2001:db8::$_", nobodies(7)) for 1 .. 3;
like((session('2001:db8::99', 'known'))[0], qr/^450 .*\(client_block_temporary/, 'IPv6: any address of the /64');
ok passes('2001:db8:0:1::1'), 'and no other';
is $p->sql('SELECT client FROM block'), '2001:db8::/64', 'IPv6: the block';

# ---- by hand ----

$p->sql("INSERT INTO block (client, cause, note, expires) VALUES ('192.0.2.64/28', 'spam', 'ticket 5', '+1 day')");
eventually { !passes('192.0.2.70') } 'a network is blocked by hand';
$p->sql("INSERT INTO block (sender, cause, note) VALUES ('spam.example', 'spam', 'ticket 6')");
eventually { $p->ask(sender => 'a@spam.example') =~ /^550 5\.7\.1 a\@spam\.example is blocked since .*client_block_permanent/ } 'a sender domain';
$p->sql("INSERT INTO block (client, cause) VALUES ('.example.com', 'spam')");
eventually { $p->ask(client_name => 'mx.example.com') =~ /client_block_permanent/ } 'a confirmed name';
$p->sql("INSERT INTO block (client, sender) VALUES ('192.0.2.66', 'example.net')");
eventually { $p->sql('SELECT row, finding FROM problem') =~ /not one of client, sender and login is filled; fill exactly one/ } 'a row that says too much is told';

like $postfix->client(@client, addr => '192.0.2.70', login => 'ann@example.org')->mail('ann@example.org', 'known@example.org'),
    qr/^250/, 'a login may come from anywhere';
$p->sql("INSERT INTO block (login, cause, expires) VALUES ('Ann\@example.org', 'it sent spam', '+1 day'), ('\@example.com', 'not paid', NULL)");
sub login { return $p->ask(client_address => '203.0.113.9', sasl_username => $_[0], policy_context => $_[1] // 'submission-sender') }
eventually { login('ann@example.ORG') =~ /^450 4\.7\.1 ann\@example\.ORG is blocked from .* UTC: it sent spam; come back then, or ask us to lift it \(login_block / }
    'a login is blocked';
like login('bob@example.com', 'mx'), qr/^550 5\.7\.1 bob\@example\.com is blocked since .*: not paid; /, 'all of a domain, on port 25, too';
is login('bob@example.org'), 'DUNNO', 'others are not';

# ---- spam traps ----

$p->sql("INSERT INTO spamtrap (recipient, note) VALUES ('ann\@example.org', 'a trap now')");
eventually { (session('192.0.2.30', 'ann'))[0] =~ /^550 5\.7\.1 .*: ann\@example\.org never asked anybody for mail; take it off your lists \(spamtrap / } 'a spam trap';
ok !passes('192.0.2.30'), 'who writes to one is blocked';
eventually { $p->sql("SELECT trap > 0 FROM day_of WHERE scope = 'client' AND name = '192.0.2.30'") } 'and counted';
$p->sql('DELETE FROM block');
eventually { passes('192.0.2.30') && passes('192.0.2.70') } 'lifted';
like((session('192.0.2.77', 'ann'))[0], qr/^250/, 'who hands on what others wrote may write to one');
ok passes('192.0.2.77'), 'and is not blocked';
$p->sql('DELETE FROM spamtrap');

# ---- kill -9 ----

session('192.0.2.40', nobodies(19));
passes('192.0.2.2');
eventually { tried('192.0.2.40') == 19 } 'nineteen';
is $p->kill9, 'signal 9', 'policyd is killed';
$p->run;
passes('192.0.2.2');			# somebody is known since the start
like((session('192.0.2.40', nobodies(1), 'known'))[1], qr/^450 .*client_harvesting/, 'the twentieth, after it came back');
is $p->kill9, 'signal 9', 'and again';
$p->run;
ok !passes('192.0.2.40'), 'a block that was answered is still there';
is $p->sql("SELECT count(*), max(strikes) FROM block WHERE client = '192.0.2.40'"), '1|1', 'once';
is tried('192.0.2.40'), 20, 'nothing counted twice';

# ---- shadow ----

$p->reload(profiles => profile('mx', client_harvesting => 'log', spamtrap => 'log', client_block_temporary => 'defer'));
$p->says(qr/read again/, 'reloaded');
session('192.0.2.50', nobodies(25));
ok passes('192.0.2.50'), 'log: nobody is blocked';
eventually { $p->sql('SELECT would FROM shadow') =~ /object client_harvesting/ } 'but it is recorded who would be';
$p->sql("INSERT INTO spamtrap (recipient) VALUES ('ann\@example.org'), ('trap\@example.org')");
eventually { session('192.0.2.53', 'ann'); $p->sql("SELECT count(*) FROM shadow WHERE would = 'object spamtrap'") } 'log: a spam trap';
like((session('192.0.2.54', 'ann', 'trap'))[1], $unknown, 'log: Postfix says what it says of one that is no mailbox');
ok passes('192.0.2.54'), 'log: nobody is blocked';
eventually { $p->sql("SELECT accepted FROM day_of WHERE scope = 'client' AND name = '192.0.2.54'") eq '2' } 'what was let pass is counted';
is $p->sql("SELECT hits FROM trap_hit WHERE client = '192.0.2.54'"), 2, 'and each trap once, though Postfix asks about the mailbox twice';
$p->sql('DELETE FROM spamtrap');

# ---- the delivery rate ----

$p->reload(profiles => profile('mx', client_delivery_rate => 'defer') . "delivery_rate_recipients = 20\n");
$p->says(qr/(?:read again.*){2}/s, 'reloaded');
session('192.0.2.51', nobodies(11), knowns(9));
passes('192.0.2.2');
eventually { $p->sql("SELECT accepted, unknown FROM day_of WHERE scope = 'client' AND name = '192.0.2.51'") eq '9|11' } 'what it tried is in the file';
like((session('192.0.2.51', 'known'))[0], qr/^450 4\.7\.1 .*: of 20 recipients that 192\.0\.2\.51 tried here, 9 were taken; remove what bounces from your lists \(client_delivery_rate /,
    'fewer than a half were taken');
session('192.0.2.52', nobodies(10), knowns(11));
ok passes('192.0.2.52'), 'more than a half';
eventually { $p->sql("SELECT accepted FROM day_of WHERE scope = 'client' AND name = '192.0.2.52'") eq '12' } 'all counted';
is $p->sql("SELECT accepted, refused FROM day_of WHERE scope = 'client' AND name = '192.0.2.51'"), '9|0',
    'what is deferred comes again, and makes no rate worse';

# ---- the reputation ----

$p->reload(profiles => profile('mx', client_reputation => 'defer') . "reputation_min = -10\n");
$p->says(qr/(?:read again.*){3}/s, 'reloaded');
my $poor = qr/^450 4\.7\.1 .*: 192\.0\.2\.50 has a poor reputation here; ask us why, and quote this reply with its reference \(client_reputation /;
eventually { (session('192.0.2.50', 'known'))[0] =~ $poor } 'a poor reputation';
ok passes('192.0.2.202'), 'a good one';
ok passes('192.0.2.99'), 'and none';
my (undef, $explained) = $p->command('', '-x', 'client_address=192.0.2.50', 'recipient=known@example.org', 'policy_context=mx');
like $explained, qr/client_reputation.*score -\d+, less than -10\s+reputation of 192\.0\.2\.50: -\d+ \[/s, 'policyd -x explains it';
$p->sql("DROP VIEW reputation; CREATE VIEW reputation AS SELECT '192.0.2.202' AS client, -51 AS score");
eventually { (session('192.0.2.202', 'known'))[0] =~ /client_reputation/ } 'a view of the site\'s own';
ok passes('192.0.2.50'), 'which thinks otherwise';
$p->sql("DROP VIEW reputation; CREATE VIEW reputation AS SELECT '192.0.2.202' AS client, 'poor' AS score");
eventually { passes('192.0.2.202') } 'a view that says no number is no no';
$p->sql('DROP VIEW reputation');
ok passes('192.0.2.202'), 'none is no no, either';
$p->says(qr/site: the view reputation/, 'and the log says so');

# ---- our own table of mailboxes is broken ----

$p->reload(profiles => $harvest);
$postfix->stop;
$postfix = postfix($sick);
session("192.0.2.$_", 'known', 'ann') for 101 .. 115;
session('192.0.2.60', map { ('known', "ann$_") } 1 .. 15);
is $p->sql("SELECT count(*) FROM block WHERE client = '192.0.2.60'"), 0, 'where everybody tries unknown recipients nobody is blocked';
$p->says(qr/bracket: most recipients that others tried, too, seem unknown/, 'and the log asks what is wrong');

# ---- policyd-feed reads what the two questions have counted ----

$postfix->stop;
my $counted = "SELECT ifnull(sum(n), 0) FROM activity WHERE scope = 'client' AND kind = 'unknown' AND (name = '192.0.2.60' OR name LIKE '192.0.2.1__')";
eventually { $p->sql($counted) == 46 } 'all is counted';
my @as_policyd = (program => 'policyd-feed', server => { database => $p->database, user => 'postfix' });
like +(Policyd::Daemon->new(@as_policyd)->command($postfix->log))[2], qr/^[1-9]\d* lines read, .* 0 unknown recipients/m,
    'policyd-feed knows what was counted already';
is $p->sql($counted), 46, 'and so it stays';

# ---- and what Postfix refuses: the table is no better for that ----

$postfix->run;
my $feed = Policyd::Daemon->start(@as_policyd, words => ['-F', $postfix->log_file]);
sub fed { return $p->sql("SELECT count(*) FROM unknown WHERE client = '$_[0]' AND source = 'feed'") }
eventually { session('192.0.2.61', nobodies(1)); fed('192.0.2.61') > 0 } 'policyd leaves the counting to policyd-feed';
my @big = map { "192.0.2.12$_" } 1 .. 5;
sub everybody_fails {
	for (1 .. 3) {
		session($_, nobodies(8)) for @big;
	}
	eventually { !grep { fed($_) < 24 } @big } 'everybody tries unknown recipients';
	like((session($_, 'nobody.at.all'))[0], qr/^250/, "$_ is not blocked for it") for @big;
}
everybody_fails();

sub maps {
	my $main = $postfix->config . '/main.cf';
	spew($main, slurp($main), "virtual_mailbox_maps = $_[0]\n");
	Policyd::Postfix::settle($postfix->config);
	$postfix->command('reload');
}
maps($well);
eventually { passes('192.0.2.2') } 'the table is mended';
traffic() for 1 .. 4;
ok passes($_), "$_ is not blocked for what it tried before" for @big;
eventually { session('192.0.2.63', nobodies(8)); !passes('192.0.2.63') } 'who tries unknown recipients now is';
is $feed->stop, 'exit 0', 'policyd-feed stops';
$postfix->stop;

# ---- without mx-pre: policyd-feed reads what Postfix refused ----

is $p->stop, 'exit 0', 'policyd stops';
$p->run;
$p->sql('DELETE FROM unknown; DELETE FROM block');
my $socket = $p->socket;
$postfix = Policyd::Postfix->new('smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient, '
    . "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=mx }", 'smtpd_hard_error_limit = 1000', "virtual_mailbox_maps = $well");
spew($postfix->log_file, '');
$feed = Policyd::Daemon->start(@as_policyd, words => ['-F', $postfix->log_file]);
$postfix->run;
my @tried = nobodies(20);
session('192.0.2.55', @tried);
eventually { tried('192.0.2.55') == 20 } 'what the log tells is in the file';
eventually { (session('192.0.2.55', 'known'))[0] =~ /client_harvesting|client_block_temporary/ } 'and the client is blocked for it';
is $p->sql("SELECT DISTINCT source FROM unknown WHERE client = '192.0.2.55'"), 'feed', 'who said so';
$p->sql('DELETE FROM unknown; DELETE FROM block');
maps($sick);
eventually { !passes('192.0.2.2') } 'the table is broken';
everybody_fails();
$p->says(qr/feed: most recipients that others tried, too, are unknown to Postfix/, 'and the log asks what is wrong');
is $feed->stop, 'exit 0', 'policyd-feed stops';

is $p->stop, 'exit 0', 'policyd stops';
done_testing;
