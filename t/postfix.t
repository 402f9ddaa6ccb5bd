#!/usr/bin/perl
# postfix.t - a real Postfix asks policyd about real SMTP clients
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

my $dns = Policyd::DNS->start(my $zone = <<'');
192.0.2.7                 PTR  mx.example.net.
mx.example.net            A    192.0.2.7
192.0.2.8                 PTR  liar.example.com.
2001:db8::7               PTR  six.example.net.
six.example.net           AAAA 2001:db8::7
example.net               MX   10 mx.example.net.
null.example              MX   0 .
50.2.0.192.bl.example     A    127.0.0.2
50.2.0.192.bl.example     TXT  "sends spam"

my $p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix' }, profiles => <<'');
[mx]
client_rdns_mismatch = reject
local_domains = example.org
helo_reserved_names = localhost local
dnsbl_sites = bl.example
sender_unknown_tld = off
sender_bogus_mx_classes = loopback
[careful : mx]
client_no_rdns = reject on_error defer
client_rdns_mismatch = reject on_error defer
sender_no_mx = reject on_error defer

sub postfix {
	my $context = shift;
	my $socket = $p->socket;
	return Policyd::Postfix->start(
	    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=$context }");
}

my $postfix = postfix('mx');

# ---- every check, both verdicts ----

my %good = (addr => '192.0.2.7', name => 'mx.example.net', helo => 'mx.example.net',
    sender => 'bob@example.net', recipient => 'known@example.org');
my $refused = 'Recipient address rejected';

sub rcpt {
	my %with = (%good, @_);
	return $postfix->client(%with)->mail(@with{qw(sender recipient)});
}

$p->sql("INSERT INTO deny (sender, note) VALUES ('spam.example.net', 'asked to stop')");
eventually { $p->ask(sender => 'a@spam.example.net') =~ /\(deny / } 'policyd knows the row';
my @cases = (
	# check, what is different, the reply
	[ 'deny',                 { sender => 'a@spam.example.net' },            '5.7.1',  'not accepted here: sender a@spam.example.net; ask us if that is a mistake' ],
	[ 'helo_syntax',          { helo => 'my_pc.example.net' },               '5.7.1',  'the HELO name my_pc.example.net is neither a host name nor an address literal; greet with the public name of your server' ],
	[ 'helo_not_fqdn',        { helo => 'localhost' },                       '5.7.1',  'the HELO name localhost is not fully qualified; greet with the public name of your server' ],
	[ 'helo_literal',         { helo => '[192.0.2.99]' },                    '5.7.1',  'the HELO name says 192.0.2.99, but the client\'s address is 192.0.2.7; greet with the public name of your server' ],
	[ 'helo_forged',          { helo => 'mx.example.org' },                  '5.7.1',  'the HELO name mx.example.org belongs to this site, not to 192.0.2.7; greet with the public name of your own server' ],
	[ 'client_no_rdns',       { addr => '192.0.2.70', name => undef },       '5.7.25', 'the address 192.0.2.70 has no reverse DNS name; ask your provider for one' ],
	[ 'client_rdns_mismatch', { addr => '192.0.2.8', name => undef },        '5.7.25', 'the reverse DNS name of 192.0.2.8 is liar.example.com, which does not resolve to it; mend either' ],
	[ 'sender_null_mx',       { sender => 'a@null.example' },                '5.7.27', 'null.example takes no mail, so none can come from it; use an address that can be answered' ],
	[ 'sender_no_mx',         { sender => 'a@nothing.example' },             '5.7.1',  'nothing.example has no MX, A or AAAA record; give it one, or use an address that can be answered' ],
	[ 'dnsbl',                { addr => '192.0.2.50' },                      '5.7.1',  '192.0.2.50 is listed by bl.example (sends spam)' ],
);
eventually { $p->ask(sender => 'a@spam.example.net') =~ /^550/ } 'the row of deny is felt';
my $c = $postfix->client(%good);
like $c->mail(@good{qw(sender recipient)}), qr/^250 2\.1\.5 /, 'a good client: accepted';
like $c->deliver, qr/^250 2\.0\.0 /, 'to the end';
for (@cases) {
	my ($check, $with, $code, $finding) = @$_;
	my $reply = rcpt(%$with);
	like $reply, qr/^550 \Q$code\E <known\@example\.org>: $refused: \Q$finding\E \($check (\w{10})\)$/,
	    "$check: refused";
	my ($reference) = $reply =~ /\($check (\w{10})/ or next;
	like $p->sql("SELECT * FROM why WHERE ref = '$reference'"), qr/\b$check\b/, "$check: is in the database";
}
my @fine = (
	[ 'its own literal',        { helo => '[192.0.2.7]' } ],
	[ 'IPv6',                   { addr => '2001:db8::7', name => undef, helo => '[IPv6:2001:db8::7]' } ],
	[ 'a name we had to ask',   { name => undef } ],
	[ 'a bounce',               { sender => '' } ],
	[ 'a login',                { login => 'ann@example.org', helo => 'laptop', addr => '192.0.2.70', name => undef } ],
);
like rcpt(%{$_->[1]}), qr/^250 2\.1\.5 /, "$_->[0]: accepted" for @fine;
like rcpt(recipient => 'nobody@example.org'), qr/^550 5\.1\.1 .*User unknown/, 'unknown recipients are Postfix\'s matter';

# ---- several recipients, several messages, one connection ----

$c = $postfix->client(%good);
$c->mail('bob@example.net', 'known@example.org');
like $c->say('RCPT TO:<ann@example.org>'), qr/^250/, 'a second recipient';
like $c->deliver, qr/^250/, 'delivered';
like $c->mail('a@nothing.example', 'known@example.org'), qr/^550 .*\(sender_no_mx (\w+)/, 'the next message is refused';
like $c->mail('bob@example.net', 'known@example.org'), qr/^250/, 'the third is not';

# ---- the DNS fails ----

$postfix->stop;
$postfix = postfix('careful');
$p->set_dns_timeout('1s');
for my $trouble (qw(silent servfail)) {
	$dns->clear;
	my $n = $trouble eq 'silent' ? 101 : 102;	# nobody the cache knows
	$dns->add("* !$trouble", "203.0.113.$n PTR mx.$trouble.example.", "203.0.113.$n !normal");
	my $start = time;
	like rcpt(sender => "a\@$trouble.example"), qr/^451 4\.4\.3 .*\(sender_no_mx /, "DNS $trouble, on_error defer: 4xx";
	like rcpt(addr => "198.51.100.$n", name => undef), qr/^450 4\.7\.25 .*\(client_no_rdns /, "DNS $trouble, on_error defer: 4xx";
	like rcpt(addr => "203.0.113.$n", name => undef), qr/^450 4\.7\.25 .*\(client_rdns_mismatch /, "DNS $trouble, the way back: 4xx";
	like rcpt(addr => "198.51.100.$n", sender => 'bob@example.net'), qr/^250 /, "DNS $trouble: what needs none passes";
	cmp_ok time - $start, '<', 15, "DNS $trouble: soon";
}
$dns->clear;
$dns->add($zone);
$p->set_dns_timeout('5s');

# ---- policyd dies and comes back ----

my $known = rcpt(helo => 'localhost');
like $known, qr/^550 .*\(helo_not_fqdn/, 'refused';
my $old = $postfix->client(%good, helo => 'localhost');
like $old->mail(@good{qw(sender recipient)}), qr/^550/, 'on an SMTP connection that stays';
is $p->kill9, 'signal 9', 'policyd is killed';
like $old->mail(@good{qw(sender recipient)}), qr/^250/, 'mail flows while it is gone';
$p->run;
like $old->mail(@good{qw(sender recipient)}), qr/^550 .*\(helo_not_fqdn/, 'refused again when it is back';
my ($reference) = $known =~ /\(helo_not_fqdn (\w+)/;
is $p->sql("SELECT count(DISTINCT ref) FROM why WHERE ref = '$reference'"), 1, 'and the old refusal can still be looked up';
is $p->stop, 'exit 0', 'policyd stops';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
