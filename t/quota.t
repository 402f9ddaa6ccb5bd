#!/usr/bin/perl
# quota.t - so much mail may be sent within a time: by a real Postfix, which asks at RCPT, DATA and END-OF-MESSAGE; it promises that ...
use lib 't/lib';
use Policyd::Daemon;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

my %server = (socket_mode => '0666', user => 'postfix', login_realm => 'example.org', metrics_file => folder . '/policyd.prom');
sub quota { return profile('mx', deny => 'reject') . profile('submission', quota_exceeded => 'defer', quota_near => 'log', deny => 'reject', @_) }
my $p = Policyd::Daemon->start(server => \%server, profiles => quota(quota => 'login 10 recipients / 1h'));
my $socket = $p->socket;
my $check = "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=submission }";
my $postfix = Policyd::Postfix->new('virtual_mailbox_maps = static:all', 'header_checks = regexp:{ {/^X-Quota:/ WARN} }', "smtpd_data_restrictions = $check",
    "smtpd_end_of_data_restrictions = $check", "smtpd_recipient_restrictions = reject_unauth_destination, $check")->run;

# The replies to mail by this login to so many recipients: to the last RCPT, and to the message.
sub sends {
	my ($login, $count, %with) = @_;
	my $c = $postfix->client(addr => '203.0.113.7', ($login ? (login => $login) : ()), %with);
	my $mail = $c->say("MAIL FROM:<$login>" . ($with{size} ? " SIZE=$with{size}" : ''));
	$mail =~ /^250/ or return $mail;
	my $reply;
	$reply = $c->say("RCPT TO:<r$_\@example.org>") for 1 .. $count;
	my $end = $c->say('DATA');
	$end = $c->say("Subject: test\r\n\r\n" . ($with{body} // 'Hello.') . "\r\n.") if $end =~ /^354/;
	return ($reply, $end);
}
sub sent_to { return $p->sql("SELECT accepted FROM day_of WHERE scope = 'login' AND name = '$_[0]'") }
sub used { return $p->sql("SELECT used, most, left FROM quota WHERE name = '$_[0]'" . ($_[1] ? " AND unit = '$_[1]'" : '')) }

# ---- exactly so much ----

my ($rcpt, $end) = sends('ann@example.org', 4);
like $end, qr/^250 2\.0\.0 /, 'what fits is accepted';
is used('ann@example.org'), '4|10|6', 'and counted';
($rcpt, $end) = sends('ann', 6);
like $end, qr/^250 2\.0\.0 /, 'the last of it is, too; a login without a domain has login_realm';
is used('ann@example.org'), '10|10|0', 'and nothing is left';
like $p->sql("SELECT would FROM shadow WHERE login = 'ann' LIMIT 1"), qr/^object quota_near$/, 'that the end was near is noted';
($rcpt) = sends('ann@example.org', 1);
like $rcpt, qr/^450 4\.7\.1 <r1\@example\.org>: Recipient address rejected: ann\@example\.org may send to 10 recipients within 1 hour, and has sent to 10; try again in (?:\d+ minutes|1 hour) \(quota_exceeded \w+\)$/,
    'one more is not';
is used('ann@example.org'), '10|10|0', 'nor counted';
$p->sql("DELETE FROM quota WHERE name = 'ann\@example.org'");
(undef, $end) = sends('ann@example.org', 10);
like $end, qr/^250 /, 'what was used is given back by one statement';
is used('ann@example.org'), '10|10|0', 'and counts anew';
my $c = $postfix->client(addr => '203.0.113.7', login => 'bob@example.org');
$c->say('MAIL FROM:<bob@example.org>');
my @replies = map { $c->say("RCPT TO:<r$_\@example.org>") } 1 .. 12;
is join(' ', map { /^(\d+)/ } @replies), join(' ', (250) x 10, 450, 450), 'of a long message as many recipients as there are';
$c->say('DATA');
like $c->say("Subject: test\r\n\r\nHello.\r\n."), qr/^250 /, 'get it';
is used('bob@example.org'), '10|10|0', 'and count';
(undef, $end) = sends('eve@example.org', 10);
like $end, qr/^250 /, 'every login has its own';

# ---- what is refused, or given up, does not count; what comes twice counts once ----

$p->sql("INSERT INTO deny (recipient) VALUES ('r2\@example.org')");
eventually { $p->ask(policy_context => 'submission', sasl_username => 'x', recipient => 'r2@example.org') =~ /deny/ } 'a recipient nobody may write to';
(undef, $end) = sends('carol@example.org', 3);
like $end, qr/^250 /, 'a message without it';
is used('carol@example.org'), '2|10|8', 'refused recipients do not count';
$c = $postfix->client(addr => '203.0.113.7', login => 'dave@example.org');
$c->mail('dave@example.org', 'r1@example.org');
$c->say('RSET');
is used('dave@example.org'), '', 'nor does a message that is given up before DATA';
eventually { sent_to('carol@example.org') eq 2 && sent_to('bob@example.org') eq 10 } 'the same of all that the login sent';
is sent_to('dave@example.org'), '', 'and of what it did not';

my $instance = 0;
my %of;
sub message { my ($login) = @_; $of{$login} = sprintf '1a2b.%x.0', ++$instance; return }
sub asks {
	my ($login, $state, $count, %with) = @_;
	return (delete $with{daemon} // $p)->ask(policy_context => 'submission', sasl_username => $login, sender => $login, instance => $of{$login}, protocol_state => $state,
	    recipient => $state eq 'RCPT' || $count == 1 ? 'a@example.org' : '', recipient_count => $state eq 'RCPT' ? 0 : $count, %with);
}
my $refused = qr/^450 4\.7\.1 .* \(quota_exceeded \w+\)$/;
message('twice@example.org');
is asks('twice@example.org', 'DATA', 3), 'DUNNO', 'DATA';
is asks('twice@example.org', 'DATA', 3), 'DUNNO', 'asked again, byte for byte';
is asks('twice@example.org', 'DATA', 3, queue_id => 'ABC'), 'DUNNO', 'and in other words';
is used('twice@example.org'), '3|10|7', 'a message that is asked about again counts once';
is asks('twice@example.org', 'DATA', 5), 'DUNNO', 'with more recipients, as something behind policyd refused DATA before';
is used('twice@example.org'), '5|10|5', 'only those count that are new';
message('twice@example.org');
like asks('twice@example.org', 'DATA', 6), qr/^450 4\.7\.1 twice\@example\.org may send to 10 recipients within 1 hour, has sent to 5, and this message has 6; try again in /,
    'at DATA nothing passes that does not fit';
is asks('twice@example.org', 'DATA', 5), 'DUNNO', 'and what does, does';
eventually { sent_to('twice@example.org') eq 10 } 'so with all that the login sent';
message('twice@example.org');
like asks('twice@example.org', 'DATA', 11), qr/^450 4\.5\.3 twice\@example\.org may send to 10 recipients within 1 hour, and this message has 11; send less at once, or ask us \(/, 'who can never send so many is told so';

# ---- it survives ----

my $long = 'x' x 800 . '@example.org';
message($long);
is asks($long, 'DATA', 9), 'DUNNO', 'so is a login of any length';
message('kill@example.org');
is asks('kill@example.org', 'DATA', 9), 'DUNNO', 'counted';
is $p->kill9, 'signal 9', 'policyd is killed';
$p->run;
is asks('kill@example.org', 'DATA', 9), 'DUNNO', 'Postfix asks again, as it had no answer';
is used('kill@example.org'), '9|10|1', 'and it has counted once';
message('kill@example.org');
like asks('kill@example.org', 'DATA', 2), $refused, 'what was counted before counts';
message($long);
like asks($long, 'DATA', 2), $refused, 'of a login of any length';
is $p->stop, 'exit 0', 'policyd stops';
$p->run;
is asks('kill@example.org', 'DATA', 1), 'DUNNO', 'after a restart there is one left';
message('kill@example.org');
like asks('kill@example.org', 'RCPT', 0), $refused, 'and no more';

# ---- killed again and again, in the midst of it ----

# Ask about each message until it is answered; what has no answer is asked again, as Postfix would.
$p->reload(profiles => quota(quota => 'login 100000 messages / 1d'));
eventually { $p->log =~ / read again$/m } 'another quota';
my %open = map { message('busy@example.org'); ($of{'busy@example.org'} => 1) } 1 .. 600;
my $killed = 0;
while (%open) {
	my @waiting;
	for my $id ((sort keys %open)[0 .. 99]) {
		next if !defined $id;
		my $connection = $p->connect;
		$connection->send(request(policy_context => 'submission', sasl_username => 'busy@example.org', sender => 'busy@example.org',
		    instance => $id, protocol_state => 'DATA', recipient_count => 1));
		push @waiting, [ $id, $connection ];
	}
	if ($killed++ < 5) {
		for (@waiting[0 .. 9 * $killed]) {
			delete $open{$_->[0]} if $_ && ($_->[1]->reply // '') eq 'DUNNO';
		}
		$p->kill9;
		$p->run;
	} else {
		($_->[1]->reply // '') eq 'DUNNO' and delete $open{$_->[0]} for @waiting;
	}
}
is used('busy@example.org', 'messages') =~ s/\|.*//r, 600, 'of six hundred messages each has counted once, though policyd was killed five times meanwhile';
$p->reload(profiles => quota(quota => 'login 10 recipients / 1h'));
eventually { my $read = () = $p->log =~ / read again$/mg; $read >= 2 } 'the first quota again';

# ---- two policyd write to one database ----

my $q = Policyd::Daemon->start(server => { %server, database => $p->database }, profiles => quota(quota => 'login 10 recipients / 1h'));
my @both = ($p, $q);
my @without;
for my $i (0 .. 9) {
	message('both@example.org');
	is asks('both@example.org', 'DATA', 1, daemon => $both[$i % 2]), 'DUNNO', "message $i, to one of two";
}
for my $i (0 .. 9) {
	message('both@example.org');
	my $said = asks('both@example.org', 'DATA', 1, daemon => $both[$i % 2]);
	like $said, qr/^450 4\.7\.1 .* \(quota_exceeded( \w+)?\)$/, 'each knows what the other counted';
	push @without, $said if $said !~ $refused;
}
cmp_ok scalar @without, '<=', 1, 'and refuses by a reference of its own, but for once, should both have drawn the same place';
is used('both@example.org'), '10|10|0', 'and so does the view';
is $q->stop, 'exit 0', 'one of them stops';

# ---- two hundred logins at once, each at its limit ----

my @logins = map { "login$_\@example.org" } 1 .. 200;
my %passed = map { $_ => 0 } @logins;
for my $round (1 .. 4) {
	my @open;
	for my $login (@logins) {
		for (1 .. 2) {		# of two messages of four recipients at once
			message($login);
			my $connection = $p->connect;
			$connection->send(request(policy_context => 'submission', sasl_username => $login, sender => $login,
			    instance => $of{$login}, protocol_state => 'DATA', recipient => '', recipient_count => 4));
			push @open, [ $login, $connection ];
		}
	}
	$passed{$_->[0]} += 4 * ($_->[1]->reply eq 'DUNNO') for @open;
}
is_deeply [ grep { $passed{$_} != 8 } @logins ], [], 'of two hundred logins none sends more than its limit, nor less';
is $p->sql("SELECT count(*) || ' ' || max(used) || ' ' || min(used) FROM quota WHERE name LIKE 'login%'"), '200 8 8', 'which is what the view says';

# ---- quotas of their own ----

$p->sql(<<'');
INSERT INTO quota_limit (login, quota, note) VALUES ('ann@example.org', '12 recipients / 1h', 'ticket 1'), ('@lists.example', 'none', 'lists'),
    ('bob@example.org', 'ten recipients', 'wrong'), ('carol@example.org', '1 messages / 1h', ''), ('news@lists.example', '1 recipients / 1h', '');
INSERT INTO quota_limit (quota) VALUES ('none');

eventually { (sends('ann@example.org', 1))[1] =~ /^250/ } 'a row gives more';
(undef, $end) = sends('m@lists.example', 50);
like $end, qr/^250 /, 'or as much as they like';
$p->sql('DELETE FROM deny');
eventually { (sends('news@lists.example', 2))[0] =~ /^450 / } 'the more specific row counts';
($rcpt) = sends('carol@example.org', 1);
like $rcpt, qr/^250 /, 'a row is in place of all others of the login';
($rcpt) = sends('carol@example.org', 1);
like $rcpt, qr/^450 .* carol\@example\.org may send 1 messages within 1 hour, and has sent 1; /, 'and as strict';
like $p->sql("SELECT group_concat(finding, char(10)) FROM problem WHERE list = 'quota_limit'"),
    qr/^ten recipients: write 500 recipients \/ 1h, .*\n.*fill exactly one$/, 'rows that say nothing are told';

# ---- bytes, messages, clients, and whom an attribute names ----

$p->reload(profiles => quota(quota => 'login 3000 bytes / 1h, client 40 messages / 1d fixed, helo_name 60 messages / 1m', quota_header => 'yes'));
eventually { message('x@example.org'); asks('x@example.org', 'RCPT', 0, size => 3001) =~ /^450 4\.5\.3 / } 'read again: a size that can never fit';
(undef, $end) = sends('fred@example.org', 1, body => 'x' x 900);
like $end, qr/^250 /, 'a message of some bytes';
eventually { $postfix->log =~ /warning: header X-Quota: \d+ of \d+ \w+ within 1 \w+ left from/ } 'with a header that tells what is left';
my ($bytes) = split /\|/, used('fred@example.org', 'bytes');
ok $bytes > 900 && $bytes < 2000, "counted with all its bytes ($bytes)";
is $p->sql("SELECT time || ' ' || used FROM quota WHERE name = '203.0.113.7' AND unit = 'messages' AND scope = 'client'"), '1d fixed 1', 'and of its client, until midnight';
($rcpt, $end) = sends('fred@example.org', 1, size => 2900);
like $rcpt, qr/^450 4\.7\.1 .*fred\@example\.org may send 3000 bytes within 1 hour, has sent $bytes, and this message has 2900; /, 'a size that does not fit now';
(undef, $end) = sends('fred@example.org', 1, body => 'x' x 9000);
like $end, qr/^250 /, 'who does not say the size gets it through once';
($rcpt) = sends('fred@example.org', 1);
like $rcpt, qr/^450 /, 'and then no more';
message('head@example.org');
is asks('head@example.org', 'RCPT', 0), 'DUNNO', 'a header is for those who can see it';
like asks('head@example.org', 'DATA', 1), qr/^PREPEND X-Quota: \d+ of \d+ (?:messages|bytes) within \w+ \w+ left$/, 'at DATA: what is left';
message('data@example.org');
like asks('data@example.org', 'DATA', 1), qr/^PREPEND X-Quota: /, 'where policyd is asked only there, too';

$p->reload(profiles => profile('mx', quota_exceeded => 'reject', quota => 'sender_domain 1 messages / 1h, client 2 messages / 1h')
    . profile('submission', quota_exceeded => 'reject', quota => 'sender_domain 1 messages / 1h'));
my %stranger = (policy_context => 'mx', client_address => '192.0.2.99', sender => 'a@example.net', protocol_state => 'DATA', recipient_count => 1);
eventually { $p->ask(%stranger, instance => 'stranger' . ++$instance) =~ /^550 5\.7\.1 192\.0\.2\.99 may send 2 messages/ } 'a stranger has a quota as a client';
unlike $p->sql("SELECT group_concat(name) FROM quota WHERE scope = 'sender_domain'") // '', qr/./, 'but none by the domain that he claims';
$p->sql("INSERT INTO recipient_profile (recipient, profile) VALUES ('strict.example', 'strict')");
$p->reload(profiles => profile('mx', quota_exceeded => 'defer', quota => 'client 3 recipients / 1h') . "[strict : mx]\nhelo_not_fqdn = reject\nquota_exceeded = reject\nquota = client 1 recipients / 1h\n"
    . "[loose : mx]\nhelo_not_fqdn = reject\nquota_exceeded = off\nquota_near = off\n"
    . profile('submission', quota_exceeded => 'reject', quota => 'sender_domain 1 messages / 1h'));
my @strict = (policy_context => 'mx', client_address => '192.0.2.98', sender => 'a@example.net', recipient => 'a@strict.example');
eventually { $p->ask(policy_context => 'strict', client_address => '192.0.2.97', protocol_state => 'DATA', recipient_count => 2) =~ /^550 5\.5\.3 / } 'a service of its own has quotas of its own';
eventually { $p->ask(@strict, helo_name => 'nodot') =~ /^550 .*helo_not_fqdn/ } 'a recipient has a profile of its own';
my @to_two = (@strict, instance => 'strict');
is $p->ask(@to_two, recipient => "$_\@strict.example"), 'DUNNO', 'two of its recipients' for qw(a b);
is $p->ask(@to_two, recipient => '', protocol_state => 'DATA', recipient_count => 2), 'DUNNO', 'are counted by the quota of the service';
is used('192.0.2.98'), '2|3|1', 'as all are, together';
is $p->ask(@strict, instance => 'strict2'), 'DUNNO', 'one more fits';
like $p->ask(@strict, instance => 'strict2', recipient => 'b@strict.example'), qr/^550 5\.7\.1 192\.0\.2\.98 may send to 3 recipients/, 'what follows is the recipient\'s own matter';
$p->sql("INSERT INTO recipient_profile (recipient, profile) VALUES ('loose.example', 'loose')");
my @loose = (@strict, client_address => '192.0.2.96', instance => 'loose');
eventually { $p->ask(@loose, instance => 'loose' . ++$instance, helo_name => 'nodot', recipient => 'a@loose.example') =~ /^550 .*helo_not_fqdn/ } 'a recipient whose profile has no quota';
is $p->ask(@loose, recipient => "a\@$_.example"), 'DUNNO', "to $_" for qw(loose strict);
is $p->ask(@loose, recipient => '', protocol_state => 'DATA', recipient_count => 2), 'DUNNO', 'is sent to beside others';
is used('192.0.2.96'), '2|3|1', 'and counts as they do';
message('z@example.com');
is asks('z@example.com', 'DATA', 1), 'DUNNO', 'a user of ours has';
message('z@example.com');
like asks('z@example.com', 'DATA', 1), qr/^550 5\.7\.1 example\.com may send 1 messages within 1 hour/, 'one by it, too';
my %script = (policy_context => 'submission', client_address => '127.0.0.1', sender => 'www@example.org', protocol_state => 'DATA', recipient_count => 1);
$p->reload(profiles => profile('submission', login_required => 'reject', quota_exceeded => 'reject', quota => 'sender_domain 1 messages / 1h, client 2 messages / 1d'));
eventually { $p->ask(%script, instance => 'script' . ++$instance) =~ /^550 5\.7\.1 (?:127\.0\.0\.1 may send 2 messages within 1 day|example\.org may send 1)/ } 'a script on a machine of ours, without a login, has one, too';
my ($status, $out) = $p->command(request(policy_context => 'submission', sasl_username => 'z@example.com', sender => 'z@example.com'), '-x');
like $out, qr/^quota +objects.*example\.com may send 1 messages/ms, 'policyd -x explains it' or diag $out;
is used('example.com'), '1|1|0', 'and counts nothing';

# ---- the store in trouble ----

pipe my $hold, my $release or die;
my $locker = fork // die "fork: $!";
if (!$locker) {
	close $release;
	open my $cli, '|-', 'sqlite3', $p->database or POSIX::_exit(1);
	print $cli ".timeout 10000\n.output " . folder . "/locked\nBEGIN EXCLUSIVE;\nSELECT 'locked';\n";
	$cli->flush;
	readline $hold;
	close $cli;
	POSIX::_exit(0);
}
close $hold;
eventually { slurp(folder . '/locked') =~ /locked/ } 'somebody locks the file';
$p->reload(server => { %server, deadline => '2s' }, profiles => quota(quota => 'login 3 messages / 1h'));
eventually { message('lock@example.org'); asks('lock@example.org', 'DATA', 1) } 'somebody holds the file: mail flows';
$p->says(qr/warning: store: /, 'a warning says so');
eventually { message('lock@example.org'); asks('lock@example.org', 'DATA', 1) =~ /^450 4\.7\.1 lock\@example\.org may send 3 messages/ } 'what it counted itself still counts';
close $release;
waitpid $locker, 0;
eventually { used('lock@example.org') eq '3|3|0' } 'and is written when it can be';
is $p->stop, 'exit 0', 'policyd stops';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
