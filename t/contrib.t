#!/usr/bin/perl
# contrib.t - contrib/postfix does in a real Postfix what its comments say
use lib 't/lib';
use IO::Socket::UNIX;
use Policyd::Daemon;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

# ---- apply ----

my $shipped = 'contrib/postfix';

# The sets as shipped, but with everything turned on that a file offers behind a "#".
my $strict = folder . '/strict';
system('cp', '-R', $shipped, $strict) == 0 or die;
system("sed -i 's/^\\( *\\)#\\([a-z]\\)/\\1\\2/' $strict/*/main.cf") == 0 or die;

*apply = \&Policyd::Postfix::apply_sets;

# What Postfix finds odd in main.cf and master.cf: unknown and unused parameters above all.
sub oddities {
	my $config = shift;
	Policyd::Postfix::settle($config);
	return qx(postconf -c $config -n 2>&1 >/dev/null);
}

sub set { my ($config, @settings) = @_; system('postconf', '-c', $config, '-e', @settings) == 0 or die }

my $debian = folder . '/debian';
mkdir $debian or die;
spew("$debian/main.cf", <<'');
compatibility_level = 3.6
myhostname = mx.example.org
smtpd_recipient_restrictions = reject_unknown_client_hostname

spew("$debian/master.cf", <<'');
smtp inet n - y - - smtpd -o content_filter=scan:
submission inet n - y - 7 smtpd
  -o smtpd_sasl_type=dovecot -o smtpd_data_restrictions=reject

my @all = qw(mx submission dialogue postscreen);
is apply($debian, $shipped, @all), '', 'apply: a Postfix that has settings already';
is oddities($debian), '', 'no unknown or unused parameter';
like slurp("$debian/main.cf"), qr/^smtpd_recipient_restrictions = permit_mynetworks [^\n]* policy_context=mx }$/m,
    'a list is replaced';
my @first = map { slurp("$debian/$_") } qw(main.cf master.cf);
like $first[1], qr/^submission\s+inet\s+n\s+-\s+y\s+-\s+7\s+smtpd\n\s+-o smtpd_sasl_type=dovecot\n/m,
    'a service keeps its columns and options';
unlike $first[1], qr/restrictions=reject$/m, 'but for those that are set';
like $first[1], qr/^smtp\s+inet\s+n\s+-\s+-\s+-\s+1\s+postscreen\n(?!\s)/m, 'one that runs something else is replaced';
apply($debian, $shipped, @all);
is_deeply [ map { slurp("$debian/$_") } qw(main.cf master.cf) ], \@first, 'a second time changes nothing';
is apply($debian, $strict, '-s', 'inet:127.0.0.1:10031', @all), '', 'apply: with all that can be turned on, over TCP';
is oddities($debian), '', 'no unknown or unused parameter';
unlike slurp("$debian/main.cf"), qr/unix:/, 'every list asks the server given';
like apply($debian, $shipped, 'nonsense'), qr/SET.*exit 2/s, 'apply: there is no such set';
my @told = slurp('README') =~ m{contrib/postfix/apply((?: +(?:-s +\S+|[a-z]+\b))+)}g;
is join('', map { apply($debian, $shipped, $_) } @told), '', 'apply: as README has it';
cmp_ok @told, '>', 1, 'which it does more than once';
set($debian, 'smtpd_helo_requird = yes');
like oddities($debian), qr/unused parameter: smtpd_helo_requird=yes/, 'a mistyped one would have been seen';

# ---- Postfix and policyd, wired as shipped ----

my $postfix = Policyd::Postfix->new('default_transport = discard:', 'myorigin = example.org');
my $config = $postfix->config;
apply($config, $shipped, qw(mx submission dialogue)) and die;
$postfix->accounts('ann@example.org' => 'secret');

mkdir $postfix->queue . '/policyd' or die;
my $socket = $postfix->queue . '/policyd/policyd.sock';
my $quotas = "[submission]\nquota = login 100 recipients / 1h, login 1G bytes / 1d\n";
my $checks = profile('mx', helo_not_fqdn => 'reject', spamtrap => 'reject', client_block_temporary => 'defer');
my $p = Policyd::Daemon->start(profiles => $checks . $quotas, server => {
	listen => "unix:$socket, unix:" . folder . '/policyd/socket', socket_group => 'postfix', user => 'nobody',
	decision_log => 'all' });
$p->sql("INSERT INTO deny (sender) VALUES ('left\@example.org')");
my %left = (policy_context => 'submission', client_address => '192.0.2.99', sender => 'left@example.org');
eventually { $p->ask(%left) =~ /^550/ } 'policyd knows who left';
$postfix->run;
is $postfix->command('check'), '', 'postfix check says nothing';

my %good = (addr => '192.0.2.7', helo => 'mx.example.net');
my $c = $postfix->client(%good);
like $c->mail('bob@example.net', 'known@example.org'), qr/^250 2\.1\.5 /, 'MX: mail is accepted';
like $c->deliver, qr/^250 2\.0\.0 /, 'to the end';
my $unheard = 'unheard@example.net';		# a sender policyd is never asked about
like $c->mail($unheard, 'nobody@example.org'), qr/^550 5\.1\.1 .*User unknown/, 'MX: an unknown recipient is refused';
like $c->mail($unheard, 'somebody@example.com'), qr/^554 5\.7\.1 .*Relay access denied/, 'MX: relaying is refused';
like $c->mail($unheard, 'known'), qr/^504 5\.5\.2 .*need fully-qualified/, 'MX: a recipient needs a domain';
like $c->say('RCPT TO:<postmaster>'), qr/^250 /, 'but for postmaster';
like $postfix->client(%good, helo => 'localhost')->mail('eve@example.net', 'known@example.org'),
    qr/^550 5\.7\.1 .*\(helo_not_fqdn /, 'MX: policyd refuses';
$c = $postfix->client(%good, helo => 'localhost', login => 'ann@example.org');
like $c->mail('ann@example.org', 'known@example.org'), qr/^250 /, 'MX: a login is no stranger';
like $c->deliver, qr/^250 /, 'and is let pass to the end';
is $p->sql("SELECT group_concat(unit, ' ') FROM (SELECT unit FROM quota WHERE name = 'ann\@example.org' AND used > 0 ORDER BY 1)"),
    'bytes recipients', 'where all that counts was counted';
$c = $postfix->dial('smtp');
$c->expect(220);
$c->say('EHLO localhost');
like $c->mail($unheard, 'somebody@example.com'), qr/^250 /, 'MX: our own machines may send anywhere';

# ---- a spam trap is no mailbox ----

$p->sql("INSERT INTO allow (client) VALUES ('192.0.2.31'); INSERT INTO spamtrap (recipient) VALUES ('trap\@example.org')");
my %trapped = (policy_context => 'mx-pre', client_address => '192.0.2.98', recipient => 'trap@example.org');
eventually { $p->ask(%trapped) =~ /^550/ } 'policyd knows the trap';
$c = $postfix->client(addr => '192.0.2.30', helo => 'mx.example.net');
like $c->mail('buyer@example.net', 'trap@example.org'), qr/^550 5\.7\.1 .*: trap\@example\.org never asked anybody for mail; .*\(spamtrap /,
    'MX: of a trap that Postfix does not know policyd says what it is';
like $c->say('RCPT TO:<known@example.org>'), qr/^450 4\.7\.1 .*: 192\.0\.2\.30 is blocked .*\(client_block_temporary /, 'and who wrote to it is blocked';
eventually { $p->sql("SELECT hits FROM trap_hit WHERE client = '192.0.2.30'") eq '1' } 'and counted';
$c = $postfix->client(addr => '192.0.2.31', helo => 'mx.example.net');
like $c->mail('friend@example.net', 'trap@example.org'), qr/^550 5\.1\.1 .*User unknown/, 'but not who is allowed';
like $c->say('RCPT TO:<known@example.org>'), qr/^250 /, 'whose mail is accepted';

# ---- submission ----

sub login {
	my ($service, $tls, $password) = @_;
	my $c = $postfix->dial($service, from => '127.0.0.9', tls => $tls);
	like $c->greet('laptop'), qr/^250-AUTH PLAIN$/m, "$service: offers to log in";
	return $c, $c->login('ann@example.org', $password);
}

for (['submission', 'starttls'], ['submissions', 'wrapper']) {
	my ($service, $tls) = @$_;
	my ($c, $reply) = login($service, $tls, 'guess');
	like $reply, qr/^535 5\.7\.8 /, "$service: not with a wrong password";
	like $c->mail($unheard, 'known@example.org'), qr/^554 5\.7\.1 .*Client host/, "$service: not without login";
	($c, $reply) = login($service, $tls, 'secret');
	like $reply, qr/^235 2\.7\.0 /, "$service: logged in";
	like $c->mail("ann+$service\@example.org", 'somebody@example.com'), qr/^250 2\.1\.5 /, "$service: mail to anywhere";
	like $c->deliver, qr/^250 2\.0\.0 /, 'is accepted';
	like $c->mail('left@example.org', 'somebody@example.com'), qr/^550 5\.7\.1 .*\(deny /, "$service: policyd refuses";
}
$c = $postfix->dial('submission', from => '127.0.0.9');
$c->expect(220);
unlike $c->say('EHLO laptop'), qr/AUTH/, 'submission: no login without TLS';
like $c->say('MAIL FROM:<ann@example.org>'), qr/^530 5\.7\.0 /, 'and no mail';

# ---- the dialogue ----

# A client that is none of ours, greeted and perhaps further; then it sends all bytes at once.
my ($mail, $rcpt) = ("MAIL FROM:<bob\@example.net>\r\n", "RCPT TO:<known\@example.org>\r\n");
my $addresses = 20;

sub stranger {
	my @says = @_;
	my $c = $postfix->dial('smtp', from => '127.0.0.' . $addresses++);
	$c->expect(220);
	$c->say($_) =~ /^[235]/ or die for @says;
	return $c;
}
sub sends { my ($bytes, @before) = @_; return stranger(@before)->send($bytes)->reply }

my @ehlo = 'EHLO mx.example.net';
my @envelope = (@ehlo, 'MAIL FROM:<bob@example.net>', 'RCPT TO:<known@example.org>');
my $message = "Subject: test\r\n\r\nHello.\r\n.\r\n";
like sends($mail), qr/^503 5\.5\.1 .*send HELO/, 'no mail without HELO';
like sends("MAIL FROM:bob\@example.net\r\n", @ehlo), qr/^501 5\.1\.7 /, 'no sender without <>';
like sends("RCPT TO:known\@example.org\r\n", @envelope[0, 1]), qr/^501 5\.1\.3 /, 'no recipient either';
like sends("VRFY known\@example.org\r\n", @ehlo), qr/^502 5\.5\.1 /, 'no VRFY';
$c = stranger()->send("EHLO mx.example.net\r\n$mail");
like $c->reply, qr/^554 5\.5\.0 .*synchronization/, 'nothing behind EHLO';
is $c->reply, '(closed)', 'and hang up';
like sends("$mail$rcpt", 'HELO mx.example.net'), qr/^554 5\.5\.0 /, 'no pipelining after HELO';
like sends("DATA\r\n$message", @envelope), qr/^554 5\.5\.0 /, 'nothing behind DATA';
$c = stranger(@ehlo)->send("$mail${rcpt}DATA\r\n");
like join(' ', map { $c->reply } 1 .. 3), qr/^250 .* 250 .* 354 /, 'MAIL, RCPT and DATA together cannot be helped here';
like $c->say($message =~ s/\r\n\z//r), qr/^250 2\.0\.0 /, 'the mail arrives';

my $smuggled = "Subject: test\r\n\r\nHello.\n.\nMAIL FROM:<smuggler\@example.net>\r\n${rcpt}DATA\r\n$message";
$c = stranger(@envelope, 'DATA')->send($smuggled);
like $c->reply, qr/^250 2\.0\.0 .*queued/, 'a bare LF does not end a message';
like $c->say('NOOP'), qr/^250 2\.0\.0 Ok/, 'there was only one';
unlike $postfix->log, qr/from=<smuggler/, 'and nothing was smuggled in';

# ---- policyd stops; what is asked, seen from outside; it comes back ----

$c = $postfix->client(%good, helo => 'localhost');
like $c->mail('eve@example.net', 'known@example.org'), qr/^550 .*\(helo_not_fqdn /, 'refused';
is $p->stop, 'exit 0', 'policyd stops';
is_deeply [ $p->sql(<<~'') ], [
	SELECT sender || ' ' || context || ' ' || profile || ' ' || coalesce(login, '') FROM decision
	WHERE sender <> 'left@example.org' OR login IS NOT NULL GROUP BY 1 ORDER BY min(reference)

	'bob@example.net mx-pre mx ',
	'bob@example.net mx mx ',
	'unheard@example.net mx-pre mx ',
	'eve@example.net mx-pre mx ',
	'eve@example.net mx mx ',
	'ann@example.org mx-pre submission ann@example.org',
	'ann@example.org mx submission ann@example.org',
	'buyer@example.net mx-pre mx ',
	'friend@example.net mx-pre mx ',
	'friend@example.net mx mx ',
	'ann+submission@example.org submission-sender submission ann@example.org',
	'ann+submission@example.org submission submission ann@example.org',
	'left@example.org submission-sender submission ann@example.org',
	'left@example.org submission submission ann@example.org',
	'ann+submissions@example.org submission-sender submission ann@example.org',
	'ann+submissions@example.org submission submission ann@example.org',
], 'it was asked about these senders';
unlike $p->log, qr/wiring/, 'and found nothing wrong with the wiring';
like $c->mail('eve@example.net', 'known@example.org'), qr/^250 /, 'mail flows';
like $c->deliver, qr/^250 /, 'to the end';

# Stands where policyd was, notes context and stage of each request, and answers DUNNO.
sub recorder {
	my $notes = shift;
	unlink $socket;
	my $listen = IO::Socket::UNIX->new(Local => $socket, Listen => 20) or die "listen: $!";
	chmod 0666, $socket;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	setpgrp;		# with a child for each connection
	$SIG{CHLD} = 'IGNORE';
	$SIG{TERM} = 'DEFAULT';
	while (my $smtpd = $listen->accept) {
		next if fork;
		local $/ = "\n\n";
		while (my $request = readline $smtpd) {
			my %value = $request =~ /^(\w+)=(.*)$/mg;
			open my $file, '>>', $notes or last;
			print $file "$value{policy_context} $value{protocol_state}\n";
			close $file;
			print $smtpd "action=DUNNO\n\n";
			$smtpd->flush;
		}
		POSIX::_exit(0);
	}
}

my $notes = folder . '/notes';
my $recorder = recorder($notes);
END { kill 'TERM', -$recorder if $recorder }
$c = $postfix->client(%good);
$c->mail('bob@example.net', 'known@example.org');
$c->deliver;
is slurp($notes), "mx-pre RCPT\nmx RCPT\nmx DATA\nmx END-OF-MESSAGE\n",
    'MX: asked at RCPT, before and behind Postfix\'s own tables, at DATA and END-OF-MESSAGE';
unlink $notes;
($c) = login('submission', 'starttls', 'secret');
$c->mail('ann@example.org', 'somebody@example.com');
$c->deliver;
is slurp($notes), "submission-sender RCPT\nsubmission RCPT\nsubmission DATA\nsubmission END-OF-MESSAGE\n",
    'submission: asked at RCPT, DATA and END-OF-MESSAGE, never as mx';
kill 'TERM', -$recorder;
waitpid $recorder, 0;
$recorder = 0;
unlink $socket;

$p->run;
$c = $postfix->client(%good, helo => 'localhost');
like $c->mail('eve@example.net', 'known@example.org'), qr/^550 .*\(helo_not_fqdn /, 'policyd is back, and refuses';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|unknown restriction)[: ]/, 'Postfix had nothing to complain about';
$postfix->stop;
is $p->stop, 'exit 0', 'policyd stops';

# ---- postscreen; and the dialogue with all that can be turned on ----

$p = Policyd::Daemon->start(tcp => 1, profiles => profile('mx', helo_not_fqdn => 'reject'),
    server => { user => 'nobody', decision_log => 'all' });
my $tcp = "inet:127.0.0.1:$p->{port}";

# In front of smtpd by what is shipped in $from, with a shorter wait.
sub screened {
	my $from = shift;
	$postfix = Policyd::Postfix->new('postscreen_greet_wait = 1s');
	apply($postfix->config, $from, '-s', $tcp, 'postscreen') and die;
	apply($postfix->config, $strict, '-s', $tcp, qw(mx dialogue)) and die;
	$postfix->run;
}

screened($shipped);
my $early = $postfix->dial('smtp', from => '127.0.0.19')->send("EHLO mx.example.net\r\n");
$early->expect(220);		# postscreen's 220- is the beginning of what it answers
my $footer = qr{\. Help: https://www\.example\.org/postmaster \(\w+ +\d+ [\d:]+, 127\.0\.0\.\d+, mx\.example\.org\)};
like $early->mail('bob@example.net', 'known@example.org'), qr/^550 5\.5\.1 Protocol error$footer$/,
    'postscreen: not before the greeting; and where to ask for help';
$c = stranger(@envelope, 'DATA');
like $c->say("Subject: test\r\n\r\nHello.\r\n."), qr/^250 2\.0\.0 /, 'who waits passes at once';
$c = stranger(@envelope);
like $c->say('RCPT TO:<nobody@example.org>'), qr/^550 5\.1\.1 .*User unknown .*$footer$/, 'smtpd says so, too';
like sends("Subject: test\r\n\r\nHel\nlo.\r\n.\r\n", @envelope, 'DATA'), qr/^550 5\.5\.2 .*bare <LF> received/,
    'reject: no bare LF in a message';
like sends("EHLO mx.example.net\n"), qr/^550 5\.5\.2 .*bare <LF> received/, 'nor in a command';
$postfix->stop;

screened($strict);
$c = $postfix->dial('smtp', from => '127.0.0.99');
$c->expect(220);
$c->say($ehlo[0]);
like $c->mail('bob@example.net', 'known@example.org'), qr/^450 4\.3\.2 Service currently unavailable/,
    'postscreen, all tests: come back';
like $c->say('QUIT'), qr/^221 /, 'goodbye';
$c = $postfix->dial('smtp', from => '127.0.0.99');
$c->expect(220);
$c->say($ehlo[0]);
like $c->mail('bob@example.net', 'known@example.org'), qr/^250 2\.1\.5 /, 'passes when it is back';
$c = stranger(@ehlo)->send("$mail${rcpt}DATA\r\n");
like join(' ', map { $c->reply } 1 .. 3), qr/^250 .* 550 5\.5\.1 Protocol error.* 554 5\.5\.1 .*no valid recipients/,
    'MAIL, RCPT and DATA together are refused';
like sends("Subject: test\r\n", @ehlo), qr/^521 5\.7\.0 /, 'what is no command is refused';
$c = stranger()->send("EHLO mx.example.net\n");
$c->expect(250);
like $c->mail('bob@example.net', 'known@example.org'), qr/^550 5\.5\.1 /, 'a bare LF in a command is refused';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|unknown restriction)[: ]/, 'Postfix had nothing to complain about';
$postfix->stop;
is $p->stop, 'exit 0', 'policyd stops';
is join(' ', $p->sql('SELECT DISTINCT context FROM decision ORDER BY context')), 'mx mx-pre',
    'it was asked before and behind the unlisted check';
unlike $p->log, qr/wiring/, 'and finds nothing wrong with the wiring';

done_testing;
