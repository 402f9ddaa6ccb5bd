#!/usr/bin/perl
# login.t - who logs in sends as the domain of the login: asked by a real Postfix in smtpd_sender_restrictions
use lib 't/lib';
use Policyd::Daemon;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

my $site = folder . '/site.db';
system('sqlite3', $site, "CREATE TABLE alias (login TEXT, domain TEXT, active TEXT);
    INSERT INTO alias VALUES ('ann\@example.org', 'ann.example', '1'), ('ann\@example.org', 'old.example', '0'), ('eve\@example.org', 'bad.example', 'maybe')") == 0 or die;
chmod 0644, $site;
my %server = (socket_mode => '0666', user => 'postfix', site_database => $site, login_realm => 'example.org',
    login_query => 'SELECT active FROM alias WHERE login = :login AND domain = :domain');
my $p = Policyd::Daemon->start(server => \%server, profiles => profile('submission', login_mismatch => 'reject', login_required => 'reject', deny => 'reject'));
my $socket = $p->socket;
my ($sender, $recipient) = map { "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=$_ }" } qw(submission-sender submission);
my $postfix = Policyd::Postfix->new("smtpd_sender_restrictions = $sender", "smtpd_recipient_restrictions = reject_unauth_destination, $recipient")->run;

# The reply to RCPT of mail from there by this login.
sub from {
	my ($from, $login, %with) = @_;
	return $postfix->client(addr => '203.0.113.7', name => 'dsl.example.net', ($login ? (login => $login) : ()), %with)->mail($from, 'known@example.org');
}
my $refused = qr/^550 5\.7\.1 <[^>]*>: Sender address rejected: Sender address is not allowed$/;

# ---- the hosters' rule, to the letter ----

my @allowed = (
	[ 'ann@example.org', 'ann@example.org',          'the login\'s own address' ],
	[ 'office@example.org', 'ann@example.org',       'another local part' ],
	[ 'ann+news@EXAMPLE.Org', 'Ann@Example.ORG',     'case' ],
	[ 'ann@example.org', 'ann',                      'a login without a domain has login_realm' ],
	[ 'bob@ann.example', 'ann@example.org',          'login_query: a domain of hers' ],
	[ 'x@xn--mller-kva.example', 'x@xn--mller-kva.example', 'an international domain' ],
);
like from($_->[0], $_->[1]), qr/^250 /, "allowed: $_->[2]" for @allowed;
my @not = (
	[ 'ann@example.net', 'ann@example.org',          'another domain' ],
	[ 'ann@mail.example.org', 'ann@example.org',     'a domain below' ],
	[ '', 'ann@example.org',                         'the empty sender' ],
	[ 'bob@old.example', 'ann@example.org',          'login_query: no longer hers' ],
	[ 'bob@ann.example', 'bob@example.org',          'login_query: somebody else\'s' ],
	[ 'ann@example.net', 'ann',                      'a login without a domain' ],
);
like from($_->[0], $_->[1]), $refused, "not allowed: $_->[2]" for @not;
like from('x@bad.example', 'eve@example.org'), qr/^250 /, 'a database that says nothing is no no';
$p->says(qr/site: login_query for x\@bad\.example by eve\@example\.org: it says 'maybe'/, 'and the log says so');
like from('ann@example.org', undef), qr/^550 5\.7\.0 <[^>]*>: Sender address rejected: log in to send mail here; your mail program has a setting for it \(login_required \w+\)$/,
    'nobody without a login';
like from('ann@example.org', undef, addr => '127.0.0.1'), qr/^250 /, 'but our own machines';
like $p->sql("SELECT check_name, login, sender FROM refusal WHERE sender = 'ann\@mail.example.org'"), qr/^login_mismatch\|ann\@example\.org\|/, 'the refusal can be looked up';

# ---- exemptions ----

$p->sql(<<'');
INSERT INTO login_domain (login, sender, note) VALUES ('bob@example.org', 'example.net', 'his own domain'),
    ('@customer.example', '.customer.example', 'all of it'), ('gateway@example.org', '<>', 'vacation notices'), ('list@example.org', NULL, 'a mailing list'),
    ('X@MÜLLER.example', 'example.net', 'in UTF-8'), ('Dora', 'example.net', 'without the realm');
INSERT INTO login_domain (sender) VALUES ('example.net');
INSERT INTO deny (sender) VALUES ('felt.example');

eventually { $p->ask(sender => 'a@felt.example', sasl_username => 'x@felt.example') =~ /deny/ } 'the rows are felt';
like from('bob@example.net', 'bob@example.org'), qr/^250 /, 'a row: another domain';
like from('bob@sub.example.net', 'bob@example.org'), $refused, 'a row: not those below';
like from('a@shop.customer.example', 'b@customer.example'), qr/^250 /, 'a row for a domain\'s logins: those below';
like from('', 'gateway@example.org'), qr/^250 /, 'a row: the empty sender';
like from('', 'bob@example.org'), $refused, 'for nobody else';
like from('anybody@example.com', 'list@example.org'), qr/^250 /, 'a row: any sender';
like from('anybody@example.net', 'x@xn--mller-kva.example'), qr/^250 /, 'a row: a login whose domain is in UTF-8';
like from('anybody@example.net', $_), qr/^250 /, "a row without login_realm: the login $_" for 'dora', 'dora@example.org';
like from('anybody@example.net', 'dora@example.com'), $refused, 'a row without login_realm: no other domain\'s';
like $p->sql('SELECT list, finding FROM problem'), qr/^login_domain\|says not whose it is; fill login$/, 'a row that says nothing is told';
$p->sql("UPDATE login_domain SET expires = '2020-01-01' WHERE login = 'bob\@example.org'");
eventually { from('bob@example.net', 'bob@example.org') =~ $refused } 'a row that has expired';

# ---- announced first; another reply; other ways ----

$p->reload(profiles => profile('submission', login_mismatch => 'reject from 2999-01-29'));
eventually { from('ann@example.net', 'ann@example.org') =~ /^250/ } 'before the day it only logs';
eventually { $p->sql("SELECT login, sender FROM shadow WHERE would LIKE '%login_mismatch%' LIMIT 1") eq 'ann@example.org|ann@example.net' } 'whom it would hit';
$p->reload(profiles => profile('submission', login_mismatch => 'reject') . "login_match = address\nlogin_reference = yes\n");
eventually { from('office@example.org', 'ann@example.org') =~ /: Sender address is not allowed \(login_mismatch \w+\)$/ } 'the whole address; with the reference';
like from('ann@example.org', 'ann@example.org'), qr/^250 /, 'which the login has';
like from('office@ann.example', 'ann@example.org'), qr/^250 /, 'or login_query gives her: a domain';
system('sqlite3', $site, "INSERT INTO alias VALUES ('ann\@example.org', 'example.org', '1');
    CREATE TABLE lent (login TEXT, sender TEXT); INSERT INTO lent VALUES ('ann\@example.org', 'sales\@example.org'), ('dan\@example.org', '<>')") == 0 or die;
like from('office@example.org', 'ann@example.org'), qr/^550 /, 'of the own domain it is not asked';
my $named = 'SELECT 1 FROM lent WHERE login = :login AND sender = :sender';
$p->reload(server => { %server, login_query => $named });
eventually { from('Sales@example.org', 'ann@example.org') =~ /^250 / } 'or an address';
like from('sales@example.org', 'bob@example.org'), qr/^550 /, 'somebody else\'s';
like from('', 'dan@example.org'), qr/^250 /, 'the empty one';
like from('', 'ann@example.org'), qr/^550 /, 'to none else';

# ---- a login without a domain, and none to give it ----

$p->reload(server => { %server, login_realm => undef, login_query => undef }, profiles => profile('submission', login_mismatch => 'reject'));
eventually { from('x@example.net', 'ann') =~ /^250 / } 'nobody can tell which senders are its own';
$p->says(qr/warning: login_mismatch: the login ann has no domain name, nor one by login_realm: .*; set login_realm/, 'and the log says so');
like from('', 'ann'), $refused, 'the empty one is not';
$p->sql("INSERT INTO login_domain (login, sender) VALUES ('ann', 'ann.example')");
eventually { from('x@example.net', 'ann') =~ $refused } 'rows name its senders';
like from('x@ann.example', 'ann'), qr/^250 /, 'these it may use';
like from('x@example.net', 'bob'), qr/^250 /, 'of another login they say nothing';
$p->sql("UPDATE login_domain SET expires = '2020-01-01' WHERE login = 'ann'");
eventually { from('x@ann.example', 'ann') =~ $refused } 'a row that has ended lets it use none, and no other';
$p->reload(server => { %server, login_realm => undef, login_query => $named });
eventually { from('x@example.net', 'bob') =~ $refused } 'login_query, where there is one, says so of each';
$p->reload(server => { %server, login_query => 'SELECT 1 WHERE :login = 1 AND :local = 2' });
$p->says(qr/error: .*login_query = SELECT 1 .*: it has another parameter than those there are; write :login, and :sender or :domain/, 'a wrong query is told');

# ---- mail that came back: policyd-feed reads it in the log ----

$p->reload(server => { %server, login_query => undef }, profiles => profile('submission', recipient_bounced => 'reject', login_bouncing => 'defer')
    . "bouncing_limit = 3\nbounced_limit = 2\n");
my $feed = Policyd::Daemon->new(program => 'policyd-feed', server => { database => $p->database, login_realm => 'Example.ORG', user => '' });
my ($when, $id) = (POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime), 0);

# What Postfix logs of a mail by this login that comes back from each of these recipients.
sub returned {
	my ($login, $dsn, $said, @recipients) = @_;
	my $log = '';
	for (@recipients) {
		my $queue = sprintf '4Bx%05dz', ++$id;
		my $line = sub { return "$when mx postfix/$_[0]\[212]: $queue: $_[1]\n" };
		my $status = $dsn =~ /^5/ ? 'bounced' : 'deferred';
		$log .= $line->('submission/smtpd', "client=dsl.example.net[203.0.113.7], sasl_method=PLAIN, sasl_username=$login")
		    . $line->('qmgr', "from=<ann\@example.org>, size=209, nrcpt=1 (queue active)")
		    . $line->('smtp', "to=<$_>, relay=mx.example.net[198.51.100.9]:25, delay=0.04, delays=0.01/0.02/0/0.01, dsn=$dsn, "
			. "status=$status (host mx.example.net[198.51.100.9] said: $said (in reply to RCPT TO command))");
	}
	my ($status, undef, $err) = $feed->command($log);
	return is $status, 0, 'policyd-feed read it' || diag $err;
}
sub to { my ($recipient, $login) = @_; return $p->ask(policy_context => 'submission', sasl_username => $login // 'bob', sender => 'bob@example.org', recipient => $recipient) }

eventually { $p->log =~ /(?:read again.*){6}/s } 'reloaded';
returned('ann', '5.1.1', '550 5.1.1 no such user', 'gone@example.net');
returned('ann', '4.2.2', '452 4.2.2 full', ('full@example.net') x 3);
eventually { $p->sql('SELECT count(*) FROM bounce') == 4 } 'what came back';
is to('gone@example.net'), 'DUNNO', 'once is not enough';
returned('ann', '5.1.1', '550 5.1.1 no such user', 'gone@example.net');
eventually { to('Gone@Example.NET') =~ /^550 5\.1\.1 mail to Gone\@Example\.NET came back 2 times, last on [-\d]+: 550 5\.1\.1 no such user .*; take the address off your list, or ask us \(recipient_bounced / }
    'twice is: refused with what was said';
is to('full@example.net'), 'DUNNO', 'a full mailbox is no such bounce';
is to('gone@example.net', 'ann') =~ /recipient_bounced/, 1, 'for every login';
is $p->ask(policy_context => 'mx', recipient => 'gone@example.net'), 'DUNNO', 'a stranger is not asked about it';
$p->sql("DELETE FROM bouncing WHERE recipient = 'gone\@example.net'");
is to('gone@example.net'), 'DUNNO', 'one statement lifts it';
returned('eve', '5.1.1', '550 5.1.1 no such user', map { "x$_\@example.net" } 1 .. 3);
eventually { to('ann@example.net', 'eve') =~ /^450 4\.7\.1 of \d+ recipients of eve\@example\.org, 3 do not exist; clean the list, and change the password if that mail is not yours \(login_bouncing / }
    'a login whose mail keeps coming back';
is to('ann@example.net', 'bob'), 'DUNNO', 'and no other';
sub sends_mail { my ($login) = @_; return $p->ask(policy_context => 'submission', protocol_state => 'DATA', sasl_username => $login, recipient_count => 1) }
is sends_mail('ann'), 'DUNNO', 'Postfix asks at DATA, too';
to("z$_\@example.net", 'mia') for 1 .. 20;
sends_mail('mia') for 1 .. 3;
returned('mia', '5.1.1', '550 5.1.1 no such user', map { "z$_\@example.net" } 1 .. 3);
eventually { to('ann@example.net', 'mia') =~ /of 3 recipients of mia\@example\.org, 3 do not exist/ } 'recipients whom nothing was sent do not count';
like +($p->command('', '-x', 'policy_context=submission', 'sasl_username=ann', 'sender=ann@example.org', 'recipient=known@example.org'))[1],
    qr/^login_bouncing +dunno .*\n +0 of \d+ recipients within 86400 s do not exist; too many are 3, and 20 per cent$/m, 'policyd -x tells how far from it one is';
for my $login ("u\@m\xc3\xbcller.example", 'u@dot.example.', 'HOST\\u@example.org') {
	returned($login, '5.1.1', '550 5.1.1 no such user', map { "y$_\@example.net" } 1 .. 3);
	eventually { to('ann@example.net', $login) =~ /login_bouncing/ } "so is $login, however it is typed";
}

# ---- a login that sends from everywhere ----

$p->reload(profiles => profile('submission', login_spread => 'defer') . "spread_limit = 4\n");
eventually { $p->log =~ /(?:read again.*){7}/s } 'reloaded';
sub sends { my ($login, $addr) = @_; return from("$login\@example.org", "$login\@example.org", addr => $addr) }
sub known_from { return join ' ', $p->sql("SELECT client FROM login_client WHERE login = '$_[0]\@example.org' ORDER BY client") }
my $spread = qr/^450 4\.7\.1 .*: carol\@example\.org sent from 4 networks within 24 h; change the password, then ask us \(login_spread (\w+)\)$/;

like sends('carol', $_), qr/^250 /, "from $_" for qw(203.0.1.7 203.0.1.8 203.0.2.7 127.0.0.1 2001:db8:1::7 2001:db8:1:2::7);
eventually { known_from('carol') eq '2001:db8:1::/48 203.0.1.0/24 203.0.2.0/24' } 'three networks; our own machine is none';
my ($status, $explained) = $p->command('', '-x', 'policy_context=submission', 'client_address=203.0.3.7', 'sasl_username=carol', 'sender=carol@example.org', 'recipient=known@example.org');
like $explained, qr/^login_spread +objects .*-> login_spread: defer\n +carol\@example\.org sent from 4 networks .*\n +4 networks within 86400 s, this one is 203\.0\.3\.0\/24$/m,
    'policyd -x tells of a fourth';
like sends('carol', '203.0.1.9'), qr/^250 /, 'and counts nothing';
like sends('carol', '203.0.3.7'), $spread, 'the fourth is one too many';
like sends('carol', '203.0.1.7'), $spread, 'from the first, too';
like sends('dave', '203.0.3.7'), qr/^250 /, 'another login is another';
is $p->sql('SELECT count(*) FROM block'), 0, 'as a defer it blocks nobody';
$p->sql("UPDATE login_client SET last = last - 86401 WHERE client = '203.0.2.0/24'");
like sends('carol', '203.0.1.7'), qr/^250 /, 'a day later a network counts no more';
like sends('carol', '203.0.2.8'), $spread, 'if it is not seen again';
is $p->kill9, 'signal 9', 'policyd is killed';
$p->run;
like sends('carol', '203.0.1.7'), $spread, 'what was refused is known when it comes back';
is $p->sql('SELECT login, networks, blocked FROM login_spread LIMIT 1'), 'carol@example.org|4|0', 'she is the first of the view';
$p->sql("DELETE FROM login_spread WHERE login = 'carol\@example.org'");
like sends('carol', '203.0.1.7'), qr/^250 /, 'one statement lifts it';
is $p->sql("SELECT was ->> 'networks' FROM history WHERE what = 'login_spread: delete'"), 4, 'and is known';

# ---- and is blocked for it ----

$p->reload(profiles => profile('submission', login_spread => 'reject', login_bouncing => 'reject', login_block => 'reject') . "spread_limit = 4\nbouncing_limit = 3\n");
eventually { $p->log =~ /(?:read again.*){8}/s } 'reloaded';
sub blocks { return $p->sql("SELECT client, login, strikes, unixepoch(expires) - unixepoch(since), cause, evidence FROM block WHERE active") }
sub is_blocked { my $cause = shift; return qr/^450 4\.7\.1 .*: \w+\@example\.org is blocked from [-\d]+ [\d:]+ to [-\d]+ [\d:]+ UTC: \Q$cause\E; come back then, or ask us to lift it \(login_block / }
my $everywhere = is_blocked('it sent from 4 networks within 24 h; change the password');

like sends('erin', "203.0.1$_.7"), qr/^250 /, "from 203.0.1$_.7" for 1 .. 3;
like sends('erin', '203.0.14.7'), qr/^450 4\.7\.1 .*: erin\@example\.org sent from 4 networks within 24 h; .*\(login_spread /, 'the fourth is one too many';
like sends('erin', '203.0.11.7'), $everywhere, 'from then on the login is blocked';
like sends('erin', '127.0.0.1'), $everywhere, 'on our own machines, too';
like sends('dave', '203.0.14.7'), qr/^250 /, 'others are not';
is blocks(), '|erin@example.org|1|3600|it sent from 4 networks within 24 h; change the password|4 networks within 86400 s, this one is 203.0.14.0/24',
    'the block, in the database';
$p->says(qr/block: erin\@example\.org, strike 1, for 3600 s: 4 networks within 86400 s/, 'and in the log');
is $p->sql('SELECT login, networks, blocked FROM login_spread LIMIT 1'), 'erin@example.org|4|1', 'and in the view';
like sends('erin', "203.0.2$_.7"), $everywhere, "while she is blocked: from 203.0.2$_.7" for 1 .. 4;
is $p->sql('SELECT strikes FROM block') . known_from('erin'), '1203.0.11.0/24 203.0.12.0/24 203.0.13.0/24 203.0.14.0/24', 'nothing is found out while it lasts';
is $p->kill9, 'signal 9', 'policyd is killed';
$p->run;
like sends('erin', '203.0.11.7'), $everywhere, 'a block that was answered is still there';
$p->sql("UPDATE block SET expires = 'now', note = 'ticket 30, new password' WHERE login = 'erin\@example.org'");
eventually { sends('erin', '203.0.11.7') =~ /^250 / } 'one statement lifts it';
like sends('erin', "203.0.1$_.8"), qr/^250 /, "203.0.1$_.8 is paid for" for 2 .. 4;
my $fresh = 30;
eventually { sends('erin', '203.0.' . $fresh++ . '.7') =~ /login_spread/ } 'from as many new ones she is blocked again';
like blocks(), qr/^\|erin\@example\.org\|2\|86400\|/, 'for longer';
$p->sql("DELETE FROM block WHERE login = 'erin\@example.org'");
eventually { sends('erin', '203.0.50.7') =~ /^250 / } 'one who is forgotten';
eventually { known_from('erin') eq '203.0.50.0/24' } 'begins anew';

like to('ann@example.net', 'eve'), qr/^450 4\.7\.1 of \d+ recipients of eve\@example\.org, 3 do not exist; .*\(login_bouncing /, 'whose mail keeps coming back';
like sends('eve', '203.0.1.7'), is_blocked('of 3 recipients, 3 do not exist'), 'is blocked, too';
$p->sql("DELETE FROM block WHERE login = 'eve\@example.org'");
eventually { sends('eve', '203.0.1.7') =~ /^250 / } 'until somebody forgets it';
is $p->sql("SELECT count(*) FROM bouncing WHERE recipient LIKE 'x_\@example.net'"), 3, 'the recipients are still not there';

is $p->stop, 'exit 0', 'policyd stops';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
