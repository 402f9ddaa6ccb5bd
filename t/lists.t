#!/usr/bin/perl
# lists.t - rows of allow and deny: what they match, who goes first, and that they are felt at once
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

my $dns = Policyd::DNS->start(<<'');
192.0.2.7         PTR  mx.example.net.
mx.example.net    A    192.0.2.7
192.0.2.8         PTR  liar.example.com.
192.0.2.9         !servfail

my $p = Policyd::Daemon->start(dns => $dns, profiles =>
    profile('mx', deny => 'reject', helo_not_fqdn => 'reject') . "[submission]\ndeny = reject\n" .
    profile('careful', deny => 'reject on_error defer', helo_not_fqdn => 'reject'));
my ($denied, $objected) = ('550 5.7.1 deny', '550 5.7.1 helo_not_fqdn');
my %unnamed = (client_name => 'unknown', reverse_client_name => 'unknown');
my %v6 = (client_address => '2001:db8:0:1::7');

# ---- deny: row => what it matches, what it does not ----

my @deny = (
	[ { client => '192.0.2.7' },           [ {} ],                                       [ { client_address => '192.0.2.8' } ] ],
	[ { client => '192.0.2.0/29' },        [ {} ],                                       [ { client_address => '192.0.2.8' } ] ],
	[ { client => '2001:DB8:0:1::/64' },   [ { %v6 } ],                                  [ { client_address => '2001:db8:0:2::7' }, {} ] ],
	[ { client => '::ffff:192.0.2.7' },    [ {} ],                                       [ { %v6 } ] ],
	[ { client => 'mx.example.net' },      [ {}, { client_name => 'MX.example.net' } ],  [ { client_name => 'mx2.example.net' } ] ],
	[ { client => 'mx.example.net' },      [ { %unnamed } ],                             [ { %unnamed, client_address => '192.0.2.8' } ] ],
	[ { client => '.example.net' },        [ {} ],                                       [ { client_name => 'example.net' }, { client_name => 'badexample.net' } ] ],
	[ { helo => 'mx.example.net' },        [ {}, { helo_name => 'MX.example.net.' } ],   [ { helo_name => 'mx2.example.net' } ] ],
	[ { helo => '.example.net' },          [ {} ],                                       [ { helo_name => 'mx.example.com' } ] ],
	[ { sender => 'Bob@Example.net' },     [ {}, { sender => 'BOB@example.NET' } ],      [ { sender => 'bo@example.net' } ] ],
	[ { sender => 'example.net' },         [ {} ],                                       [ { sender => 'bob@mx.example.net' }, { sender => '' } ] ],
	[ { sender => '.example.net' },        [ { sender => 'bob@mx.example.net' } ],       [ {} ] ],
	[ { sender => '<>' },                  [ { sender => '' } ],                         [ {} ] ],
	[ { sender => 'müller.example' },      [ { sender => 'b@xn--mller-kva.example' }, { sender => 'b@müller.example' } ], [ {} ] ],
	[ { recipient => 'ann@example.org' },  [ {} ],                                       [ { recipient => 'bob@example.org' } ] ],
	[ { recipient => 'example.org' },      [ {} ],                                       [ { recipient => 'ann@sub.example.org' } ] ],
	[ { client => '192.0.2.7', recipient => 'ann@example.org' }, [ {} ],                 [ { recipient => 'bob@example.org' }, { client_address => '192.0.2.8' } ] ],
	[ { client => '192.0.2.7', sender => 'example.net', helo => '.example.net' }, [ {} ], [ { sender => 'b@example.com' }, { helo_name => 'x.example' } ] ],
);

sub values_of { my $row = shift; return map { my $v = $row->{$_} =~ s/'/''/gr; "'$v'" } sort keys %$row }
sub insert {
	my ($table, %row) = @_;
	return $p->sql("INSERT INTO $table (" . join(', ', sort keys %row) . ') VALUES (' . join(', ', values_of(\%row)) . ')');
}
sub empty { $p->sql("DELETE FROM $_[0]"); return eventually { $p->ask eq 'DUNNO' } "$_[0] is empty" }
sub title { my $r = shift; return join(' ', map { "$_=$r->{$_}" } sort keys %$r) || 'the usual client' }

my @seconds;
for (@deny) {
	my ($row, $yes, $no) = @$_;
	insert(deny => %$row, note => 'a test');
	my $start = time;
	eventually { verdict($p->ask(%{$yes->[0]})) eq $denied } 'deny ' . title($row) . ': ' . title($yes->[0]);
	push @seconds, time - $start;
	is verdict($p->ask(%$_)), $denied, 'it matches ' . title($_) for @$yes[1 .. $#$yes];
	is verdict($p->ask(%$_)), 'DUNNO', 'not ' . title($_) for @$no;
	$p->sql('DELETE FROM deny');
	eventually { verdict($p->ask(%{$yes->[0]})) eq 'DUNNO' } 'and is gone when deleted';
}
cmp_ok((sort { $a <=> $b } @seconds)[$#seconds / 2], '<', 1, 'a row is felt within a second');

insert(deny => client => 'mx.example.net');
eventually { verdict($p->ask) eq $denied } 'deny by name';
my %no_name = (%unnamed, client_address => '192.0.2.9');
is verdict($p->ask(%no_name)), 'DUNNO', 'a name that cannot be looked up denies nobody';
is verdict($p->ask(%no_name, policy_context => 'careful')), '450 4.7.1 deny', 'on_error defer: it does for now';
insert(deny => client => 'mx.example.net', note => 'secret');
unlike $p->ask, qr/secret/, 'the note stays in the house';
is verdict($p->ask(sasl_username => 'ann')), $denied, 'deny holds for logins';
empty('deny');

# ---- allow ----

my @bad = (helo_name => 'nodot');
my @allow = (
	# row, verdict on the usual client with a HELO we refuse
	[ { client => '192.0.2.7' },                            'DUNNO' ],
	[ { client => '192.0.2.0/24', sender => 'example.net' }, 'DUNNO' ],
	[ { client => 'mx.example.net' },                       'DUNNO' ],
	[ { recipient => 'ann@example.org' },                   'DUNNO' ],
	[ { client => '192.0.2.8' },                            $objected ],
	[ { client => '192.0.2.7', sender => 'example.com' },   $objected ],
	[ { sender => 'example.net' },                          $objected ],	# both can be forged
	[ { helo => 'nodot' },                                  $objected ],
);
for (@allow) {
	my ($row, $want) = @$_;
	insert(allow => %$row, note => 'a test');
	insert(deny => helo => 'canary.example');	# felt no earlier than the row before it
	eventually { verdict($p->ask(helo_name => 'canary.example')) eq $denied } 'allow ' . title($row);
	is verdict($p->ask(@bad)), $want, $want eq 'DUNNO' ? 'lets pass' : 'does not match';
	$p->sql('DELETE FROM allow; DELETE FROM deny');
	eventually { verdict($p->ask(@bad)) eq $objected } 'and without it';
}

# ---- who goes first, and until when ----

insert(allow => client => '192.0.2.0/24');
eventually { $p->ask(@bad) eq 'DUNNO' } 'allowed';
insert(deny => client => '192.0.2.0/28');
eventually { verdict($p->ask) eq $denied } 'deny goes before allow';
is verdict($p->ask(client_address => '192.0.2.100', @bad)), 'DUNNO', 'elsewhere allow holds';
$p->sql('DELETE FROM deny');
$p->sql("UPDATE allow SET expires = strftime('%s', 'now') + 2");
eventually { verdict($p->ask(@bad)) eq $objected } 'a row ends when it expires';
$p->sql('DELETE FROM allow');
insert(allow => sender => 'forged.example');
eventually { $p->sql('SELECT * FROM problem') =~ /allow/ } 'a row that can never match stands in the view problem';
insert(deny => client => '192.0.2.1/24');
eventually { $p->sql('SELECT * FROM problem') =~ m{192\.0\.2\.1/24} } 'as does one that cannot be read';

# ---- what cannot be read ----

$p->sql(q(INSERT INTO deny (helo) VALUES ('..')));
eventually { $p->sql('SELECT * FROM problem') =~ /helo = [.][.]/ } 'a parent without a name ends nobody';
$p->sql('DROP TABLE change');
$p->says(qr/warning: store: cannot read what people wrote .*change; policyd goes on/, 'a table that is gone: the log says so');
is $p->ask(helo_name => 'mx.six.example'), 'DUNNO', 'and policyd goes on';

done_testing;
