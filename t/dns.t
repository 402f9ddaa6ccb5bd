#!/usr/bin/perl
# dns.t - how policyd asks the DNS, and what it makes of silence
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

use IO::Socket::INET;
use Net::DNS;

my $dns = Policyd::DNS->start;

# Of 65536 queries one has this id.
my $udp = IO::Socket::INET->new(Proto => 'udp', PeerAddr => $dns->address);
my $query = Net::DNS::Packet->new('example.net')->data;
substr($query, 0, 2) = "\0\0";
$udp->send($query);
$udp->recv(my $answer, 512);
is unpack('n', $answer), 0, 'the name server of these tests answers a query whose id is 0';

my $bl = "dnsbl_sites = bl.example\n";
my $checks = profile('mx', client_no_rdns => 'reject', client_rdns_mismatch => 'reject', sender_null_mx => 'reject',
    sender_no_mx => 'reject', dnsbl => 'reject') . $bl;
my $careful = $checks =~ s/reject/reject on_error defer/gr =~ s/\[mx\]/[careful]/r;
my $p = Policyd::Daemon->start(dns => $dns, server => { dns_timeout => '300ms' }, profiles => $checks . $careful);
my $n = 0;

# A stranger nobody has asked about before, so that no cache knows the answer.
sub stranger { $n++; return (client_name => 'unknown', client_address => "198.51.100.$n", sender => "a\@d$n.example", @_) }

# ---- silence and failure never make a 5xx ----

for my $trouble (qw(silent servfail refused)) {
	$dns->clear;
	$dns->add("* !$trouble");
	my $start = time;
	is $p->ask(stranger), 'DUNNO', "$trouble: no objection";
	like $p->ask(stranger(policy_context => 'careful')), qr/^45[01] 4\./, "$trouble, on_error defer: 4xx";
	cmp_ok time - $start, '<', 9, "$trouble: before the deadline";
}
$p->set_dns_timeout('5s');
$dns->clear;
my $down = Policyd::Daemon->start(profiles => $checks);
is $down->ask(stranger), 'DUNNO', 'no name server there: no objection';

my $patient = Policyd::Daemon->start(dns => $dns, profiles => $checks . $careful,
    server => { deadline => '1s', dns_timeout => '10s', dns_tries => 3 });
$dns->add('* !silent');
for my $case ([ 'mx', qr/^DUNNO$/ ], [ 'careful', qr/^45[01] 4\./ ]) {
	my ($context, $want) = @$case;
	my $start = time;
	like $patient->ask(stranger(policy_context => $context)), $want, "$context: the deadline ends the waiting for a name server";
	cmp_ok time - $start, '<', 5, "$context: it was 1 s";
}

# ---- late answers, cache, one query for one question ----

$dns->clear;
$dns->add('late.example !delay 2000');
my @late = (client_name => 'mx.example.net', sender => 'a@late.example');
is $patient->ask(@late), 'DUNNO', 'an answer after the deadline comes too late for this request';
eventually { verdict($patient->ask(@late)) eq '550 5.7.1 sender_no_mx' } 'but fills the cache for the next';
is $dns->count('late.example', 'MX'), 1, 'from the one query';

$dns->clear;
$dns->add('many.example !delay 200');
my @clients = map { $p->connect } 1 .. 20;
$_->send(request(sender => 'a@many.example')) for @clients;
is_deeply [map { verdict($_->reply) } @clients], [('550 5.7.1 sender_no_mx') x 20], '20 ask the same at the same time';
is $dns->count('many.example', $_), 1, "one query: $_" for qw(MX A AAAA);
is verdict($p->ask(sender => 'b@MANY.example.')), '550 5.7.1 sender_no_mx', 'asked later, in another spelling';
is $dns->count('many.example', 'MX'), 1, 'the cache knows that there is none';

$dns->add('good.example MX 10 mx.good.example.');
is $p->ask(sender => 'a@good.example'), 'DUNNO', 'an MX';
$dns->clear;
is $p->ask(sender => 'b@good.example'), 'DUNNO', 'the cache knows it too';
is $dns->count('good.example'), 0, 'nothing was asked';

# ---- long answers ----

$dns->add('long.example !truncated', 'long.example MX 10 mx.long.example.');
is $p->ask(sender => 'a@long.example'), 'DUNNO', 'a truncated answer is asked for again';
is $dns->count('long.example', 'MX'), 2, 'by TCP';
$dns->add(map { "wide.example MX 10 a-rather-long-name-for-a-mail-exchanger-$_.example." } 1 .. 40);
is $p->ask(sender => 'a@wide.example'), 'DUNNO', 'as is one that is too long for UDP';

done_testing;
