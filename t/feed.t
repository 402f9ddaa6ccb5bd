#!/usr/bin/perl
# feed.t - policyd-feed reads what a real Postfix logs, and counts each event once, whatever happens
use lib 't/lib';
use IO::Socket::UNIX;
use Policyd::Daemon;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;

sub feed { my (@words) = @_; return Policyd::Daemon->new(program => 'policyd-feed', words => \@words) }

# ---- by hand ----

my $when = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime);

sub line { my ($program, $text) = @_; return "$when mx postfix/$program\[212]: $text\n" }

sub unknown {
	my ($client, $recipient) = @_;
	return line('smtpd', "NOQUEUE: reject: RCPT from unknown[$client]: 550 5.1.1 <$recipient>: Recipient address rejected: "
	    . "User unknown in virtual mailbox table; from=<bob\@example.net> to=<$recipient> proto=ESMTP helo=<mx.example.net>");
}

my $hand = feed();
my @said = $hand->command(unknown('192.0.2.7', 'a@example.org') . unknown('192.0.2.8', 'b@example.org') =~ s/\n//r);
is $said[0], 0, 'standard input is read to its end';
like $said[2], qr/^2 lines read, .*2 unknown recipients/m, 'which is said';
is join(' ', $hand->sql('SELECT client, recipient FROM unknown')), '192.0.2.7|a@example.org 192.0.2.8|b@example.org',
    'the last line, too';
is +($hand->command('', '-n'))[0], 0, '-n: nothing is wrong';
spew($hand->config, "[server]\nlocal_network = 192.0.2.0/24\n");
@said = $hand->command(unknown('192.0.2.9', 'c@example.org'), '-n');
is $said[0], 1, '-n: a mistake';
like $said[2], qr/:2: .*local_network.*did you mean local_networks/s, 'is explained';
$hand->configure(server => { local_networks => '192.0.2.0/24' });
is +($hand->command(unknown('192.0.2.9', 'c@example.org') . unknown('2001:db8::1', 'c@example.org')))[0], 0, 'local networks';
is $hand->sql("SELECT group_concat(client) FROM unknown WHERE recipient = 'c\@example.org'"), '2001:db8::/64', 'are left alone';
for (['-F', 'mail.log'], ['-F', '/log', '-J'], ['mail.log'], ['-x']) {
	is +($hand->command('', @$_))[0], 2, "wrong usage: @$_";
}
like +($hand->command('', '-F', folder))[2], qr/no regular file/, 'a folder cannot be followed';

# ---- a real Postfix ----

# A server at which a recipient's local part says what becomes of it, until there is a file of that name.
sub sink {
	my $path = shift;
	my %reply = (gone => '550 5.1.1 no such mailbox', off => '550 5.2.1 mailbox disabled', text => '550 no mailbox here',
	    policy => '550 5.7.1 no', full => '452 4.2.2 full',
	    liar => '550 5.7.1 x (in reply to RCPT TO command)), dsn=5.1.1, status=bounced (550 5.1.1 x');
	my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 20) or die "listen: $!";
	chmod 0777, $path;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	setpgrp;		# with a child for each connection
	$SIG{CHLD} = 'IGNORE';
	$SIG{TERM} = 'DEFAULT';
	while (my $client = $listen->accept) {
		next if fork;
		$client->autoflush(1);
		print $client "220 sink.example.net LMTP\r\n";
		while (my $said = readline $client) {
			my ($name) = $said =~ /^RCPT TO:<(\w+)/;
			print $client $name && !-e folder . "/$name" && $reply{$name} ? "$reply{$name}\r\n" :
			    $said =~ /^MAIL FROM:<nobody@/ ? "550 5.1.1 no such sender\r\n" :
			    $said =~ /^DATA/ ? "354 go on\r\n" : "250 2.0.0 ok\r\n";
			next if $said !~ /^DATA/;
			1 until (readline($client) // ".\r\n") eq ".\r\n";
			print $client "250 2.0.0 taken\r\n";
		}
		POSIX::_exit(0);
	}
}

my $sink;
END { kill 'TERM', -$sink if $sink }

sub real {
	my $path = folder . '/sink';
	$sink = sink($path);
	my $postfix = Policyd::Postfix->new("default_transport = lmtp:unix:$path", "relay_transport = lmtp:unix:$path",
	    'relay_domains = backend.example.org',
	    'virtual_alias_maps = inline:{ fwd@example.org=gone-fwd@example.net, slow@example.org=full-slow@example.net }', 'smtpd_authorized_xforward_hosts = 127.0.0.1');
	system('postconf', '-c', $postfix->config, '-e', 'mynetworks = 127.0.0.0/8 10.0.0.0/8 198.51.100.60',
	    'smtpd_relay_restrictions = permit_mynetworks reject_unauth_destination') == 0 or die;
	spew($postfix->config . '/master.cf', slurp($postfix->config . '/master.cf'),
	    "lmtp unix - - n - - lmtp\npickup unix n - n 60 1 pickup\n");
	$postfix->run;
	my $log = "$postfix->{dir}/log";
	my $feed = Policyd::Daemon->new(program => 'policyd-feed', words => ['-F', $log],
	    server => { local_networks => '127.0.0.0/8 10.0.0.0/8' })->run;
	my $has_read = sub { eventually { $feed->sql("SELECT position FROM feed_position") eq -s $log } shift };

	# Strangers, as they please.
	my $marker = ': Recipient address rejected: User unknown in virtual mailbox table; from=<';
	my $stranger = $postfix->client(addr => '192.0.2.7', name => 'mx.example.net', helo => "x>${marker}y");
	my $played = "alice>${marker}z> to=<alice> proto=ESMTP helo=<q";
	my $refused = 0;
	for (
		[ 'bob@example.net', 'nobody@example.org' ],
		[ 'bob@example.net', 'Nobody@EXAMPLE.org' ],
		[ '', '"no user"@example.org' ],
		[ 'bob@example.net', '"no\\"bo\\\\dy"@example.org' ],
		[ '"x> to=<ann@example.org> proto=ESMTP helo=<y"@example.net', 'nobody@example.org' ],
		[ "\"x>${marker}y\"\@example.net", 'nobody@example.org' ],
		[ "\"\@x>${marker}y:z\"\@example.net", 'nobody@example.org' ],
		[ 'bob@example.net', "\"$played\"\@example.org" ],
		[ "\"$played\"\@example.net", "\"$played\"\@example.org" ],
		[ '"' . 's' x 1900 . '"@example.net', 'long@example.org' ],
		[ 'bob@example.net', 'known@example.org' ],
		[ 'bob@example.net', 'somebody@example.com' ],
		[ 'bob@example.net', "\"ann\@example.org>${marker}z> to=<ann\@example.org> proto=ESMTP helo=<q\"\@example.com" ],
	) {
		$refused += $stranger->mail(@$_) =~ /^550 5\.1\.1 .*User unknown/;
	}
	is $refused, 10, 'Postfix refuses ten recipients';
	like $postfix->client(addr => '2001:db8:7::1')->mail('bob@example.net', 'nobody@example.org'), qr/^550 5\.1\.1 /, 'one more';
	like $postfix->client(addr => '10.1.2.3')->mail('bob@example.net', 'typo@example.org'), qr/^550 5\.1\.1 /, 'and a local client\'s';
	my $user = $postfix->client(addr => '192.0.2.7', login => 'ann');
	like $user->mail('ann@example.org', 'known@example.org') . $user->say('RCPT TO:<slip@example.org>') . $user->deliver, qr/^250 .*550 5\.1\.1 .*250 /,
	    'and a user\'s, beside the stranger';
	eventually { $postfix->log =~ /to=<slip\@/ } 'Postfix has logged the last of them';
	$has_read->('all is read');
	is_deeply [ $feed->sql("SELECT recipient FROM unknown WHERE client = '192.0.2.7' ORDER BY recipient") ],
	    [ sort 'nobody@example.org', 'no user@example.org', 'no"bo\\\\dy@example.org', lc($played) . '@example.org', 'long@example.org' ],
	    'whom a stranger asked for, whatever it pretends';
	is_deeply [ $feed->sql("SELECT name, sum(n) FROM activity WHERE kind = 'unknown' AND scope = 'client' GROUP BY name") ],
	    [ '192.0.2.7|10', '2001:db8:7::/64|1' ], 'how often; and local clients and logins are left alone';

	# Our own users, a machine and a program of ours; and a stranger's mail that goes on.
	my $c = $postfix->client(addr => '198.51.100.60', login => 'ann');
	for (map { "$_\@example.net" } qw(gone off text policy full liar),
	    '"x>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (x"',
	    '"@x>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (x:y"') {
		like $c->mail('Ann@example.org', $_), qr/^250 /, "a login writes to $_";
		$c->deliver;
	}
	like $c->mail('nobody@example.org', 'ok@example.net') . $c->deliver, qr/^250 .*250 /, 'and as somebody the next server does not know';
	$c = $postfix->client(addr => '10.1.2.3');
	like $c->mail('app@example.org', 'gone-app@example.net') . $c->deliver, qr/^250 .*250 /, 'a machine of ours does';
	system('echo hello | sendmail -C ' . $postfix->config . ' -f root@example.org gone-root@example.net 2>/dev/null') == 0 or die;
	like $stranger->mail('bob@example.net', 'fwd@example.org') . $stranger->deliver, qr/^250 .*250 /, 'a stranger\'s goes on';
	like $stranger->mail('bob@example.net', "$_\@backend.example.org") . $stranger->deliver, qr/^250 .*250 /, "and one to $_, who is behind us"
	    for qw(gone-back policy-back fine);
	my @tried = qw(gone off text policy full liar ok gone-app gone-root gone-fwd gone-back policy-back fine);
	eventually { my $said = $postfix->log; !grep { $said !~ /to=<$_\@.* status=/ } @tried } 'Postfix has tried all';
	$has_read->('all is read');
	is_deeply [ $feed->sql('SELECT recipient, hard, dsn, sender, login FROM bounce ORDER BY recipient') ], [
		'full@example.net|0|4.2.2|ann@example.org|ann',
		'gone-app@example.net|1|5.1.1|app@example.org|',
		'gone-root@example.net|1|5.1.1|root@example.org|',
		'gone@example.net|1|5.1.1|ann@example.org|ann',
		'liar@example.net|0|5.7.1|ann@example.org|ann',
		'off@example.net|1|5.2.1|ann@example.org|ann',
		'ok@example.net|0|5.1.1|nobody@example.org|ann',
		'policy@example.net|0|5.7.1|ann@example.org|ann',
		'text@example.net|0|5.0.0|ann@example.org|ann',
	], 'what came back, or waits, with who sent it';
	is_deeply [ $feed->sql("SELECT scope, name, kind, sum(n) FROM activity WHERE kind <> 'unknown' GROUP BY 1, 2, 3") ],
	    [ 'client|192.0.2.7|bounced|1', 'login|ann|bounced|6', 'login|ann|delayed|1', 'sender_domain|example.org|bounced|8', 'sender_domain|example.org|delayed|1' ],
	    'how often';
	eventually { $feed->sql('SELECT sender FROM feed_queue WHERE client IS NULL') eq 'ann@example.org' }
	    'of ours only what waits is still remembered';

	# A filter brings a mail back, by which Postfix knows it as ann's; or by which it does not.
	my $waits = $feed->sql("SELECT queue_id FROM bounce WHERE recipient = 'full\@example.net'");
	for ([ $waits, 'gone-ann' ], [ '4TxLrM2Ys4z9rZ', 'gone-other' ]) {
		$c = $postfix->client(addr => '127.0.0.1');
		$c->expect(250, $c->say($_)) for "XFORWARD ADDR=198.51.100.60 IDENT=$_->[0]", 'MAIL FROM:<ann@example.org>',
		    "RCPT TO:<$_->[1]\@example.net>";
		like $c->deliver, qr/^250 /, 'a filter brings a mail back';
	}
	eventually { my $said = $postfix->log; $said =~ /to=<gone-ann\@.* status=/ && $said =~ /to=<gone-other\@.* status=/ }
	    'Postfix has tried both';
	$has_read->('all is read');
	is $feed->sql("SELECT recipient, login FROM bounce WHERE recipient IN ('gone-ann\@example.net', 'gone-other\@example.net')"),
	    'gone-ann@example.net|ann', 'only that which was ours is';

	# A stranger's, too; behind the filter nothing says that an alias had sent it on.
	like $stranger->mail('bob@example.net', 'slow@example.org') . $stranger->deliver, qr/^250 .*250 /, 'a stranger\'s waits for a filter';
	my $slow = qr/(\w+): to=<full-slow\@example\.net>, orig_to=/;
	eventually { $postfix->log =~ $slow } 'an alias sent it on';
	($waits) = $postfix->log =~ $slow;
	$c = $postfix->client(addr => '127.0.0.1');
	$c->expect(250, $c->say($_)) for "XFORWARD ADDR=192.0.2.7 IDENT=$waits", 'MAIL FROM:<bob@example.net>', 'RCPT TO:<gone-slow@example.net>';
	like $c->deliver, qr/^250 /, 'the filter brings it back';
	eventually { $postfix->log =~ /to=<gone-slow\@.* status=/ } 'Postfix has tried it';
	$has_read->('all is read');
	is $feed->sql("SELECT sum(n) FROM activity WHERE scope = 'client' AND kind = 'bounced'"), 1, 'that is not the stranger\'s fault';
	is $feed->sql("SELECT count(*) FROM bounce WHERE recipient LIKE '%-slow@%'"), 0, 'nor is it mail of ours';

	# One is back; and the log is begun anew.
	spew(folder . '/gone', '');
	rename $log, "$log.1" or die "rename: $!";
	$postfix->command('reload');
	$c = $postfix->client(addr => '198.51.100.60', login => 'ann');
	like $c->mail('ann@example.org', 'gone@example.net') . $c->deliver, qr/^250 .*250 /, 'a login writes again';
	eventually { $feed->sql('SELECT recipient FROM delivered') eq 'gone@example.net' } 'and it is noted that it arrived';
	is $feed->stop, 'exit 0', 'policyd-feed stops';
	like $feed->log, qr/^\d+ lines read, 0 of them too long; 11 unknown recipients, 9 mails came back \(5 for good\), 1 were delayed/m,
	    'and says what it did';
	is $feed->sql("SELECT inode FROM feed_position"), (stat $log)[1], 'it has come to the new file';
	unlike $feed->log, qr/warning: (?!policyd stays root)|error: /, 'without trouble';
	$postfix->stop;
}

if (my $why = Policyd::Postfix->why_not) {
	BAIL_OUT("no Postfix, and this is CI: $why") if $ENV{CI};
	note "no test with Postfix: $why";
} else {
	real();
}

# ---- killed in mid-load, the log rotated, the database shared ----

my $log = folder . '/mail.log';

sub append { my ($text) = @_; open my $out, '>>', $log or die "$log: $!"; syswrite $out, $text }

# In pieces that end anywhere, by a process of its own.
sub append_slowly {
	my ($text) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	srand length $text;
	append(substr $text, 0, 1 + int rand 20_000, '') while length $text;
	POSIX::_exit(0);
}

sub rename_away { rename $log, "$log.1" or die "rename: $!"; append('') }
sub copy_and_truncate { system('cp', $log, "$log.1") == 0 or die; truncate $log, 0 or die "truncate: $!" }

append('');
my $load = feed('-F', $log)->run;
my $p = Policyd::Daemon->start(profiles => profile('mx', helo_not_fqdn => 'reject'),
    server => { database => $load->database, decision_log => 'all' });
my ($unknown, $mails, $asked) = (0, 0, 0);

# What happens when it is killed, and when it is back: before or behind the rotation.
my @rounds = map { [ $_, 'before' ], [ $_, 'behind' ], [ $_, 'in the middle' ] } \&rename_away, \&copy_and_truncate;
for my $round (@rounds, @rounds) {
	my ($rotate, $back) = @$round;
	my $text = '';
	for (1 .. 2000) {
		$text .= unknown('192.0.2.' . $unknown % 50, 'nobody' . $unknown++ . '@example.org');
		next if $_ % 10;
		my $id = sprintf '%X', 0x6C848A72 + $mails;
		my $to = sub { line('smtp', "$id: to=<r$mails\@example.net>, relay=mx.example.net[203.0.113.99]:25, delay=1, "
		    . "delays=0/0/1/0, dsn=$_[0] (host said: no)") };
		$text .= line('smtpd', "$id: client=unknown[198.51.100.60], sasl_method=PLAIN, sasl_username=ann")
		    . line('qmgr', "$id: from=<ann\@example.org>, size=209, nrcpt=1 (queue active)")
		    . $to->('4.7.1, status=deferred') x 2 . $to->('5.1.1, status=bounced') . line('qmgr', "$id: removed");
		$mails++;
	}
	my $writer = append_slowly($text);
	for (1 .. 20) {
		$asked += $p->ask(helo_name => 'nodot') =~ /^550/;
	}
	is $load->kill9, 'signal 9', 'policyd-feed is killed in mid-load';
	$load->run if $back eq 'in the middle';
	waitpid $writer, 0;
	$load->run if $back eq 'before';
	$rotate->();
	$load->run if $back eq 'behind';
	append(unknown('192.0.2.7', my $last = 'nobody' . $unknown++ . '@example.org'));
	eventually { $load->sql("SELECT count(*) FROM unknown WHERE recipient = '$last'") } "has caught up; it came back $back";
}
is $load->sql("SELECT sum(n) FROM activity WHERE kind = 'unknown' AND scope = 'client'"), $unknown, 'each unknown recipient was counted once';
is $load->sql('SELECT count(*) FROM unknown'), $unknown, 'and has its row';
is_deeply [ $load->sql("SELECT kind, sum(n) FROM activity WHERE scope = 'login' AND name = 'ann' GROUP BY kind") ],
    [ "bounced|$mails", "delayed|$mails" ], 'so was each mail';
is $load->sql('SELECT count(*) FROM bounce WHERE hard'), $mails, 'and has its row';
is $load->sql('SELECT count(*) FROM feed_queue'), 0, 'nothing is left of them';
is $load->sql("SELECT count(*) FROM decision WHERE action = 'reject'"), $asked, 'policyd has written its decisions meanwhile';
is $load->sql('SELECT count(*) FROM writer'), 2 + @rounds * 2, 'each start was a writer';
unlike $p->log . $load->log, qr/store: |was not read/, 'without trouble';
is $p->stop, 'exit 0', 'policyd stops';

# ---- another's lock; the heartbeat ----

open my $lock, '|-', 'sqlite3', $load->database or die "sqlite3: $!";
$lock->autoflush(1);
print $lock ".timeout 10000\n.output " . folder . "/locked\nBEGIN IMMEDIATE;\nSELECT 'locked';\n";
eventually { slurp(folder . '/locked') =~ /locked/ } 'the database is locked';
append(unknown('192.0.2.99', 'late@example.org'));
$load->says(qr/warning: store: .*locked; .*nothing more is read/, 'which is said');
close $lock;
eventually { $load->sql("SELECT count(*) FROM unknown WHERE client = '192.0.2.99'") } 'what was read waits for it';
$load->says(qr/store: it can be written again/, 'which is said, too');
$load->sql('UPDATE feed_position SET seen = 1');
eventually { $load->sql('SELECT seen > unixepoch() - 100 FROM feed_position') } 'it says that it is alive when nothing comes';

is $load->stop, 'exit 0', 'policyd-feed stops';

# ---- the journal ----

my $remote = '/lib/systemd/systemd-journal-remote';
my $journal = folder . '/journal';
my $reader = feed('-D', $journal);
mkdir $journal or die "mkdir: $!";
if (!-x $remote || ($reader->command('', '-D', '/nowhere'))[2] =~ /without libsystemd/) {
	BAIL_OUT('no journal to read, and this is CI') if $ENV{CI};
	note 'no test with a journal: systemd-journal-remote or libsystemd is missing';
} else {
	journal();
}

# Entries as in "tag text"; the facility is mail's unless told otherwise.
sub enter {
	my ($to, $facility, @lines) = @_;
	for (@lines) {
		my ($tag, $text) = split / /, $_, 2;
		printf $to "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032d\nSYSLOG_FACILITY=%d\n"
		    . "SYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n\n", time * 1e6, time * 1e6, 1, $facility, $tag, $text;
	}
}

sub journal {
	my $says = sub { my ($n) = @_; return 'postfix/smtpd ' . unknown('192.0.2.7', "a$n\@example.org") =~ s/.*?\]: (.*)\n/$1/r };
	my $known = sub { $reader->sql('SELECT group_concat(recipient) FROM (SELECT recipient FROM unknown ORDER BY recipient)') };

	open my $to, '|-', "$remote -o $journal/remote.journal - >/dev/null 2>&1" or die "$remote: $!";
	$to->autoflush(1);
	enter($to, 2, map { $says->($_) } 1 .. 3);
	enter($to, 3, $says->(4));
	enter($to, 2, 'other/smtpd but not this', 'smtpd ' . $says->(5) =~ s/\S+ //r);
	$reader->run;
	eventually { $known->() eq 'a1@example.org,a2@example.org,a3@example.org' } 'the journal is read, as far as it is Postfix\'s';
	is $reader->kill9, 'signal 9', 'policyd-feed is killed';
	enter($to, 2, $says->(6));
	$reader->run;
	eventually { $known->() =~ /a6\@/ } 'and goes on';
	enter($to, 2, $says->(7));
	eventually { $known->() =~ /a7\@/ } 'following';
	is $reader->sql("SELECT sum(n) FROM activity WHERE scope = 'client'"), 5, 'each was counted once';
	like $reader->sql('SELECT cursor FROM feed_position'), qr/^s=/, 'the place is the journal\'s own';
	is $reader->stop, 'exit 0', 'policyd-feed stops';
	close $to;
	rename "$journal/remote.journal", "$journal/gone" or die "rename: $!";
	open $to, '|-', "$remote -o $journal/remote.journal - >/dev/null 2>&1" or die "$remote: $!";
	enter($to, 2, $says->(8));
	close $to;
	$reader->run;
	eventually { $known->() =~ /a8\@/ } 'a journal that lacks what was read last is read';
	$reader->says(qr/warning: journal: it does not go back/, 'which is said');
	is $reader->stop, 'exit 0', 'policyd-feed stops';
}

done_testing;
