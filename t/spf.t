#!/usr/bin/perl
# spf.t - SPF by the book: the public suite for RFC 7208, and cases of our own, as Postfix would ask
#
# Each scenario gets a daemon with an empty cache, and its requests all at once: over UDP, again where
# every answer is truncated (so over TCP), again where answers come late and in any order.
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::SPF;
use Policyd::Test;

my @results = qw(fail softfail neutral none permerror temperror);
my %reply = ((map { $_ => '550 5.7.23' } @results), permerror => '550 5.7.24', temperror => '451 4.4.3');

# ---- our own cases, written as the suite's ----

sub networks { return join ' ', map { "ip4:198.51.100.$_" } 1 .. $_[0] }
my @own = ({
	description => 'what a name server may hand out',
	zonedata => {
		'long450.example' => [{ TXT => 'v=spf1 ' . networks(26) . ' ip4:192.0.2.7 -all' }],
		'long4000.example' => [{ TXT => 'v=spf1 ' . networks(219) . ' ip4:192.0.2.7 -all' }],
		'pieces.example' => [{ TXT => ['v=sp', 'f1 ip4:192.', '', '0.2.7 -a', 'll'] }],
		'nul.example' => [{ TXT => "v=spf1 ip4:192.0.2.7\0 -all" }],
		'eightbit.example' => [{ TXT => "v=spf1 ip4:192.0.2.7 x=\xe9 -all" }],
		'other.example' => [{ TXT => "\0\xff" }, { TXT => 'v=spf10 +all' }, { TXT => 'v=spf1 -all exp=why.other.example' }],
		'why.other.example' => [{ TXT => "one line\r\naction=DUNNO" }],
		'polite.example' => [{ TXT => 'v=spf1 -all exp=why.polite.example' }],
		'why.polite.example' => [{ TXT => ['%{i} may not: ', 'ask %{S}%_"now"'] }],
		'alias.example' => [{ CNAME => 'polite.example' }],
		'void.example' => [{ TXT => 'v=spf1 a:a.void.example mx:b.void.example ?all' }],
		'voids.example' => [{ TXT => 'v=spf1 a:a.void.example mx:b.void.example exists:c.void.example ?all' }],
		'odd.example' => [{ TXT => 'v=spf1 exists:%{l}.odd.example ~all' }],
		'a$"(),;b.odd.example' => [{ A => '127.0.0.2' }],
		'crowd.example' => [(map { { TXT => "site-verification=$_" } } 1 .. 299), { TXT => 'v=spf1 a -all' },
		    (map { { A => "198.51.100.$_" } } 1 .. 199), { A => '192.0.2.7' }],
		'crowds.example' => [(map { { TXT => "site-verification=$_" } } 1 .. 300), { TXT => 'v=spf1 +all' }],
		'hosts.example' => [{ TXT => 'v=spf1 a -all' }, map { { A => '198.51.' . ($_ >> 8) . '.' . ($_ & 255) } } 1 .. 301],
	},
	tests => {
		'450 bytes' => { from => 'b@long450.example', result => 'pass' },
		'4000 bytes' => { from => 'b@long4000.example', result => 'pass' },
		'and the last of 219' => { from => 'b@long4000.example', host => '198.51.100.219', result => 'pass' },
		'and no other' => { from => 'b@long4000.example', host => '198.51.100.220', result => 'fail' },
		'strings are joined' => { from => 'b@pieces.example', result => 'pass' },
		'a NUL is wrong' => { from => 'b@nul.example', result => 'permerror' },
		'8 bits are wrong' => { from => 'b@eightbit.example', result => 'permerror' },
		'other texts do not count' => { from => 'b@other.example', result => 'fail', explanation => 'DEFAULT' },
		'an explanation' => { from => 'b&c@polite.example', result => 'fail',
		    explanation => '192.0.2.7 may not: ask b%26c%40polite.example "now"' },
		'by an alias' => { from => 'b@alias.example', result => 'fail',
		    explanation => '192.0.2.7 may not: ask b%40alias.example "now"' },
		'no name' => { from => 'b@nothing.example', result => 'none' },
		'the null sender' => { from => '', helo => 'polite.example', result => 'fail',
		    explanation => '192.0.2.7 may not: ask postmaster%40polite.example "now"' },
		'two voids' => { from => 'b@void.example', result => 'neutral' },
		'three voids' => { from => 'b@voids.example', result => 'permerror' },
		'a record among 300' => { from => 'b@crowd.example', result => 'pass' },
		'and not every address of 200' => { from => 'b@crowd.example', host => '192.0.2.8', result => 'fail' },
		'among more it cannot be told' => { from => 'b@crowds.example', result => 'temperror' },
		'nor can an address' => { from => 'b@hosts.example', result => 'temperror' },
		'an odd name' => { from => 'a$"(),;b@odd.example', result => 'pass' },
		'an escape is no name' => { from => '\\097$"(),;b@odd.example', result => 'softfail' },
		'a blank, which is not there' => { from => '" "@odd.example', result => 'softfail' },
	},
}, {
	description => 'what it keeps to itself',
	zonedata => {
		'broken.example' => [{ TXT => 'TIMEOUT' }],
		'ptr.example' => [{ TXT => 'v=spf1 ptr:broken.example -all' }],
		'7.2.0.192.in-addr.arpa' => [{ PTR => 'mx.broken.example' }],
		'mx.broken.example' => ['TIMEOUT'],
	},
	tests => {
		'silence' => { from => 'b@broken.example', result => 'temperror' },
		'who might be allowed is not refused for good' => { from => 'b@ptr.example', result => 'temperror' },
	},
});
for my $test (map { values %{$_->{tests}} } @own) {
	$test->{host} //= '192.0.2.7';
	$test->{helo} //= 'mx.example.net';
	$test->{mailfrom} = delete $test->{from};
}

# ---- all cases, one way after the other ----

my @scenarios = map { Policyd::SPF::scenario($_) } @own;
my $suite = $ENV{RFC7208_SUITE} // '../shared/spf/rfc7208-tests.yml';
if (-e $suite) {
	push @scenarios, Policyd::SPF::read($suite);
} else {
	diag "$suite is missing, so only our own cases run; it is the openspf.org test suite for RFC 7208, release 2014.04";
}

my $dns = Policyd::DNS->start;
my $p = Policyd::Daemon->new(dns => $dns, profiles => profile('mx', map { ("spf_$_" => 'reject') } @results));

for my $way ([ 'UDP' ], [ 'TCP', '* !truncated' ], [ 'any order', '* !jitter 30' ]) {
	my ($title, @behaviour) = @$way;
	for my $scenario (@scenarios) {
		my @zone = @{$scenario->{zone}};
		s/!silent$/!servfail/ for @behaviour ? @zone : ();	# silence takes its time, once
		$dns->clear;
		$dns->add(@zone, @behaviour);
		my $silent = grep { /!silent$/ } @zone;
		$p->configure(server => { local_networks => '203.0.113.0/24', dns_timeout => $silent ? '2s' : '5s' });
		$p->run;
		my @asked = map { my $c = $p->connect; $c->send(request(%{$_->{request}})); [ $_, $c ] } @{$scenario->{tests}};
		for (@asked) {
			my ($test, $connection) = @$_;
			check($test, $connection->reply, "$title: $scenario->{description}: $test->{name}");
		}
		is $p->stop, 'exit 0', "$title: $scenario->{description}: policyd stops";
	}
}

sub check {
	my ($test, $action, $title) = @_;
	my $result = result($action, $dns->count($test->{domain}, 'TXT'));
	my @right = @{$test->{results}};
	return is $result, "@right", $title if !grep { $_ eq $result } @right;
	return pass $title if !defined $test->{explanation};
	my ($said) = $action =~ /\(SPF fail by \S+\)(?:; (?:who forwards|greet with) [^;]+)?(?:; \Q$test->{domain}\E explains: (.*))? \(spf_fail \w+\)$/;
	return is $said // 'DEFAULT', $test->{explanation} =~ s/ +/ /gr, "$title: the explanation";
}

# What an action tells of it: nothing of who passes, nor of a sender without a domain, for whom nobody asks.
sub result {
	my ($action, $asked) = @_;
	my $verdict = verdict($action);
	return $asked ? 'pass' : 'none' if $verdict eq 'DUNNO';
	my ($result) = grep { $verdict eq "$reply{$_} spf_$_" } @results;
	return $result // $action;
}

done_testing;
