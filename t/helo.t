#!/usr/bin/perl
# helo.t - what a client greets with, told by real SMTP to a real Postfix: the rules that go beyond its form
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
192.0.2.7               PTR  mx.example.net.
mx.example.net          A    192.0.2.7
out.example.net         A    198.51.100.1
near.example            A    192.0.2.200
far.example             A    198.51.100.1
null.example            MX   0 .
mail.example.net        MX   10 mx.example.net.
192.0.2.8               PTR  host.example.com.		# does not lead back
forward.example         A    192.0.2.20			# 192.0.2.20 has no PTR
2001:db8::7             PTR  six.example.
six.example             AAAA 2001:db8::7
near6.example           AAAA 2001:db8::8
192.0.2.9               PTR  x.broken.example.
192.0.2.9               PTR  nine.example.com.
nine.example.com        A    192.0.2.9
192.0.2.13              !silent
192.0.2.14              !servfail
*.broken.example        !servfail
*.silent.example        !silent

# All our names are examples, so they are no reserved ones here.
my %strict = (helo_missing => 'reject', helo_reserved => 'reject', helo_unresolvable => 'reject on_error defer',
    helo_mismatch => 'reject on_error defer', helo_reserved_names => 'localhost local localdomain invalid');
my $p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix' }, profiles =>
    profile('mx', %strict) . "[relaxed : mx]\nhelo_unresolvable = reject\nhelo_mismatch = reject\n" .
    (join '', map { profile($_, helo_mismatch => 'reject', helo_match => $_) } qw(exact organisation network)) .
    "[shipped]\n");
my $postfix = Policyd::Postfix->start("check_policy_service { unix:" . $p->socket .
    ", timeout=10s, default_action=DUNNO, policy_context=mx }");

sub rcpt { return $postfix->client(name => 'mx.example.net', @_)->mail('bob@example.net', 'known@example.org') }

# ---- through Postfix: accepted, refused, not known now ----

my @nameless = (name => undef);
my @fine = (
	[ 'its own name',                     helo => 'mx.example.net' ],
	[ 'in any spelling',                  helo => 'MX.Example.NET.' ],
	[ 'a name we had to ask for',         @nameless, helo => 'mx.example.net' ],
	[ 'another name of its domain',       helo => 'out.example.net' ],
	[ 'one that has only an MX',          helo => 'mail.example.net' ],
	[ 'a name that has its address',      @nameless, addr => '192.0.2.20', helo => 'forward.example' ],
	[ 'the same by IPv6',                 @nameless, addr => '2001:db8::7', helo => 'six.example' ],
	[ 'its address',                      @nameless, helo => '[192.0.2.7]' ],
	[ 'our own machine, any name',        @nameless, addr => '127.0.0.1', helo => 'localhost.localdomain' ],
	[ 'a login, any name',                @nameless, addr => '192.0.2.70', login => 'ann', helo => 'pc.nowhere.local' ],
);
for (@fine) {
	my ($title, @client) = @$_;
	like rcpt(@client), qr/^250 2\.1\.5 /, "$title: accepted";
}

my @bad = (
	[ helo_reserved     => [ helo => 'localhost.localdomain' ],
	  'the HELO name localhost.localdomain is no public name (localdomain is reserved); greet with the public name of your server' ],
	[ helo_reserved     => [ helo => 'Exchange.House.LOCAL' ],
	  'the HELO name Exchange.House.LOCAL is no public name (local is reserved); greet with the public name of your server' ],
	[ helo_unresolvable => [ helo => 'nothing.example.net' ],
	  'the HELO name nothing.example.net has no A, AAAA or MX record; greet with a name that is in the DNS' ],
	[ helo_unresolvable => [ helo => 'null.example' ],
	  'the HELO name null.example has no A, AAAA or MX record; greet with a name that is in the DNS' ],
	[ helo_mismatch     => [ helo => 'near.example' ],
	  'the HELO name near.example does not resolve to 192.0.2.7, whose reverse DNS name is mx.example.net; mend either' ],
	[ helo_mismatch     => [ @nameless, addr => '192.0.2.8', helo => 'far.example' ],
	  'the HELO name far.example does not resolve to 192.0.2.8, whose reverse DNS name is host.example.com; mend either' ],
	[ helo_mismatch     => [ @nameless, addr => '192.0.2.70', helo => 'far.example' ],
	  'the HELO name far.example does not resolve to 192.0.2.70, which has no reverse DNS name; mend either' ],
	[ helo_mismatch     => [ @nameless, addr => '2001:db8::7', helo => 'near6.example' ],
	  'the HELO name near6.example does not resolve to 2001:db8::7, whose reverse DNS name is six.example; mend either' ],
);
for (@bad) {
	my ($check, $client, $finding) = @$_;
	my $reply = rcpt(@$client);
	like $reply, qr/^550 5\.7\.1 <known\@example\.org>: Recipient address rejected: \Q$finding\E \($check (\w{10})\)$/,
	    "$check: refused";
	my ($reference) = $reply =~ /\($check (\w{10})/ or next;
	like $p->sql("SELECT * FROM why WHERE ref = '$reference'"), qr/\b$check\b/, "$check: is in the database";
}

my @unknown = (
	[ helo_unresolvable => 'a HELO name that fails',     [ helo => 'a.broken.example' ] ],
	[ helo_unresolvable => 'a HELO name that is silent', [ helo => 'a.silent.example' ] ],
	[ helo_mismatch     => 'a PTR that fails',           [ @nameless, addr => '192.0.2.14', helo => 'far.example' ] ],
	[ helo_mismatch     => 'a PTR that is silent',       [ @nameless, addr => '192.0.2.13', helo => 'far.example' ] ],
	[ helo_mismatch     => 'one of its names that fails', [ @nameless, addr => '192.0.2.9', helo => 'far.example' ] ],
);
$p->set_dns_timeout('1s');
for (@unknown) {
	my ($check, $title, $client) = @$_;
	like rcpt(@$client), qr/^451 4\.4\.3 .*cannot look up .* now \($check (\w{10})\)$/, "$title, on_error defer: 451";
}
$p->sql("INSERT INTO recipient_profile (recipient, profile) VALUES ('known\@example.org', 'relaxed')");
eventually { rcpt(helo => 'a.broken.example') =~ /^250 / } 'the same, on_error skip: accepted';
like rcpt(@{$_->[2]}), qr/^250 /, "$_->[1], on_error skip: accepted" for @unknown[1 .. $#unknown];

$p->set_dns_timeout('5s');

# ---- clients that do not greet ----

sub ungreeted {
	my ($say, @client) = @_;
	my $c = $postfix->client(name => 'mx.example.net', helo => '', @client);
	$c->say($say) if defined $say;
	return $c->mail('bob@example.net', 'known@example.org');
}

my @silent = ([ 'no greeting', undef ], [ 'EHLO without a name', 'EHLO' ], [ 'EHLO with what is no UTF-8', "EHLO m\xff.example" ]);
for (@silent) {
	my ($title, $say) = @$_;
	like ungreeted($say), qr/^550 5\.7\.1 .*: no HELO or EHLO with a name came before MAIL; greet first, and again after STARTTLS \(helo_missing \w{10}\)$/,
	    "$title: refused";
}
like ungreeted('HELO mx.example.net'), qr/^250 /, 'HELO is a greeting: accepted';
like ungreeted(undef, addr => '127.0.0.1'), qr/^250 /, 'our own machine without a greeting: accepted';
like ungreeted(undef, login => 'ann'), qr/^250 /, 'a login without a greeting: accepted';

# ---- how near a name must be ----

my @client = (client_address => '192.0.2.7');
my @levels = (
	# the HELO name, the request's further attributes, the levels that refuse it
	[ 'mx.example.net',  [ @client ],                                                     '' ],
	[ 'out.example.net', [ @client ],                                                     'exact' ],
	[ 'near.example',    [ @client ],                                                     'exact organisation' ],
	[ 'far.example',     [ @client ],                                                     'exact organisation network' ],
	[ 'nothing.example', [ @client ],                                                     'exact organisation network' ],
	[ 'near6.example',   [ client_address => '2001:db8::7', client_name => 'unknown' ],   'exact organisation' ],
	[ 'host.example.com', [ client_address => '192.0.2.8', client_name => 'unknown' ],    '' ],
	[ 'mx.example.com',  [ client_address => '192.0.2.8', client_name => 'unknown' ],     'exact' ],
	[ 'mx',              [ @client ],                                                     '' ],
);
for (@levels) {
	my ($helo, $request, $want) = @$_;
	my @refused = grep {
		verdict($p->ask(helo_name => $helo, @$request, policy_context => $_)) eq '550 5.7.1 helo_mismatch'
	} qw(exact organisation network);
	is "@refused", $want, "$helo: refused at " . ($want || 'no level');
}

# ---- where the rules are not asked, and as shipped ----

is $p->ask(helo_name => '', @$_), 'DUNNO', "@$_: not judged by HELO" for
    [ protocol_state => 'DATA', recipient_count => 1 ], [ protocol_state => 'END-OF-MESSAGE', recipient_count => 1 ],
    [ protocol_state => 'EHLO' ], [ protocol_state => 'MAIL' ], [ protocol_state => 'VRFY' ], [ policy_context => 'mx-pre' ],
    [ policy_context => 'submission', sasl_username => 'ann' ], [ sasl_username => 'ann' ], [ client_address => '127.0.0.1' ];

sub explained { return ($p->command(request(sender => '', policy_context => 'shipped', @_), '-x'))[1] }

my $explained = explained(helo_name => 'pc.house.local');
like $explained, qr/^helo_reserved +objects .*\bhelo_reserved = score 1\b/m, 'as shipped: a score for a reserved name';
like $explained, qr/^helo_unresolvable +objects .*\bhelo_unresolvable = score 1\b/m, 'for one the DNS does not know';
like $explained, qr/^helo_mismatch +objects .*\bhelo_mismatch = score 1\b/m, 'for one that is not the client\'s';
like $explained, qr/the HELO name pc\.house\.local does not resolve to 192\.0\.2\.7, whose reverse DNS name is mx\.example\.net/, 'each with its finding';
like $explained, qr/^ +A pc\.house\.local: no such name/m, 'and facts';
like $explained, qr/^score: 4\n.*^action=DUNNO\n/ms, 'which refuse nobody, alone or together';
like explained(helo_name => ''), qr/^helo_missing +objects.*^action=550 5\.7\.1 no HELO/ms, 'a client that does not greet is refused';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
