#!/usr/bin/perl
# memory.t - what is remembered of clients survives: a lock, a full disk, a kill -9, a corrupt file
use lib 't/lib';
use Policyd::Daemon;
use Policyd::Test;
use IPC::Open2;

# The site's database says who is here: everybody whose name begins with "here".
my $site = folder . '/site.db';
system('sqlite3', $site, 'CREATE TABLE mailbox (address TEXT)') == 0 or die 'sqlite3';
my $p = Policyd::Daemon->start(server => { site_database => $site, recipient_query => "SELECT 1 WHERE :local LIKE 'here%'",
    deadline => '3s' }, profiles => profile('mx', client_harvesting => 'defer', client_block_temporary => 'defer',
    client_block_permanent => 'reject', spamtrap => 'reject', recipient_unknown => 'reject', deny => 'reject'));

my ($unknown, $harvesting, $blocked) = ('550 5.1.1 recipient_unknown', '450 4.7.1 client_harvesting', '450 4.7.1 client_block_temporary');
my $n = 0;
sub tries { my ($client, $whom) = @_; return verdict($p->ask(client_address => $client, recipient => ($whom // 'nobody' . $n++) . '@example.org')) }
sub rows { return $p->sql("SELECT count(*) FROM unknown WHERE client = '$_[0]'") }

# ---- without mx-pre: recipient_query says who is unknown ----

is tries('192.0.2.7'), $unknown, 'an unknown recipient' for 1 .. 20;
is rows('192.0.2.7'), 20, 'each is in the file when it is answered';
is tries('192.0.2.7', 'here'), $harvesting, 'the twenty-first, whoever it is, is one too many';
is tries('192.0.2.7', 'here'), $blocked, 'the client is blocked';
is tries('192.0.2.8', 'here'), 'DUNNO', 'another is not';
is tries('192.0.2.7'), $unknown, 'blocked: what is not here is still not here' for 1 .. 25;
is tries('192.0.2.7', 'here'), $blocked, 'blocked: and the rest waits';
is $p->sql("SELECT strikes FROM block WHERE client = '192.0.2.7'"), 1, 'blocked: that is no second block';
$p->sql("UPDATE block SET expires = 'now' WHERE client = '192.0.2.7'");
eventually { tries('192.0.2.7', 'here') eq 'DUNNO' } 'lifted: what it tried meanwhile is paid for';
eventually { $p->sql("SELECT expires < datetime() FROM block WHERE client = '192.0.2.7'") } 'lifted: that second is over';
tries('192.0.2.7') for 1 .. 20;
is tries('192.0.2.7', 'here'), $harvesting, 'and twenty more cost more';
is $p->sql("SELECT strikes FROM block WHERE client = '192.0.2.7'"), 2, 'the second block';
is $p->sql("SELECT source, state FROM unknown GROUP BY 1, 2"), 'query|unknown', 'who said so';

# ---- somebody locks the file ----

tries('192.0.2.9') for 1 .. 5;
my $pid = open2(my $from, my $to, 'sqlite3', '-batch', $p->database);
$to->autoflush(1);
print $to ".timeout 10000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n";
is scalar readline $from, "locked\n", 'somebody locks the database';
my $start = time;
is tries('192.0.2.9'), $unknown, 'locked: refused all the same' for 1 .. 3;
is tries('192.0.2.7', 'here'), $blocked, 'locked: a block holds';
is tries('192.0.2.9', 'here'), 'DUNNO', 'locked: mail flows';
cmp_ok time - $start, '<', 12, 'locked: soon';
$p->says(qr/warning: store: /, 'locked: a warning says so');
close $to;
waitpid $pid, 0;
eventually { rows('192.0.2.9') == 8 } 'unlocked: what was tried meanwhile is written';
eventually { $p->log =~ /can be written again/ } 'unlocked: the log says so';
tries('192.0.2.9') for 1 .. 12;
is tries('192.0.2.9', 'here'), $harvesting, 'unlocked: and it counts';

# ---- more addresses are one client from now on ----

my @server = %{$p->{server}};
$p->reload(server => { @server, block_ipv4 => 24 });
$p->says(qr/read again/, 'block_ipv4 = 24');
eventually { tries('192.0.2.7', 'here') eq $blocked } 'who was blocked still is';
is tries('192.0.2.8', 'here'), 'DUNNO', 'and nobody else';
$p->reload(server => { @server });
$p->says(qr/(?:read again.*){2}/s, 'and back');
eventually { tries('192.0.2.7', 'here') eq $blocked } 'who was blocked still is';

# ---- another policyd on the same file ----

my $other = Policyd::Daemon->start(server => { @server, database => $p->database }, profiles => $p->{profiles});
sub other_says { my ($client, %with) = @_; return verdict($other->ask(client_address => $client, recipient => 'here@example.org', %with)) }
$p->sql("INSERT INTO spamtrap (recipient) VALUES ('trap\@example.org'); INSERT INTO deny (helo) VALUES ('canary.example')");
eventually { other_says('192.0.2.30', helo_name => 'canary.example') eq '550 5.7.1 deny' } 'another policyd reads the rows';
eventually { verdict($p->ask(helo_name => 'canary.example')) eq '550 5.7.1 deny' } 'as this one does';
is tries('192.0.2.30', 'trap'), '550 5.7.1 spamtrap', 'one of them blocks a client';
eventually { other_says('192.0.2.30') eq $blocked } 'the other knows soon';
is other_says('192.0.2.31'), 'DUNNO', 'and of nobody else';
is $p->sql("SELECT strikes FROM block WHERE client = '192.0.2.30'"), 1, 'that is one block';
is $other->stop, 'exit 0', 'the other stops';
$p->sql("DELETE FROM block WHERE client = '192.0.2.30'; DELETE FROM spamtrap; DELETE FROM deny");
eventually { tries('192.0.2.30', 'here') eq 'DUNNO' } 'all as before';

# ---- the file is corrupt ----

$p->sql("INSERT INTO block (client, cause, note) VALUES ('192.0.2.64/28', 'spam', 'by hand')");
eventually { tries('192.0.2.70', 'here') eq '550 5.7.1 client_block_permanent' } 'a block by hand';
is $p->stop, 'exit 0', 'policyd stops';
spew($p->database, 'This is no database. ' x 1000);
unlink map { $p->database . $_ } '-wal', '-shm';
$p->run;
is tries('192.0.2.7', 'here'), $blocked, 'corrupt: the block is there again';
is $p->sql("SELECT count(*) FROM block"), 3, 'corrupt: what people wrote, and what policyd blocked';
is tries('192.0.2.70', 'here'), '550 5.7.1 client_block_permanent', 'corrupt: the one by hand, too';
is tries('192.0.2.8', 'here'), 'DUNNO', 'corrupt: nobody else is blocked';

# ---- kill -9 in mid-load ----

my @askers = map {
	my ($number, $file) = ($_, folder . "/acknowledged$_");
	my $asker = fork // die "fork: $!";
	if (!$asker) {
		my $c = $p->connect;
		open my $out, '>', $file;
		$out->autoflush(1);
		for (my $i = 0; $i < 22 * 50; $i++) {
			my ($client, $recipient) = ("198.51.100." . ($number * 50 + int $i / 22), $i % 22 < 21 ? "x$number.$i\@example.org" : "here\@example.org");
			my $reply = $c->ask(request(client_address => $client, recipient => $recipient)) // last;
			print $out "$client $recipient\n" if verdict($reply) eq $unknown;
			print $out "block $client\n" if verdict($reply) eq $blocked;
		}
		POSIX::_exit(0);
	}
	[ $asker, $file ];
} 1 .. 4;
sub acknowledged { return map { split /\n/, slurp($_->[1]) } @askers }
eventually { (() = acknowledged()) > 600 } 'load';
is $p->kill9, 'signal 9', 'killed in the middle of it';
waitpid $_->[0], 0 for @askers;
$p->run;
my %rows = map { $_ => 1 } $p->sql("SELECT client || ' ' || recipient FROM unknown UNION SELECT 'block ' || client FROM block");
my @lost = grep { !$rows{$_} } acknowledged();
is_deeply \@lost, [], 'nothing that was answered is lost';
is $p->sql("SELECT count(*) FROM block WHERE strikes > 1 AND client <> '192.0.2.7'"), 0, 'nor blocked twice';
is $p->sql('SELECT count(*) FROM (SELECT client FROM unknown GROUP BY client, recipient HAVING count(*) > 1)'), 0, 'nor counted twice';
my ($sure) = map { /^block (.*)/ } acknowledged();
is tries($sure // '192.0.2.7', 'here'), $blocked, 'who was blocked still is';
is $p->sql('PRAGMA integrity_check'), 'ok', 'the database is whole';
is $p->stop, 'exit 0', 'policyd stops';

done_testing;
