#!/usr/bin/perl
# null-sender.t - bounces: to one recipient, and only to who sent mail; what policyd remembers for that
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;

my $dns = Policyd::DNS->start('* !servfail');
my ($multiple, $unsolicited) = ('550 5.5.3 null_sender_multiple', '550 5.7.1 null_sender_unsolicited');

sub start {
	my ($profiles, %server) = @_;
	return Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => $> ? '' : 'postfix', %server },
	    profiles => $profiles);
}

# ---- null_sender_multiple: whom a refusal at DATA hits ----

my $p = start(join '', profile('mx', null_sender_multiple => 'reject', deny => 'reject'),
    "[submission]\nnull_sender_multiple = reject\n", "[strict : mx]\n[log : mx]\nnull_sender_multiple = log\n",
    "[shadow : mx]\nmode = log\n", "[defer : mx]\nnull_sender_multiple = defer\n");
$p->sql(<<'');
INSERT INTO recipient_profile (recipient, profile) VALUES ('log@example.org', 'log'), ('defer@example.org', 'defer'),
    ('strict@example.org', 'strict'), ('shadow@example.org', 'shadow');
INSERT INTO recipient_setting (recipient, check_name, setting) VALUES ('wish@example.org', 'null_sender_multiple', 'off'),
    ('other@example.org', 'dnsbl', 'off'), ('later@example.org', 'null_sender_multiple', 'reject from 2999-01-01');
INSERT INTO allow (client, recipient) VALUES ('192.0.2.7', 'friend@example.org');
INSERT INTO deny (recipient, note) VALUES ('nobody@example.org', 'test');

eventually { verdict($p->ask(recipient => 'nobody@example.org')) =~ /deny/ } 'policyd knows the rows';

my $messages = 0;

# The verdict at DATA of a message whose recipients were asked for, and perhaps refused, before.
sub data {
	my ($recipients, %with) = @_;
	my %message = (sender => '', instance => 'message' . $messages++, %with);
	delete $message{recipient_count};
	$p->ask(%message, recipient => "$_\@example.org") for @$recipients;
	my $count = $with{recipient_count} // @$recipients;
	return verdict($p->ask(%message, protocol_state => 'DATA', recipient_count => $count,
	    recipient => $count == 1 ? "$recipients->[0]\@example.org" : '', queue_id => '4Bxyz'));
}

my @cases = (
	# recipients, verdict, why
	[ [qw(ann)],               'DUNNO',     'one recipient' ],
	[ [qw(ann bob)],           $multiple,   'two' ],
	[ [qw(ann nobody)],        'DUNNO',     'one that was refused does not count', recipient_count => 1 ],
	[ [qw(ann bob nobody)],    $multiple,   'nor does it help', recipient_count => 2 ],
	[ [qw(ann bob)],           'DUNNO',     'a sender', sender => 'bob@example.net' ],
	[ [qw(ann log)],           'DUNNO',     'one of them only logs' ],
	[ [qw(log ann)],           'DUNNO',     'in either order' ],
	[ [qw(ann shadow)],        'DUNNO',     'one of them has a profile that only logs' ],
	[ [qw(ann defer)],         '450 4.5.3 null_sender_multiple', 'one of them defers' ],
	[ [qw(defer ann log)],     'DUNNO',     'the mildest counts' ],
	[ [qw(strict strict ann)], $multiple,   'all of them reject' ],
	[ [qw(ann wish)],          'DUNNO',     'one of them wants no such check' ],
	[ [qw(ann other)],         $multiple,   'one of them has a setting of another check' ],
	[ [qw(ann later)],         'DUNNO',     'one of them from a day on' ],
	[ [qw(ann friend)],        'DUNNO',     'one of them allows the client' ],
	[ [qw(ann postmaster)],    'DUNNO',     'one of them can be reached by everybody' ],
	[ [qw(log log)],           'DUNNO',     'both have a profile of their own' ],
	[ [qw(strict defer)],      '450 4.5.3 null_sender_multiple', 'different ones' ],
	[ [qw(ann bob)],           $multiple,   'the profile that the context names', policy_context => 'strict' ],
	[ [qw(ann bob)],           'DUNNO',     'one that only logs', policy_context => 'log' ],
	[ [qw(ann defer)],         'DUNNO',     'it is the one of those who have no own', policy_context => 'log' ],
	[ [qw(ann bob)],           'DUNNO',     'a login', sasl_username => 'ann' ],
	[ [qw(ann bob)],           'DUNNO',     'our own machine', client_address => '127.0.0.1' ],
);
for (@cases) {
	my ($recipients, $want, $why, %with) = @$_;
	is data($recipients, %with), $want, "multiple: @$recipients: $why";
}
my @two = (protocol_state => 'DATA', sender => '', recipient => '', recipient_count => 2);
is verdict($p->ask(@two, policy_context => 'log')), 'DUNNO',
    'multiple: a message policyd knows nothing of is judged by the context\'s profile';
is verdict($p->ask(@two, instance => '')), $multiple, 'multiple: as is one without an instance';
is $p->ask(@two, protocol_state => 'END-OF-MESSAGE'), 'DUNNO', 'multiple: at END-OF-MESSAGE nobody is refused';

my @again = (@two, instance => 'again');
my $refusals = $p->sql('SELECT count(*) FROM refusal');
is verdict($p->ask(@again)), $multiple, 'multiple: refused once';
is $p->ask(@again), $p->ask(@again), 'multiple: Postfix asks again: the same answer';
is $p->sql('SELECT count(*) FROM refusal'), $refusals + 1, 'multiple: and one row';

$p->ask(sender => '', instance => 'reload', recipient => "$_\@example.org") for qw(ann log);
$p->reload;
$p->says(qr/read again/, 'multiple: the configuration is read again');
is verdict($p->ask(@two, instance => 'reload')), 'DUNNO',
    'multiple: between RCPT and DATA: the recipients\' profiles are known all the same';

my ($exit, $out) = $p->command('', '-x', 'protocol_state=DATA', 'sender=', 'recipient_count=3', 'client_address=192.0.2.8');
like $out, qr/^client 192\.0\.2\.8, .*from <>, to 3 recipients: profile mx, stage DATA$/m, '-x: what is asked';
like $out, qr/^null_sender_multiple +objects .*-> null_sender_multiple: reject\n +mail from <> .* 3 recipients; send one to each$/m, '-x: why not';
$p->says(qr/reject: DATA from [^ ]+: 5\.5\.3 mail from <>.*; from=<> nrcpt=2 proto=/, 'the log says how many');

# ---- null_sender_unsolicited: who sent mail ----

$p = start(join '', profile('mx', null_sender_unsolicited => 'reject'),
    "[careful : mx]\nnull_sender_unsolicited = reject on_error defer\n", "[domain : mx]\nnull_sender_by = domain\n",
    "[month : mx]\nnull_sender_window = 28d\n");
my $services = 0;

sub bounce { my ($to, %with) = @_; return verdict($p->ask(sender => '', recipient => $to, %with)) }
sub sends {
	my ($from, %with) = @_;
	return $p->ask(protocol_state => 'DATA', sender => $from, recipient_count => 1, policy_context => 'submission',
	    server_port => 600, %with);
}

is bounce('ann@example.org'), 'DUNNO', 'unsolicited: while no mail was seen, it cannot tell';
is bounce('ann@example.org', policy_context => 'careful'), '451 4.3.0 null_sender_unsolicited', 'unsolicited: on_error defer';
is sends('bob@example.org'), 'DUNNO', 'unsolicited: mail of ours leaves';
is bounce('ann@example.org', policy_context => 'careful'), '451 4.3.0 null_sender_unsolicited',
    'unsolicited: it still cannot tell of others';
is bounce('bob@example.org', policy_context => 'careful'), 'DUNNO', 'unsolicited: but of who sent it, at once';
eventually { $p->sql("SELECT count(*) FROM sent WHERE address = 'bob\@example.org'") } 'unsolicited: it is written';
$p->sql("UPDATE sent SET last = last - 30 * 86400 WHERE address = ''");
$p->sql("INSERT INTO sent VALUES ('old\@example.org', 'example.org', unixepoch() - 20 * 86400)");
is bounce('ann@example.org'), $unsolicited, 'unsolicited: watched for long enough, it can tell of those who sent none';
like $p->ask(sender => '', recipient => 'ann@example.org'),
    qr/^550 5\.7\.1 ann\@example\.org sent no mail in the last 14 days, so nothing can have bounced; return no forged mail, and give other mail a sender \(/, 'unsolicited: in words';
is bounce('BOB@Example.ORG'), 'DUNNO', 'unsolicited: however it is written';
is bounce('ann@example.org', policy_context => 'domain'), 'DUNNO', 'unsolicited: by domain, a colleague\'s mail will do';
is bounce('ann@example.com', policy_context => 'domain'), $unsolicited, 'unsolicited: one of another domain will not';
is bounce('old@example.org'), $unsolicited, 'unsolicited: twenty days ago is too long';
is bounce('old@example.org', policy_context => 'month'), 'DUNNO', 'unsolicited: unless the window is longer';
is bounce('ann@example.org', sender => 'b@example.net'), 'DUNNO', 'unsolicited: a sender';
is bounce('ann@example.org', client_address => '127.0.0.1'), 'DUNNO', 'unsolicited: our own machine';

my @mails = (
	# whose mail, how it left; is it remembered?
	[ 'login',     1, sasl_username => 'x', policy_context => 'mx' ],
	[ 'local',     1, client_address => '127.0.0.1', policy_context => 'mx' ],
	[ 'stranger',  0, policy_context => 'mx' ],
	[ 'rcpt',      0, protocol_state => 'RCPT', sasl_username => 'rcpt@example.org' ],
	[ 'end',       1, protocol_state => 'END-OF-MESSAGE', server_port => 601 ],
	[ 'data',      0, server_port => 601 ],		# this service asks at END-OF-MESSAGE
	[ 'elsewhere', 1, server_port => 602 ],		# this one does not
	[ 'foreign',   0, protocol_state => 'END-OF-MESSAGE', policy_context => 'mx', server_port => 25 ],
	[ 'port25',    0, sasl_username => 'x', policy_context => 'mx', server_port => 25 ],
	[ 'ext+tag',   1 ],
);
for (@mails) {
	my ($who, $remembered, %with) = @$_;
	is sends("$who\@example.org", %with), 'DUNNO', "unsolicited: $who sends";
	my $title = "unsolicited: $who is " . ($remembered ? 'remembered' : 'not remembered');
	is bounce("$who\@example.org"), $remembered ? 'DUNNO' : $unsolicited, $title;
}
is bounce('ext@example.org'), $unsolicited, 'unsolicited: an address without its extension is another';
eventually { $p->sql("SELECT count(*) FROM sent WHERE address = 'login\@example.org'") } 'unsolicited: what is remembered is written';
is $p->kill9, 'signal 9', 'unsolicited: policyd is killed';
$p->run;
is bounce('login@example.org'), 'DUNNO', 'unsolicited: and remembers';
is bounce('ann@example.org'), $unsolicited, 'unsolicited: still';

# ---- the same through a real Postfix ----

if (my $why = Policyd::Postfix->why_not) {
	BAIL_OUT("no Postfix, and this is CI: $why") if $ENV{CI};
	note "not tried with a real Postfix: $why";
	done_testing;
	exit;
}

my $file = folder . '/metrics/policyd.prom';
mkdir folder . '/metrics';
chown scalar getpwnam('postfix'), -1, folder . '/metrics';
$p = start(join('', profile('mx', null_sender_multiple => 'reject', null_sender_unsolicited => 'reject'),
    "[careful : mx]\nnull_sender_unsolicited = reject on_error defer\n"), metrics_file => $file);
my $service = sub { "check_policy_service { unix:@{[$p->socket]}, timeout=10s, default_action=DUNNO, policy_context=$_[0] }" };
sub postfix {
	my ($context, @more) = @_;
	return Policyd::Postfix->new('smtpd_recipient_restrictions = reject_unauth_destination, ' . $service->($context),
	    map { "$_ = " . $service->($context) } 'smtpd_data_restrictions', @more)->run;
}
my $postfix = postfix('mx');

sub bounces {
	my ($c, @recipients) = @_;
	$c->say('RSET');
	$c->say('MAIL FROM:<>');
	return map { $c->say("RCPT TO:<$_\@example.org>") } @recipients;
}
my $finding = 'mail from <> is a report to one address, and this one has 2 recipients; send one to each (null_sender_multiple ';
my $too_many = qr/^550 5\.5\.3 <(?:DATA|BDAT)>: Data command rejected: \Q$finding\E\w{10}\)/;

# Ann's and the postmaster's mails, so that the second rule has nothing against them.
for my $who (qw(ann known)) {
	my $c = $postfix->client(login => 'x');
	like $c->mail("$who\@example.org", 'known@example.org'), qr/^250/, "$who sends mail: recipient";
	like $c->deliver, qr/^250/, "$who sends mail: delivered";
}
eventually { $p->sql("SELECT count(*) FROM sent WHERE domain = 'example.org'") == 2 } 'both are remembered';
$p->sql("UPDATE sent SET last = last - 30 * 86400 WHERE address = ''");

my $c = $postfix->client;
like +(bounces($c, 'known'))[0], qr/^250/, 'a bounce to one: its recipient';
like $c->deliver, qr/^250/, 'a bounce to one: accepted';
like +(bounces($c, 'ann'))[0], qr/^250/, 'a second message in the session: its recipient';
like $c->deliver, qr/^250/, 'a second message in the session: accepted';
is scalar(grep { /^250/ } bounces($c, qw(known ann))), 2, 'a bounce to two: both recipients';
like $c->say('DATA'), $too_many, 'a bounce to two: refused';
like $c->say('DATA'), $too_many, 'and again';
like +(bounces($c, 'known'))[0], qr/^250/, 'then one to one: its recipient';
like $c->deliver, qr/^250/, 'then one to one: accepted';
is join(' ', map { /^(\d+ [\d.]+)/ } bounces($c, qw(known nobody))), '250 2.1.5 550 5.7.1',
    'a bounce to one and one that is refused';
like $c->deliver, qr/^250/, 'accepted: who was refused does not count';
is join(' ', map { /^(\d+ [\d.]+)/ } bounces($c, qw(known known))), '250 2.1.5 250 2.1.5', 'a bounce to one, twice';
like $c->say('DATA'), $too_many, 'counts as two, as Postfix does';

bounces($c, qw(known ann));
$c->send("BDAT 20 LAST\r\nSubject: test\r\n\r\nx\r\n");
like $c->reply, $too_many, 'BDAT is DATA';
is $c->say('NOOP') =~ /^(\d+)/ && $1, 250, 'and the session goes on';
$c->send(join '', map { "$_\r\n" } 'RSET', 'MAIL FROM:<>', 'RCPT TO:<known@example.org>', 'RCPT TO:<ann@example.org>', 'DATA');
is join(' ', map { $c->reply =~ /^(\d+)/ } 1 .. 4), '250 250 250 250', 'all in one packet';
like $c->reply, $too_many, 'refused as well';
$c->send(join '', map { "$_\r\n" } 'RSET', 'MAIL FROM:<>', 'RCPT TO:<known@example.org>', 'DATA');
is join(' ', map { $c->reply =~ /^(\d+)/ } 1 .. 4), '250 250 250 354', 'all in one packet, one recipient: welcome';
like $c->say('.'), qr/^250/, 'accepted';
like $postfix->client(login => 'x')->mail('', 'known@example.org'), qr/^250/, 'a login is none of these rules\' business';

# ---- only who sent mail ----

$p->sql("DELETE FROM sent WHERE address = 'ann\@example.org'");
like +(bounces($c, 'known'))[0], qr/^250/, 'who sent mail gets bounces';
$finding = 'ann@example.org sent no mail in the last 14 days, so nothing can have bounced; return no forged mail, and give other mail a sender (null_sender_unsolicited ';
like +(bounces($c, 'ann'))[0], qr/^550 5\.7\.1 <ann\@\S+: Recipient address rejected: \Q$finding\E\w{10}\)/,
    'who sent none gets none';
like +(bounces($c, 'postmaster'))[0], qr/^250/, 'but the postmaster, whom everybody can reach';
$c = $postfix->client(login => 'x');
$c->mail('ann@example.org', 'known@example.org');
like $c->deliver, qr/^250/, 'she sends one';
like +(bounces($postfix->client, 'ann'))[0], qr/^250/, 'and gets its bounce';
$postfix->stop;

# ---- a service that asks at END-OF-MESSAGE; a store that cannot tell ----

$postfix = postfix('careful', 'smtpd_end_of_data_restrictions');
$c = $postfix->client(login => 'x');
$c->mail('first@example.org', 'known@example.org');
like $c->deliver, qr/^250/, 'END-OF-MESSAGE is seen';
eventually { $p->sql("SELECT count(*) FROM sent WHERE address = 'first\@example.org'") } 'and the mail remembered';
$c->mail('late@example.org', 'known@example.org');
like $c->say('DATA'), qr/^354/, 'another one';
my $gone = $postfix->client;
like +(bounces($gone, 'ann'))[0], qr/^250/, 'others are as before';
like $p->ask(sender => '', recipient => 'late@example.org'), qr/null_sender_unsolicited/, 'at DATA it has not left yet';
like $c->say("Subject: test\r\n\r\nHello.\r\n."), qr/^250/, 'it leaves';
is $p->ask(sender => '', recipient => 'late@example.org'), 'DUNNO', 'now it has';

bounces($gone, qw(known ann));
like $gone->say('DATA'), $too_many, 'a bounce to two is refused at DATA';
like +(bounces($gone, 'known'))[0], qr/^250/, 'one to one';
like $gone->deliver, qr/^250/, 'passes END-OF-MESSAGE';

$p->sql('DELETE FROM sent');
like +(bounces($gone, 'known'))[0],
    qr/^451 4\.3\.0 <known\@\S+: Recipient address rejected: cannot tell now whether known\@example\.org sent mail \(/,
    'a store that cannot tell: deferred, as on_error defer says';
like +(bounces($gone, 'postmaster'))[0], qr/^250/, 'the postmaster can be reached';
like $gone->mail('bob@example.net', 'known@example.org'), qr/^250/, 'mail from somebody is not concerned';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction|signal)[: ]/, 'Postfix had nothing to complain about';
is $p->stop, 'exit 0', 'policyd stops';
cmp_ok +(slurp($file) =~ /^policyd_messages (\d+)$/m)[0] // 0, '>', 5, 'messages were remembered';
like slurp($file), qr/^policyd_messages_pushed_out_total 0$/m, 'and none pushed out';

done_testing;
