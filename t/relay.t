#!/usr/bin/perl
# relay.t - who hands on mail of his domain has an SPF record there that names us: real Postfix, real DNS; it promises that ...
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
good.example        TXT  "v=spf1 ip4:203.0.113.0/24 ip6:2001:db8::25 -all"
include.example     TXT  "v=spf1 mx include:_SPF.example.org -all"
redirect.example    TXT  "v=spf1 redirect=_spf.example.org"
_spf.example.org    TXT  "v=spf1 ip4:203.0.113.25 ip6:2001:db8::25 -all"
half.example        TXT  "v=spf1 ip4:203.0.113.25 -all"
weak.example        TXT  "v=spf1 ?include:_spf.example.org ~all"
none.example        A    192.0.2.80
two.example         TXT  "v=spf1 include:_spf.example.org -all"
two.example         TXT  "v=spf1 +all"
down.example        TXT  !servfail

my $site = folder . '/site.db';
system('sqlite3', $site, "CREATE TABLE smarthost (domain TEXT); INSERT INTO smarthost VALUES ('weak.example')") == 0 or die;
chmod 0644, $site;
my %server = (socket_mode => '0666', user => 'postfix', site_database => $site,
    relay_query => 'SELECT 1 FROM smarthost WHERE domain = :domain');
my $ours = "outbound_addresses = 203.0.113.25 2001:db8::25\nrelay_include = _spf.example.org\n";
my $p = Policyd::Daemon->start(dns => $dns, server => \%server, profiles => profile('mx') . profile('submission', relay_spf => 'reject', relay_spf_soon => 'log') . $ours);
my $socket = $p->socket;
my $postfix = Policyd::Postfix->start("check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=submission }");

# The reply to RCPT of mail by this login.
sub by {
	my $login = shift;
	return $postfix->client(addr => '192.0.2.33', name => 'mail.customer.example', login => $login)->mail($login, 'known@example.org');
}
my $refused = qr/^550 5\.7\.1 <known\@example\.org>: Recipient address rejected: the SPF record of half\.example must allow our servers; add include:_spf\.example\.org to it \(now: fail\) \(relay_spf \w+\)$/;
my $accepted = qr/^250 /;

$p->sql("INSERT INTO relay_login (login, note) VALUES ('\@half.example', 'their Exchange'), ('a\@none.example', ''), ('a\@down.example', ''), ('\@good.example', ''),
    ('\@include.example', ''), ('\@redirect.example', ''), ('\@two.example', '')");
eventually { by('a@half.example'); $p->sql('SELECT domain, login, finding FROM relay_missing') eq 'half.example|a@half.example|fail' }
    'a record that does not allow all of our addresses is found';
like by('a@half.example'), $accepted, 'and only warned of';
like $p->sql("SELECT would FROM shadow WHERE login = 'a\@half.example' LIMIT 1"), qr/^object relay_spf_soon$/, 'which the desk sees';
like by("a\@$_.example"), $accepted, "$_: accepted" for qw(good include redirect none two down weak);
eventually { $p->sql('SELECT group_concat(domain || " " || finding, ", ") FROM (SELECT * FROM relay_missing ORDER BY domain)')
    eq 'half.example fail, none.example none, two.example permerror, weak.example neutral' } 'whose record does not name us; and the site\'s database says who is a relay';
$p->sql("UPDATE relay_domain SET since = since - 14 * 86400");
like by('a@half.example'), $refused, 'after relay_grace it is refused, and told what to publish';
like by('b@none.example'), $accepted, 'another login of such a domain is no relay';
like by('a@none.example'), qr/^550 5\.7\.1 .*\(now: none\)/, 'no record is none that names us';
like by('a@two.example'), qr/^550 5\.7\.1 .*\(now: permerror\)/, 'of two none counts';
like by('a@weak.example'), qr/^550 5\.7\.1 .*\(now: neutral\)/, 'an include that is not for sure does not, either';
like by('a@down.example'), $accepted, 'a name server that is down refuses nobody';
like by('a@good.example'), $accepted, 'a good record is good';
is $p->ask(policy_context => 'mx', sender => 'a@half.example'), 'DUNNO', 'a stranger is no relay';
my ($status, $out) = $p->command("request=smtpd_access_policy\npolicy_context=submission\nprotocol_state=RCPT\nclient_address=192.0.2.33\nsasl_username=a\@half.example\nsender=a\@half.example\nrecipient=known\@example.org\n\n", '-x');
like $out, qr/relay_spf +objects.*the SPF record of half\.example/s, 'policyd -x explains it' or diag $out;

# ---- the record is mended, and broken again ----

$dns->clear;
$dns->add('half.example TXT "v=spf1 include:_spf.example.org -all"', '_spf.example.org TXT "v=spf1 ip4:203.0.113.25 ip6:2001:db8::25 -all"');
$p->reload(server => { %server, relay_query => 'SELECT 0 WHERE :login = 1' }, profiles => profile('mx') . profile('submission', relay_spf => 'reject', relay_spf_soon => 'log') . $ours);
is $p->stop, 'exit 0', 'policyd stops';
$p->run;
like by('a@half.example'), $accepted, 'a record that was mended';
eventually { $p->sql("SELECT good IS NOT NULL FROM relay_domain WHERE domain = 'half.example'") eq '1' } 'is remembered as good';
unlike $p->sql('SELECT domain FROM relay_missing'), qr/half/, 'and no longer listed';
like by('a@weak.example'), $accepted, 'who is no relay any more is let alone';

# ---- without relay_include the reply names the addresses that are missing ----

$dns->clear;
$dns->add('half.example TXT "v=spf1 ip4:203.0.113.25 -all"', 'good.example TXT "v=spf1 ip4:203.0.113.25 ip6:2001:db8::25 -all"',
    'include.example TXT "v=spf1 -all"');
$p->reload(server => \%server, profiles => profile('mx') . profile('submission', relay_spf => 'reject', relay_grace => '0s',
    outbound_addresses => '203.0.113.25 2001:db8::25'));
is $p->stop, 'exit 0', 'policyd stops';
$p->run;
like by('a@half.example'), qr/must allow our servers; add ip6:2001:db8::25 to it \(now: fail\) \(relay_spf /, 'the one that the record lacks';
like by('a@include.example'), qr/must allow our servers; add ip4:203\.0\.113\.25 ip6:2001:db8::25 to it \(now: fail\) \(relay_spf /, 'or both';
like by('a@good.example'), $accepted, 'who did as told gets through';

is $p->stop, 'exit 0', 'policyd stops';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
