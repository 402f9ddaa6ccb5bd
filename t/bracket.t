#!/usr/bin/perl
# bracket.t - who is unknown is learnt from what Postfix does not ask, and never from what policyd did not hear
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

my $dns = Policyd::DNS->start("192.0.2.9 !delay 2500\n");
my $p = Policyd::Daemon->start(dns => $dns, server => { max_connections => 3 }, profiles => profile('mx',
    client_harvesting => 'defer', client_block_temporary => 'defer', deny => 'reject') . "harvest_limit = 5\n");

my $n = 0;
sub about { my ($context, %with) = @_; return request(policy_context => $context, recipient => "r$n\@example.org", %with) }
sub tried { my $client = shift; return join ' ', $p->sql("SELECT recipient FROM unknown WHERE client = '$client' ORDER BY 1") }

# ---- as it should be ----

my ($pre, $mx) = map { $p->connect } 1 .. 2;
for my $known (1, 0, 1) {
	$n++;
	is $pre->ask(about('mx-pre', instance => "1.$n")), 'DUNNO', 'mx-pre';
	is $mx->ask(about('mx', instance => "1.$n")), 'DUNNO', 'mx' if $known;
}
is $pre->ask(about('mx-pre', instance => '1.end')), 'DUNNO', 'the next';
eventually { tried('192.0.2.7') eq 'r2@example.org' } 'the one not asked about again is unknown';

# ---- what is sent away is not heard ----

my $third = $p->connect;
is $third->ask(request), 'DUNNO', 'as many connections as may be';
for (1 .. 10) {
	$n++;
	is $pre->ask(about('mx-pre', instance => "2.$n", client_address => '192.0.2.8')), 'DUNNO', 'mx-pre';
	is $p->connect->ask(about('mx', instance => "2.$n", client_address => '192.0.2.8')), 'DUNNO', 'mx: one too many, sent away';
}
is $pre->ask(about('mx-pre', client_address => '192.0.2.7')), 'DUNNO', 'the next';
undef $_ for $pre, $mx, $third;
is tried('192.0.2.8'), '', 'nobody is unknown for what was not heard';
like $p->log, qr/all 3 max_connections are in use/, 'and the log says so';

# ---- Postfix asks again on another connection, and closes the first ----

$p->sql("INSERT INTO allow (client) VALUES ('.example.com'); INSERT INTO block (client, expires) VALUES ('192.0.2.9', 'now')");
eventually { $p->sql("SELECT count(*) FROM problem WHERE list = 'allow'") == 0 } 'rows by name';
$p->sql("INSERT INTO deny (sender) VALUES ('felt.example')");
eventually { verdict($p->ask(sender => 'a@felt.example')) =~ /deny/ } 'which are felt';
my @who = (client_address => '192.0.2.9', client_name => 'unknown', reverse_client_name => 'unknown');
my $slow = about('mx-pre', @who, instance => '3.1', recipient => 'nobody@example.org');
my $first = $p->connect;
$first->send($slow);
is $first->reply(0.2), undef, 'a slow answer';
undef $first;
my $second = $p->connect;
is $second->ask($slow), 'DUNNO', 'asked again, of which the first is gone';
my $another = $p->connect;
is $another->ask(about('mx-pre', client_address => '192.0.2.10', instance => '4.1')), 'DUNNO', 'mx-pre, of another client';
is tried('192.0.2.9'), '', 'another connection says nothing of it';
undef $second;
eventually { tried('192.0.2.9') eq 'nobody@example.org' } 'the end of its own does';

# ---- policyd -x, which Postfix never asks ----

$p->sql("INSERT INTO unknown SELECT '192.0.2.11', 'x' || value || '\@example.org', 'unknown', 'bracket', unixepoch(), unixepoch() FROM generate_series(1, 5)");
my (undef, $out, $err) = $p->command('', '-x', 'client_address=192.0.2.11', 'recipient=ann@example.org', 'policy_context=mx-pre');
like $out, qr/^client_harvesting +objects.*^action=450 4\.7\.1 192\.0\.2\.11 tried 5 recipients/ms, '-x: explains whom policyd would block';
unlike $err, qr/bracket/, '-x: and does not think that the table of mailboxes is broken';
is $p->sql("SELECT count(*) FROM block WHERE client = '192.0.2.11'"), 0, '-x: blocks nobody';

is $p->stop, 'exit 0', 'policyd stops';
done_testing;
