#!/usr/bin/perl
# spf-postfix.t - who may send as a domain, and greet as a host, through a real Postfix; it promises that ...
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
example.net                TXT  "v=spf1 ip4:192.0.2.7 include:_spf.example.net -all"
_spf.example.net           TXT  "v=spf1 a:out.example.net ip6:2001:db8::/64 ?all"
out.example.net            A    192.0.2.8
mx.example.net             TXT  "v=spf1 ip4:192.0.2.7 -all"
told.example.net           TXT  "v=spf1 -all exp=why.example.net"
why.example.net            TXT  "%{i} is no server of %{d}; see https://www.example.net/spf?s=%{S}"
break.example.net          TXT  "v=spf1 -all exp=broken.example.net"
broken.example.net         TXT  "all is well\010action=OK"
soft.example.net           TXT  "v=spf1 ip4:192.0.2.7 ~all"
neutral.example.net        TXT  "v=spf1 ip4:192.0.2.7 ?all"
none.example.net           TXT  "not for SPF"
wrong.example.net          TXT  "v=spf1 ipv4:192.0.2.7 -all"
two.example.net            TXT  "v=spf1 -all"
two.example.net            TXT  "v=spf1 +all"
down.example.net           TXT  !servfail
deep.example.net           TXT  "v=spf1 include:down.example.net -all"
silent.example.net         TXT  !silent
ptr.example.net            TXT  "v=spf1 ptr:example.net -all"
192.0.2.66                 !servfail
forwarder.example.org      TXT  "v=spf1 ip4:198.51.100.0/24 -all"

my $p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix', decision_log => 'all', dns_timeout => '2s',
    local_networks => '127.0.0.0/8 203.0.113.64/26' }, profiles => join '',
    profile('mx', spf_fail => 'reject', spf_permerror => 'reject', spf_temperror => 'reject', spf_helo_fail => 'reject',
        spf_skip_clients => '198.51.100.25, 203.0.113.0/28 2001:db8:1::/48 mx2.example.org .relay.example.org'),
    profile('wish', spf_fail => 'off'), "[loose : wish]\nspf_skip_clients = mx2.example.org\n",
    profile('defer', map { $_ => 'defer' } qw(spf_fail spf_softfail spf_neutral spf_none spf_permerror spf_temperror)),
    profile('skip', spf_temperror => 'off'),
    "[dry : mx]\nmode = log\n", profile('shipped') =~ s/^spf_.*\n//gmr, "score_reject = 4\n", "[submission]\n");

sub postfix {
	my $context = shift;
	my $socket = $p->socket;
	return Policyd::Postfix->start(
	    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=$context }");
}

my $postfix = postfix('mx');
my %stranger = (addr => '192.0.2.9', helo => 'mail.example.com');

sub rcpt {
	my ($sender, %with) = @_;
	return $postfix->client(%stranger, %with)->mail($sender, 'known@example.org');
}

# ---- accepted ----

my %own = (addr => '192.0.2.7', helo => 'mx.example.net');
for (	# what, sender, client
	[ 'a client the domain names',            'bob@example.net', %own ],
	[ 'one that it includes',                 'bob@example.net', addr => '192.0.2.8' ],
	[ 'one with IPv6',                        'bob@example.net', addr => '2001:db8::25' ],
	[ 'a softfail, as that is off',           'bob@soft.example.net' ],
	[ 'neutral, as that is off',              'bob@neutral.example.net' ],
	[ 'no record, as that is off',            'bob@none.example.net' ],
	[ 'no domain at all',                     'bob@nowhere.example.net' ],
	[ 'a literal',                            'bob@[192.0.2.9]' ],
	[ 'the null sender of a host that may greet so', '', %own ],
	[ 'the null sender of a host without a record',  '' ],
	[ 'a forwarder that rewrites the sender (SRS)', 'SRS0=HHH=TT=example.net=bob@forwarder.example.org', addr => '198.51.100.9' ],
	[ 'spf_skip_clients: an address',         'bob@example.net', addr => '198.51.100.25' ],
	[ 'spf_skip_clients: a network',          'bob@example.net', addr => '203.0.113.9' ],
	[ 'spf_skip_clients: one of IPv6',        'bob@example.net', addr => '2001:db8:1::9' ],
	[ 'spf_skip_clients: a name',             'bob@example.net', name => 'mx2.example.org' ],
	[ 'spf_skip_clients: below a domain',     'bob@example.net', name => 'a.relay.example.org' ],
	[ 'spf_skip_clients: for HELO, too',      'bob@none.example.net', name => 'mx2.example.org', helo => 'mx.example.net' ],
	[ 'a login',                              'bob@example.net', login => 'ann@example.org', helo => 'mx.example.net' ],
	[ 'our own network',                      'bob@example.net', addr => '203.0.113.70', helo => 'mx.example.net' ],
) {
	my ($title, $sender, @client) = @$_;
	like rcpt($sender, @client), qr/^250 2\.1\.5 /, "accepted: $title";
}

# ---- refused ----

for (	# check, code, finding, sender, client
	[ 'spf_fail', '550 5.7.23', '192.0.2.9 may not send mail as example.net (SPF fail by -all); who forwards mail rewrites '
	    . 'the sender (SRS)', 'bob@example.net' ],
	[ 'spf_fail', '550 5.7.23', '192.0.2.9 may not send mail as told.example.net (SPF fail by -all); who forwards mail '
	    . 'rewrites the sender (SRS); told.example.net explains: 192.0.2.9 is no server of told.example.net; '
	    . 'see https://www.example.net/spf?s=bob%2Bx%40told.example.net', 'bob+x@told.example.net' ],
	[ 'spf_fail', '550 5.7.23', '192.0.2.9 may not send mail as break.example.net (SPF fail by -all); who forwards mail '
	    . 'rewrites the sender (SRS)', 'bob@break.example.net' ],
	[ 'spf_fail', '550 5.7.23', '2001:db8:f::1 may not send mail as example.net (SPF fail by -all); who forwards mail '
	    . 'rewrites the sender (SRS)', 'bob@EXAMPLE.net', addr => '2001:db8:f::1' ],
	[ 'spf_fail', '550 5.7.23', '192.0.2.9 may not send mail as forwarder.example.org (SPF fail by -all); who forwards mail '
	    . 'rewrites the sender (SRS)', 'SRS0=HHH=TT=none.example.net=bob@forwarder.example.org' ],
	[ 'spf_fail', '550 5.7.23', '192.0.2.9 may not greet as mx.example.net (SPF fail by -all); greet with the public '
	    . 'name of your server', '', helo => 'mx.example.net' ],
	[ 'spf_fail', '550 5.7.23', '192.0.2.10 may not send mail as example.net (SPF fail by -all); who forwards mail rewrites '
	    . 'the sender (SRS)', 'bob@example.net', addr => '192.0.2.10', name => 'relay.example.org' ],
	[ 'spf_helo_fail', '550 5.7.23', '192.0.2.9 may not greet as mx.example.net (SPF fail by -all); greet with the '
	    . 'public name of your server', 'bob@none.example.net',
	    helo => 'MX.example.net' ],
	[ 'spf_permerror', '550 5.7.24', 'the SPF record of wrong.example.net is wrong: the record of wrong.example.net cannot be '
	    . 'read: ipv4:192.0.2.7: there is no such mechanism; mend it', 'bob@wrong.example.net' ],
	[ 'spf_permerror', '550 5.7.24', 'the SPF record of two.example.net is wrong: two.example.net has more than one record; mend it',
	    'bob@two.example.net' ],
	(map { [ 'spf_temperror', '451 4.4.3', "cannot look up the SPF records of $_.example.net now", "bob\@$_.example.net" ] }
	    qw(down deep silent)),
	[ 'spf_temperror', '451 4.4.3', 'cannot look up the SPF records of ptr.example.net now', 'bob@ptr.example.net',
	    addr => '192.0.2.66' ],
) {
	my ($check, $code, $finding, $sender, @client) = @$_;
	my $reply = rcpt($sender, @client);
	my ($first, $enhanced) = split / /, $code;
	like $reply, qr{^$first \Q$enhanced\E <known\@example\.org>: Recipient address rejected: \Q$finding\E \($check \w{10}\)$},
	    "refused: $check: " . ($sender || '<>');
	cmp_ok length $reply, '<', 400, 'in less than 400 characters';
}

# ---- settings ----

my @say = (client_address => '192.0.2.9', client_name => 'unknown', helo_name => 'mail.example.com');
for (	# title, profile, sender, what is answered
	[ 'softfail may be deferred',             'defer',   'soft',    '450 4.7.23 spf_softfail' ],
	[ 'neutral may be',                       'defer',   'neutral', '450 4.7.23 spf_neutral' ],
	[ 'no record may be',                     'defer',   'none',    '450 4.7.23 spf_none' ],
	[ 'a wrong record may be',                'defer',   'wrong',   '450 4.7.24 spf_permerror' ],
	[ 'fail may be',                          'defer',   'told',    '450 4.7.23 spf_fail' ],
	[ 'trouble may be passed over',           'skip',    'down',    'DUNNO' ],
	[ 'as shipped, fail scores',              'shipped', 'told',    'DUNNO' ],
) {
	my ($title, $context, $domain, $want) = @$_;
	is verdict($p->ask(@say, policy_context => $context, sender => "bob\@$domain.example.net")), $want, $title;
}
is verdict($p->ask(@say, policy_context => 'shipped', sender => 'bob@told.example.net', helo_name => 'mx.example.net')),
    '550 5.7.1 score_reject', 'with that of HELO both scores add up';
is verdict($p->ask(@say, policy_context => 'dry', sender => 'bob@told.example.net')), 'DUNNO', 'under mode = log nothing is refused';
eventually { scalar $p->sql("SELECT would FROM decision WHERE would IS NOT NULL AND login IS NULL") eq 'reject spf_fail' } 'but recorded';

# ---- the customer's wish ----

$postfix->stop;
$postfix = postfix('wish');
sub message {
	my ($sender, @recipients) = @_;
	my $c = $postfix->client(%stranger);
	$c->say("MAIL FROM:<$sender>");
	return map { verdict($c->say("RCPT TO:<$_>") =~ s/<\S+>: Recipient address rejected: //r) =~ s/ Ok$//r } @recipients;
}
my @everybody = qw(known@example.org ann@example.org postmaster@example.org);
is "@{[message('bob@told.example.net', @everybody)]}", '250 2.1.5 250 2.1.5 250 2.1.5', 'nobody wished, everybody gets it';
my $asked = $dns->count('told.example.net', 'TXT');
$p->sql("INSERT INTO recipient_setting (recipient, check_name, setting) VALUES ('ann\@example.org', 'spf_fail', 'reject')");
my %ann = (@say, policy_context => 'wish', recipient => 'ann@example.org');
eventually { verdict($p->ask(%ann, sender => 'x@told.example.net')) eq '550 5.7.23 spf_fail' } 'the wish is felt';
is "@{[message('bob@told.example.net', @everybody)]}", '250 2.1.5 550 5.7.23 spf_fail 250 2.1.5',
    'who wished so does not get it, the others do';
is "@{[message('bob@soft.example.net', @everybody)]}", '250 2.1.5 250 2.1.5 250 2.1.5', 'she asked for no more than that';
$p->sql("INSERT INTO recipient_setting (recipient, check_name, setting) VALUES ('example.org', 'spf_softfail', 'defer')");
eventually { verdict($p->ask(%ann, sender => 'x@soft.example.net')) eq '450 4.7.23 spf_softfail' } 'a wish of the domain is felt';
is "@{[message('bob@soft.example.net', @everybody)]}", '450 4.7.23 spf_softfail 450 4.7.23 spf_softfail 250 2.1.5',
    'it holds for all of it but the role accounts';
$p->sql("INSERT INTO allow (client, recipient) VALUES ('192.0.2.9', 'ann\@example.org')");
eventually { $p->ask(%ann, sender => 'y@told.example.net') eq 'DUNNO' } 'her forwarder is let alone';
is "@{[message('bob@soft.example.net', qw(known@example.org ann@example.org))]}", '450 4.7.23 spf_softfail 250 2.1.5',
    'for her alone';

# ---- a name that cannot be looked up ----

$p->sql("INSERT INTO recipient_setting (recipient, check_name, setting) VALUES ('known\@example.org', 'spf_fail', 'reject')");
my %known = (@say, recipient => 'known@example.org', sender => 'bob@told.example.net');
eventually { verdict($p->ask(%known, policy_context => 'loose')) eq '550 5.7.23 spf_fail' } 'a client without a name is judged';
is verdict($p->ask(%known, policy_context => 'loose', client_address => '192.0.2.66')), '450 4.7.23 spf_fail',
    'one that may be in spf_skip_clients is not refused for good';

# ---- what is told ----

my ($exit, $out, $err) = $p->command(request(@say, sender => 'bob@example.net', recipient => 'known@example.org'), '-x');
like $out, qr/^spf +objects .*^ +SPF fail of example\.net by -all; terms 2 of 10, void look-ups 0 of 2; example\.net: "v=spf1 .*a:out\.example\.net does not match.*-all matches$/ms,
    'policyd -x tells how it came about';
($exit, $out, $err) = $p->command(request(sender => 'bob@example.net'), '-x');
like $out, qr/^spf +dunno .*^ +SPF pass of example\.net by ip4:192\.0\.2\.7; /ms, 'of a pass, too';
like $out, qr/^spf_helo +dunno .*^ +SPF pass of mx\.example\.net by /ms, 'and of the HELO name';
like $p->sql("SELECT trace FROM why WHERE check_name = 'spf_fail' AND rule = 'spf' AND sender = 'bob\@example.net' LIMIT 1"),
    qr/^SPF fail of example\.net by -all; /, 'the view why has it';

is $p->stop, 'exit 0', 'policyd stops';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
