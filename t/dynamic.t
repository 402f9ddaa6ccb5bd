#!/usr/bin/perl
# dynamic.t - client_dynamic: dial-up lines and dynamic addresses, by name and by list, through a real Postfix
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

my $dns = Policyd::DNS->start(<<'');
example.net                            MX   10 mx.example.net.
mx.example.net                         A    192.0.2.7
192.0.2.8                              PTR  8.2.0.192.isp.example.
8.2.0.192.isp.example                  A    192.0.2.8
192.0.2.9                              PTR  p123.dialup.isp.example.	# does not lead back
192.0.2.10                             PTR  192-0-2-10.static.isp.example.
192.0.2.11                             PTR  dsl-192-0-2-11.			# not fully qualified
192.0.2.12                             PTR  dsl.firm.example.
192.0.2.13                             PTR  mail-192-0-2-13.esp.example.
192.0.2.15                             PTR  p123.dsl.broken.example.
192.0.2.16                             PTR  mx.broken.example.
192.0.2.17                             PTR  mx.broken.example.
192.0.2.17                             PTR  192-0-2-17.isp.example.
192-0-2-17.isp.example                 A    192.0.2.17
*.broken.example                       !servfail
2001:db8::8                            PTR  2001-0db8-0000-0000-0000-0000-0000-0008.isp.example.
30.2.0.192.zen.example                 A    127.0.0.10
31.2.0.192.zen.example                 A    127.0.0.2
31.2.0.192.zen.example                 A    127.0.0.11
32.2.0.192.zen.example                 A    127.0.0.2
33.2.0.192.zen.example                 A    127.255.255.254
34.2.0.192.zen.example                 !servfail
35.2.0.192.zen.example                 !silent
13.2.0.192.zen.example                 A    127.0.0.10
7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.example A 127.0.0.11

my $lists = 'zen.example=127.0.0.[10..11]';
my $p = Policyd::Daemon->start(dns => $dns,
    server => { socket_mode => '0666', log_passes => 'yes', user => 'postfix',
	local_networks => '127.0.0.0/8 203.0.113.0/24' },
    profiles => profile('mx', client_dynamic => 'reject', dnsbl_dynamic => $lists,
	dnsbl => 'reject', dnsbl_sites => 'zen.example=127.0.0.9')
    . profile('names', client_dynamic => 'reject')
    . profile('careful', client_dynamic => 'reject on_error defer', dnsbl_dynamic => $lists)
    . profile('own', client_dynamic => 'reject', dynamic_names => '*.pool.isp.example fibre', static_names => 'office')
    . profile('shipped') =~ s/^client_dynamic = off\n//mr);

my $socket = $p->socket;
my $postfix = Policyd::Postfix->start(
    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=mx }");

# The reply to RCPT, to a client at this address with this name.
sub rcpt {
	my ($addr, $name, %with) = @_;
	my $recipient = delete $with{recipient} // 'known@example.org';
	return $postfix->client(addr => $addr, name => $name, %with)->mail('bob@example.net', $recipient);
}

sub refused {
	my ($reply, $finding, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like $reply, qr{^550 5\.7\.1 <\S+>: Recipient address rejected: \Q$finding\E \(client_dynamic \w{10}\)$},
	    $title;
}

sub named {
	my ($address, $name, $sign) = @_;
	return "$address looks dynamic by its name $name ($sign in it): use your provider's smart host, "
	    . 'or get a proper reverse DNS name';
}

sub by_list { "$_[0] is listed by zen.example as a dynamic address: use your provider's smart host" }

# ---- what it refuses, and what not ----

refused(rcpt('192.0.2.7', 'cable-192-0-2-7.isp.example'),
    named('192.0.2.7', 'cable-192-0-2-7.isp.example', 'the address'), 'the address in a name that Postfix knows: refused');
refused(rcpt('192.0.2.8', undef), named('192.0.2.8', '8.2.0.192.isp.example', 'the address'),
    'reversed, in one that we look up: refused');
refused(rcpt('192.0.2.9', undef), named('192.0.2.9', 'p123.dialup.isp.example', 'dialup'),
    'a word, in one that does not lead back: refused');
refused(rcpt('2001:db8::8', undef),
    named('2001:db8::8', '2001-0db8-0000-0000-0000-0000-0000-0008.isp.example', 'the address'), 'IPv6: refused');
refused(rcpt('192.0.2.30', 'mx.example.net'), by_list('192.0.2.30'), 'listed, whatever the name: refused');
refused(rcpt('192.0.2.30', undef), by_list('192.0.2.30'), 'listed, without a name: refused');
refused(rcpt('192.0.2.31', 'mx.example.net'), by_list('192.0.2.31'), 'one of two codes: refused');
refused(rcpt('192.0.2.13', undef), by_list('192.0.2.13'), 'a list outweighs a good name: refused');
refused(rcpt('2001:db8::7', 'mx.example.net'), by_list('2001:db8::7'), 'listed, IPv6: refused');
is $dns->count('30.2.0.192.zen.example', 'A'), 1, 'a list that stands in dnsbl_sites as well is asked once';

my @fine = (
	[ 'a good client',              '192.0.2.7', 'mx.example.net' ],
	[ 'another code of the list',   '192.0.2.32', 'mx.example.net' ],
	[ 'a static line',              '192.0.2.10', undef ],
	[ 'a mailing house',            '192.0.2.14', 'mail-192-0-2-14.esp.example' ],
	[ 'a word without a number',    '192.0.2.12', undef ],
	[ 'another rule\'s matter',     '192.0.2.11', undef ],
	[ 'no name',                    '192.0.2.70', undef ],
	[ 'no name, IPv6',              '2001:db8::70', undef ],
	[ 'a login',                    '192.0.2.7', '192-0-2-7.dsl.isp.example', login => 'ann@example.org' ],
	[ 'a login, listed',            '192.0.2.30', undef, login => 'ann@example.org' ],
	[ 'a local network',            '203.0.113.7', '203-0-113-7.dsl.isp.example' ],
	[ 'a private address',          '10.0.0.7', '10-0-0-7.dsl.isp.example' ],
	[ 'a list that fails',          '192.0.2.34', 'mx.example.net' ],
);
for (@fine) {
	my ($title, @client) = @$_;
	like rcpt(@client), qr/^250 2\.1\.5 /, "$title: accepted";
}

# ---- people who wrote otherwise ----

my @line = ('192.0.2.77', '192-0-2-77.dsl.isp.example');
$p->sql("INSERT INTO recipient_setting (recipient, check_name, setting, note)
    VALUES ('ann\@example.org', 'client_dynamic', 'off', 'has friends at home')");
eventually { rcpt(@line, recipient => 'ann@example.org') =~ /^250/ } 'a recipient who wants them: accepted';
like rcpt(@line), qr/^550 .*client_dynamic/, 'for the others: refused';
$p->sql('DELETE FROM recipient_setting');
eventually { rcpt(@line, recipient => 'ann@example.org') =~ /^550/ } 'one who does not any more: refused';
$p->sql("INSERT INTO allow (client, note) VALUES ('192.0.2.77', 'a friend')");
eventually { rcpt(@line) =~ /^250/ } 'a row of allow: accepted';

# ---- what cannot be looked up ----

my ($deferred, $dynamic) = ('450 4.7.1 client_dynamic', '550 5.7.1 client_dynamic');
my @no_name = (client_name => 'unknown', reverse_client_name => 'unknown');
$dns->add('192.0.2.40 !servfail', '192.0.2.41 !silent', '192.0.2.31 !servfail');
$p->set_dns_timeout('1s');
my @cases = (
	# title, request, verdict, verdict with on_error defer
	[ 'the PTR fails',                { @no_name, client_address => '192.0.2.40' }, 'DUNNO', $deferred ],
	[ 'the PTR is silent',            { @no_name, client_address => '192.0.2.41' }, 'DUNNO', $deferred ],
	[ 'the PTR fails, but listed',    { @no_name, client_address => '192.0.2.31' }, $dynamic, $dynamic ],
	[ 'the way back fails',           { @no_name, client_address => '192.0.2.15' }, 'DUNNO', $deferred ],
	[ 'of a server\'s name',          { @no_name, client_address => '192.0.2.16' }, 'DUNNO', 'DUNNO' ],
	[ 'of a name before it',          { @no_name, client_address => '192.0.2.17' }, 'DUNNO', $deferred ],
	[ 'a list says that it fails',    { client_address => '192.0.2.33' },           'DUNNO', $deferred ],
	[ 'a list fails',                 { client_address => '192.0.2.34' },           'DUNNO', $deferred ],
	[ 'a list is silent',             { client_address => '192.0.2.35' },           'DUNNO', $deferred ],
	[ 'a list fails, but the name',   { client_address => '192.0.2.34', client_name => 'p192-0-2-34.isp.example' },
	  $dynamic, $dynamic ],
);
for (@cases) {
	my ($title, $request, $want, $careful) = @$_;
	is verdict($p->ask(%$request)), $want, $title;
	is verdict($p->ask(%$request, policy_context => 'careful')), $careful, "$title, on_error defer";
}
$postfix->stop;
$postfix = Policyd::Postfix->start(
    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=careful }");
my $unsure = 'Recipient address rejected: cannot look up';
like rcpt('192.0.2.41', undef), qr/^450 4\.7\.1 .*: $unsure the name of 192\.0\.2\.41 now \(client_dynamic /,
    'Postfix passes it on: the PTR';
like rcpt('192.0.2.34', 'mx.example.net'), qr/^450 4\.7\.1 .*: $unsure 192\.0\.2\.34 at zen\.example now \(client_dynamic /,
    'Postfix passes it on: a list';
like rcpt('192.0.2.7', 'mx.example.net'), qr/^250 /, 'who needs neither passes';

$p->set_dns_timeout('5s');

# ---- the settings ----

sub ask { my ($context, $name) = @_; verdict($p->ask(policy_context => $context, client_name => $name)) }

is ask('names', 'p192-0-2-7.isp.example'), $dynamic, 'without lists the name is looked at';
is ask('own', 'p1.pool.isp.example'), $dynamic, 'a pattern of one\'s own, for names';
is ask('own', 'p123.fibre.isp.example'), $dynamic, 'a word';
is ask('own', 'p123.dsl.isp.example'), 'DUNNO', 'is in place of those shipped';
is ask('own', 'office-192-0-2-7.isp.example'), 'DUNNO', 'a word that speaks for the client';
is ask('own', 'mail-192-0-2-7.isp.example'), $dynamic, 'as well';
is ask('shipped', 'p192-0-2-7.isp.example'), 'DUNNO', 'as shipped it refuses nobody';
$p->says(qr/pass: .* helo=<mx\.example\.net>.* score=2 /, 'and scores what it found');

my ($exit, $out) = $p->command(request(client_name => 'p192-0-2-7.isp.example'), '-x');
like $out, qr/^client_dynamic +objects +\d+ ms +client_dynamic = reject  -> client_dynamic: reject$/m, '-x: the verdict';
like $out, qr/A 7\.2\.0\.192\.zen\.example: no such name/, 'and the facts';
like $out, qr/^action=550 5\.7\.1 192\.0\.2\.7 looks dynamic /m, 'and the reply';

my @mistakes = (
	[ 'dnsbl_dynamic = zen.example*2',     qr/dnsbl_dynamic = .*zen\.example has a weight, but one listing is enough here; leave \*2 out/ ],
	[ 'dnsbl_dynamic = zen',               qr/dnsbl_dynamic = .*a list starts with its domain name/ ],
	[ 'dynamic_names = dsl dial-up',       qr/dynamic_names = .*dial-up: a word has letters only.*write words/ ],
	[ 'static_names = *',                  qr/static_names = .*: it takes names of all kinds/ ],
);
for (@mistakes) {
	my ($line, $want) = @$_;
	my $wrong = Policyd::Daemon->new(profiles => "[mx]\n$line\n");
	my ($exit, undef, $err) = $wrong->command('', '-n');
	is $exit, 1, "-n: $line is wrong";
	like $err, $want, 'and is told what is right';
}

is $p->stop, 'exit 0', 'policyd stops';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
