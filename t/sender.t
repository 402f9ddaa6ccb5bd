#!/usr/bin/perl
# sender.t - what policyd thinks of senders and top-level domains, through a real Postfix; it promises that ...
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

# 192.31.196.1 and 2001:4:112::1 are public and no mail server's (RFC 7535).
my $dns = Policyd::DNS->start(<<'');
net                          NS   ns.example.net.
xn--80akhbyknj4f             NS   ns.example.net.
mx.example.org               A    192.31.196.1		# org has no records, but names below it
broken                       NS   !servfail
silent                       NS   !silent
192.0.2.7                    PTR  mx.example.net.
mx.example.net               A    192.31.196.1
mx.example.net               AAAA 2001:4:112::1
example.net                  MX   10 mx.example.net.
example.org                  MX   10 mx.example.org.
my_pc.example.net            A    192.31.196.1
xn--mller-kva.example.net    MX   10 mx.example.net.
xn--bse-sna.example.net      MX   10 loopback.example.net.
xn--e1afmkfd.xn--80akhbyknj4f MX  10 mx.example.net.
loopback.example.net         A    127.0.0.1
loopback.example.net         AAAA ::1
loop.example.net             MX   10 loopback.example.net.
private.example.net          MX   10 inside.example.net.
inside.example.net           A    10.1.2.3
self.example.net             A    127.0.0.1
nothing.example.net          MX   10 nowhere.example.net.
literal.example.net          MX   10 192.31.196.1.
book.example.net             MX   10 book-mx.example.net.
book-mx.example.net          AAAA 2001:db8::7
zero.example.net             MX   10 zero-mx.example.net.
zero-mx.example.net          A    0.0.0.0
group.example.net            MX   10 group-mx.example.net.
group-mx.example.net         A    224.0.0.25
class-e.example.net          MX   10 class-e-mx.example.net.
class-e-mx.example.net       A    250.0.0.1
one-good.example.net         MX   10 loopback.example.net.
one-good.example.net         MX   20 mx.example.net.
six.example.net              MX   10 six-mx.example.net.
six-mx.example.net           AAAA 2001:4:112::1
null.example.net             MX   0 .
half.example.net             MX   10 loopback.example.net.
half.example.net             MX   20 mx.servfail.example.net.
quiet.example.net            MX   10 mx.silent.example.net.
*.servfail.example.net       !servfail
*.silent.example.net         !silent

my @checks = qw(sender_syntax sender_unknown_tld helo_unknown_tld sender_bogus_mx);
my $p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix' },
    profiles => join '', "[mx]\nhelo_unknown_tld = reject\n",
    "[careful]\n", map("$_ = reject on_error defer\n", @checks),
    "[strict : mx]\nsender_underscore = no\nsender_local_max = 64\n", "[shipped]\n",
    "[few : mx]\nsender_bogus_mx_classes = loopback private\n");

sub postfix {
	my $context = shift;
	my $socket = $p->socket;
	return Policyd::Postfix->start(
	    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=$context }");
}

# The reply to RCPT, or to MAIL where Postfix itself does not like it.
my $postfix = postfix('mx');
sub rcpt {
	my %with = (addr => '192.0.2.7', name => 'mx.example.net', helo => 'mx.example.net', sender => 'bob@example.net',
	    @_);
	my $c = $postfix->client(%with);
	my $reply = $c->say("MAIL FROM:<$with{sender}>" . ($with{utf8} ? ' SMTPUTF8' : ''));
	return $reply =~ /^250/ ? $c->say('RCPT TO:<known@example.org>') : $reply;
}

# ---- accepted ----

my $utf8 = "b\xc3\xb6b\@m\xc3\xbcller.example.net";
my $russian = "bob\@\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80." .
    "\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8\xd0\xb5";
for (
	[ 'a good sender',                          {} ],
	[ 'a top-level domain without records',     { sender => 'bob@example.org' } ],
	[ 'the null sender',                        { sender => '' } ],
	[ 'a quoted local part',                    { sender => '"a..b @, <c>"@example.net' } ],
	[ 'dots that would need quotes',            { sender => '.a..b.@example.net' } ],
	[ 'an underscore in the domain',            { sender => 'bob@my_pc.example.net' } ],
	[ 'a local part of 200 octets',             { sender => 'b' x 200 . '@example.net' } ],
	[ 'a literal',                              { sender => 'bob@[192.0.2.7]' } ],
	[ 'an IPv6 literal',                        { sender => 'bob@[IPv6:2001:db8::7]' } ],
	[ 'UTF-8 in the local part, no SMTPUTF8',   { sender => "m\xc3\xbcller\@example.net" } ],
	[ 'a U-label, SMTPUTF8',                    { sender => $utf8, utf8 => 1 } ],
	[ 'in upper case',                          { sender => $utf8 =~ s/\xbcller/\x9cLLER/r, utf8 => 1 } ],
	[ 'an A-label',                             { sender => 'bob@xn--mller-kva.example.net' } ],
	[ 'an internationalised top-level domain',  { sender => $russian, utf8 => 1 } ],
	[ 'as A-label',                             { sender => 'bob@xn--e1afmkfd.xn--80akhbyknj4f' } ],
	[ 'one good MX of two',                     { sender => 'bob@one-good.example.net' } ],
	[ 'an MX with IPv6 only',                   { sender => 'bob@six.example.net' } ],
	[ 'an address as HELO name',                { helo => '[192.0.2.7]' } ],
	[ 'our own machine, whatever it says',      { addr => '127.0.0.1', helo => 'pc.local', sender => 'bob@pc.local' } ],
	[ 'a login, whatever it says',              { login => 'ann@example.org', helo => 'pc.local', sender => 'bob@pc.local' } ],
) {
	my ($title, $with) = @$_;
	like rcpt(%$with), qr/^250 2\.1\.5 /, "accepted: $title";
}

# ---- refused ----

sub refuses {
	my ($check, $code, $finding, %with) = @_;
	my $reply = rcpt(%with);
	like $reply, qr{^550 \Q$code\E <known\@example\.org>: Recipient address rejected: \Q$finding\E \($check \w{10}\)},
	    "refused: $check: " . ($with{helo} // $with{sender}) =~ s/[^ -~]/?/gr;
	cmp_ok length $reply, '<', 400, 'in less than 400 characters';
}

for (	# MAIL FROM, what policyd sees of it, what is wrong
	[ 'bob',                    'bob',                    'has no domain' ],
	[ '""@example.net',         '@example.net',           'has nothing before the @' ],
	[ "b\x01b\@example.net",    'b\x01b@example.net',     'has a control character in it' ],
	[ 'bob@example.net.',       'bob@example.net.',       'has a dot at its end' ],
	[ 'b' x 250 . '@a.example', 'b' x 130,                'is longer than 254 octets' ],
) {
	my ($sender, $shown, $fault) = @$_;
	refuses('sender_syntax', '5.7.1', "the sender's address $fault: $shown; use one that can be answered", sender => $sender);
}
for (	# the sender's domain, its top-level domain, the domain as shown
	[ 'example.nosuch',         'nosuch' ],
	[ 'mail.example',           'example' ],
	[ 'localhost',              'localhost' ],
	[ "m\xc3\xbcller.nosuch",   'nosuch', 'xn--mller-kva.nosuch' ],
) {
	my ($domain, $tld, $shown) = (@$_, $_->[0]);
	refuses('sender_unknown_tld', '5.7.1', "the top-level domain .$tld of the sender's domain $shown does not exist; use an address that can be answered",
	    sender => "bob\@$domain", utf8 => $shown ne $domain);
}
for ([ 'mail.firm.lan', 'lan' ], [ 'PC.local', 'local' ]) {
	my ($helo, $tld) = @$_;
	refuses('helo_unknown_tld', '5.7.1', "the top-level domain .$tld of the HELO name $helo does not exist; greet with the public name of your server", helo => $helo);
}
for (	# the sender's domain, what is wrong with it
	[ 'loop',         'its MX loopback.example.net has the loopback address 127.0.0.1' ],
	[ 'private',      'its MX inside.example.net has the private address 10.1.2.3' ],
	[ 'zero',         'its MX zero-mx.example.net has the unspecified address 0.0.0.0' ],
	[ 'group',        'its MX group-mx.example.net has the multicast address 224.0.0.25' ],
	[ 'class-e',      'its MX class-e-mx.example.net has the reserved address 250.0.0.1' ],
	[ 'book',         'its MX book-mx.example.net has the documentation address 2001:db8::7' ],
	[ 'literal',      'its MX 192.31.196.1 is an address, not a host name' ],
	[ 'nothing',      'its MX nowhere.example.net has no address' ],
	[ 'self',         'it has no MX, and the loopback address 127.0.0.1' ],
	[ "b\xc3\xb6se",  'its MX loopback.example.net has the loopback address 127.0.0.1', 'xn--bse-sna' ],
) {
	my ($domain, $fault, $shown) = (@$_, $_->[0]);
	refuses('sender_bogus_mx', '5.7.1', "no mail can reach $shown.example.net: $fault; mend its DNS records",
	    sender => "bob\@$domain.example.net", utf8 => $shown ne $domain);
}
refuses('sender_null_mx', '5.7.27', 'null.example.net takes no mail, so none can come from it; use an address that can be answered',
    sender => 'bob@null.example.net');

# Postfix 3.7 refuses these itself; others that speak its protocol may not.
for ("b\xfcb\@example.net", map { "bob\@$_" } '', '[2001:db8::7]', '[192.0.2.300]', 'a..example.net', '-a.example.net',
    'a-.example.net', 'b' x 64 . '.example.net', '192.0.2.7') {
	my $shown = s/[^ -~]/?/gr;
	like rcpt(sender => $_), qr/^50[01] 5\./, "Postfix refuses: $shown";
	is verdict($p->ask(sender => $_)), '550 5.7.1 sender_syntax', "so does policyd: $shown";
}

# ---- settings ----

for (
	[ 'sender_underscore = no',                    'strict',  'sender_syntax',   sender => 'bob@my_pc.example.net' ],
	[ 'sender_local_max = 64, and 65',             'strict',  'sender_syntax',   sender => 'b' x 65 . '@example.net' ],
	[ 'sender_local_max = 64, and 64',             'strict',  undef,             sender => 'b' x 64 . '@example.net' ],
	[ 'helo_unknown_tld as shipped: it scores',    'shipped', undef,             helo_name => 'mail.firm.lan' ],
	[ 'sender_bogus_mx_classes: one not listed',   'few',     undef,             sender => 'bob@book.example.net' ],
	[ 'sender_bogus_mx_classes: one that is',      'few',     'sender_bogus_mx', sender => 'bob@loop.example.net' ],
) {
	my ($title, $context, $check, @with) = @$_;
	is verdict($p->ask(policy_context => $context, @with)), $check ? "550 5.7.1 $check" : 'DUNNO', $title;
}
my $wrong = Policyd::Daemon->new(profiles => "[mx]\nsender_bogus_mx_classes = loopback privat\n");
my ($exit, $out, $err) = $wrong->command('', '-n');
like "$exit $err", qr/^1 .*sender_bogus_mx_classes = loopback privat: .*privat.*no such class; write unspecified, /,
    'a class there is not is a mistake';

# ---- what is asked, and explained ----

my $asked = $dns->count('nosuch', 'NS');
cmp_ok $asked, '<=', 1, 'a top-level domain is asked for once';
rcpt(sender => 'ann@other.nosuch');
is $dns->count('nosuch', 'NS'), $asked, 'the cache knows it, for another domain below';
is $dns->count($_), 0, "nobody is asked for .$_" for qw(example local localhost);
($exit, $out, $err) = $p->command(request(sender => 'bob@example.nosuch'), '-x');
like $out, qr/^sender_unknown_tld +objects .*^ +NS nosuch: no such name/ms, 'policyd -x tells of the top-level domain';
($exit, $out, $err) = $p->command(request(sender => 'bob@loop.example.net'), '-x');
like $out, qr/^sender_bogus_mx +objects .*\bA loopback\.example\.net: 127\.0\.0\.1/ms, 'and of the MX';

# ---- cannot tell ----

my @trouble = (
	[ 'sender_unknown_tld', { sender => 'bob@example.broken' }, 'cannot look up the top-level domain .broken now' ],
	[ 'sender_unknown_tld', { sender => 'bob@example.silent' }, 'cannot look up the top-level domain .silent now' ],
	[ 'helo_unknown_tld',   { helo => 'mx.example.broken' },    'cannot look up the top-level domain .broken now' ],
	[ 'helo_unknown_tld',   { helo => 'mx.example.silent' },    'cannot look up the top-level domain .silent now' ],
	[ 'sender_bogus_mx',    { sender => 'bob@half.example.net' },  'cannot look up mx.servfail.example.net now' ],
	[ 'sender_bogus_mx',    { sender => 'bob@quiet.example.net' }, 'cannot look up mx.silent.example.net now' ],
);
$dns->add(map { "$_ MX 10 mx.example.net." } qw(example.broken example.silent));
$p->set_dns_timeout('1s');
like rcpt(%{$_->[1]}), qr/^250 /, "as shipped, no objection: $_->[2]" for @trouble;
$postfix->stop;
$postfix = postfix('careful');
for (@trouble) {
	my ($check, $with, $finding) = @$_;
	like rcpt(%$with), qr/^451 4\.4\.3 .*: \Q$finding\E \($check /, "on_error defer: $finding";
}
is $p->stop, 'exit 0', 'policyd stops';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
