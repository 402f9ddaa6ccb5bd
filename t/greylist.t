#!/usr/bin/perl
# greylist.t - what looks odd and is new waits; what comes again passes, and is known: through a real Postfix
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Postfix;
use Policyd::Test;
use Time::HiRes 'sleep';

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

my $dns = Policyd::DNS->start(<<'');
example.net          TXT  "v=spf1 ip4:192.0.2.7 ip4:198.51.100.0/24 ~all"
everybody.example    TXT  "v=spf1 +all"
nearby.example       TXT  "v=spf1 a/0//64 -all"
nearby.example       A    192.0.2.1
192.0.2.7            PTR  out1.example.net.
out1.example.net     A    192.0.2.7

my $ref = qr/[0-9A-HJKMNP-TV-Z]{10}/;
my @odd = (helo_name => 'nodot');		# what makes it suspicious
my %mx = (helo_not_fqdn => 'greylist', helo_literal => 'score 2', helo_unresolvable => 'off', score_greylist => 3,
    greylist => 'greylist', greylist_delay => '2s');
my $p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix' }, profiles => profile('mx', %mx) .
    "[others : mx]\ngreylist_delay = 5m\ngreylist_auto_pass = 0\n[always : others]\ngreylist_when = always\n" .
    "[learn : others]\ngreylist = log\ngreylist_when = always\ngreylist_delay = 1s\n[submission]\ngreylist_when = always\n" .
    "[spf : always]\nspf_header = received-spf\ngreylist_delay = 1s\n");

# ---- through Postfix ----

my $socket = $p->socket;
my $asks = "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=mx }";
my $postfix = Policyd::Postfix->new("smtpd_recipient_restrictions = reject_unauth_destination, $asks, reject_unlisted_recipient",
    'header_checks = regexp:{ {/^X-Greylist:/ WARN} }')->run;

sub from {
	my ($addr, $helo) = @_;
	return $postfix->client(addr => $addr, helo => $helo // 'nodot');
}
my $begun = time;
like from('203.0.113.9')->mail('bob@example.com', 'known@example.org'),
    qr/^450 4\.2\.0 <known\@example\.org>: Recipient address rejected: greylisted, please try again in 2 seconds: no mail of this sender to this recipient has come from your network before; the HELO name nodot is not fully qualified.* \(greylist $ref\)$/,
    'an odd client waits, and is told why and for how long';
$p->says(qr/^.*NOQUEUE: greylist: RCPT from unknown\[203\.0\.113\.9\]: 4\.2\.0 greylisted, .*from=<bob\@example\.com> to=<known\@example\.org> .* rule=greylist check=greylist ref=$ref/m,
    'the log says so');
like from('203.0.113.10', 'mx.example.com')->mail('bob@example.com', 'known@example.org'), qr/^250 /, 'a clean one does not';
like from('203.0.113.9')->mail('bob@example.com', 'nobody@example.org'), qr/^550 5\.1\.1 /, 'an unknown recipient is still said to be one';
my $reply;
eventually { sleep 0.3; ($reply = from('203.0.113.77')->mail('bob@example.com', 'known@example.org')) =~ /^250 / }
    'it comes again, from another address of its network, and passes';
cmp_ok time - $begun, '>=', 1, 'not at once';
$p->says(qr/^.*NOQUEUE: pass: RCPT from unknown\[203\.0\.113\.77\]: from=<bob\@example\.com> to=<known\@example\.org> .* delay=(?:[2-9]|\d\d) /m,
    'the log says how long it was delayed');
my $c = from('203.0.113.9');
like $c->mail('bob@example.com', 'known@example.org'), qr/^250 /, 'the next mail passes at once';
my $fresh = from('203.0.113.9');
$fresh->mail('carol@example.com', 'ann@example.org');
eventually { sleep 0.3; ($c = from('203.0.113.9'))->mail('carol@example.com', 'ann@example.org') =~ /^250 / } 'another sender passes, too';
like $c->say('RCPT TO:<postmaster@example.org>'), qr/^250 /, 'postmaster is reached at once';
like $c->deliver, qr/^250 /, 'delivered';
eventually { $postfix->log =~ /warning: header X-Greylist: delayed (?:[2-9]|\d\d) seconds by policyd at \S+; \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000 / }
    'the message tells of it';
is scalar(() = $postfix->log =~ /warning: header X-Greylist:/g), 1, 'once';

# ---- who is who ----

sub odd { return $p->ask(client_name => 'unknown', reverse_client_name => 'unknown', policy_context => 'others', @odd, @_) }
my $later = qr/^DEFER_IF_PERMIT 4\.2\.0 greylisted, please try again in (\d+) seconds: .*\(greylist $ref\)$/;
my $passes = qr/^DUNNO$/;
sub prove { $p->sql(q(DELETE FROM greylisted)) }		# nobody need wait

like odd(client_address => '192.0.2.7'), $later, 'a server of a pool';
like odd(client_address => '198.51.100.77'), $later, 'another of the same: it waits for the same';
is $p->sql("SELECT group_concat(client) FROM greylisted WHERE sender = 'bob\@example.net'"), 'example.net', 'once, as the domain whose SPF names both';
prove();
like odd(client_address => '198.51.100.77'), $passes, 'what one proved holds for the other';
like odd(client_address => '198.51.100.78', recipient => 'known@example.org'), $later, 'not for another recipient';
like odd(client_address => '203.0.113.7'), $later, 'nor for who is none of the pool';
odd(client_address => '203.0.113.8', client_name => 'a.out.example.com', sender => 'x@nothing.example');
like odd(client_address => '192.0.2.200', client_name => 'b.example.com', sender => 'x@nothing.example'), $later, 'servers of one organisation';
is $p->sql("SELECT group_concat(client) FROM greylisted WHERE sender = 'x\@nothing.example'"), 'example.com', 'are one by their confirmed names';
odd(client_address => '203.0.113.8', client_name => 'line-203-0-113-8.example.com', sender => 'y@nothing.example');
is $p->sql("SELECT client FROM greylisted WHERE sender = 'y\@nothing.example'"), '203.0.113.0/24', 'but not lines of a pool';
odd(client_address => '203.0.113.8', sender => 'z@everybody.example');
is $p->sql("SELECT client FROM greylisted WHERE sender = 'z\@everybody.example'"), '203.0.113.0/24', 'nor who names everybody';
odd(client_address => '203.0.113.8', sender => 'z@nearby.example');
is $p->sql("SELECT client FROM greylisted WHERE sender = 'z\@nearby.example'"), '203.0.113.0/24', 'be it all of IPv4 only';
odd(client_address => '2001:db8::7', sender => 'z@nothing.example');
is $p->sql("SELECT client FROM greylisted WHERE sender = 'z\@nothing.example'"), '2001:db8::/64', 'IPv6: a /64';
odd(client_address => '203.0.113.8', sender => 'list-bounces+ann=example.org@nothing.example');
like odd(client_address => '203.0.113.8', sender => 'list-bounces+bob=example.org@nothing.example'), $later, 'a list';
is $p->sql("SELECT sender FROM greylisted WHERE sender LIKE 'list%'"), 'list-bounces@nothing.example', 'is one sender';
like $p->ask(@odd, client_name => 'unknown', sasl_username => 'ann'), $passes, 'our own users do not wait';
like odd(client_address => '127.0.0.1'), $passes, 'nor does local_networks';

# ---- settings ----

is verdict(odd(helo_name => '[192.0.2.99]')), 'DUNNO', 'a score below score_greylist delays nobody';
like $p->ask(policy_context => 'always', sender => 'new@nothing.example'), $later, 'always: whatever is new';
$p->sql(q(INSERT INTO recipient_setting (recipient, check_name, setting) VALUES ('known@example.org', 'greylist', 'off'),
    ('ann@example.org', 'helo_literal', 'score 3')));
eventually { odd(recipient => 'known@example.org', sender => 'new2@nothing.example') =~ $passes } 'a recipient who does not want it is not served so';
like odd(helo_name => '[192.0.2.99]', sender => 'new3@nothing.example'), qr/^DEFER_IF_PERMIT .*; the HELO name says /, 'a score that reaches it is told';
like $p->ask(policy_context => 'learn', sender => 'new4@nothing.example'), $passes, 'log: nobody waits';
$p->says(qr/pass: .*new4.* would=<object greylist>/, 'what would have been is recorded');
sleep 1.1;
is $p->ask(policy_context => 'learn', sender => 'new4@nothing.example'), 'DUNNO', 'who comes again, later, was not delayed';
eventually { $p->sql("SELECT count(*) FROM triplet WHERE sender = 'new4\@nothing.example'") == 1 } 'and is known from then on';

# ---- two headers, one with each answer ----

$p->ask(policy_context => 'spf', sender => 'h@example.net', client_address => '192.0.2.7');
sleep 1.1;
my @message = (policy_context => 'spf', sender => 'h@example.net', client_address => '192.0.2.7', instance => 'two.headers');
like $p->ask(@message), qr/^PREPEND Received-SPF: pass /, 'two headers: one with the first recipient';
like $p->ask(@message, protocol_state => 'DATA', recipient_count => 1), qr/^PREPEND X-Greylist: delayed \d+ seconds by policyd at /, 'the other at DATA';
is $p->ask(@message, protocol_state => 'DATA', recipient_count => 1, size => 1), 'DUNNO', 'then none is left';

# ---- auto-pass ----

$p->sql(q(INSERT INTO triplet_client VALUES ('203.0.117.0/24', 4, unixepoch() - 7200)));
my @auto = (client_name => 'unknown', @odd, client_address => '203.0.117.50', sender => 'auto@nothing.example');
like $p->ask(@auto), $later, 'a client of which four mails came through waits';
eventually { sleep 0.3; $p->ask(@auto) =~ /^PREPEND X-Greylist:/ } 'its fifth comes through';
eventually { $p->ask(@auto, sender => 'any@nothing.example', recipient => 'x@example.org') eq 'DUNNO' } 'and now it waits no more';
is $p->sql("SELECT passes FROM proven_client WHERE client = '203.0.117.0/24'"), 5, 'which the database shows';

# ---- what the desk does ----

like odd(sender => 'desk@nothing.example', client_address => '203.0.114.1'), $later, 'somebody waits, and calls';
is $p->sql("SELECT unixepoch(until) - unixepoch(since) FROM greylisted WHERE sender = 'desk\@nothing.example'"), 300, 'the desk sees until when';
$p->sql("DELETE FROM greylisted WHERE sender = 'desk\@nothing.example'");
is odd(sender => 'desk@nothing.example', client_address => '203.0.114.1'), 'DUNNO', 'lets him pass';
$p->sql("DELETE FROM triplet WHERE sender = 'desk\@nothing.example'");
like odd(sender => 'desk@nothing.example', client_address => '203.0.114.1'), $later, 'and takes that back';
my (undef, $out) = $p->command(request(@odd, client_name => 'unknown', policy_context => 'others', sender => 'desk@nothing.example', client_address => '203.0.114.1'), '-x');
like $out, qr/^greylist +objects .*greylist = greylist  -> greylist: greylist\n +greylisted, please try again in \d+ seconds.*\n +203\.0\.114\.0\/24 waits for \d+ s$/m, '-x tells how it came about';
like $out, qr/^action=DEFER_IF_PERMIT 4\.2\.0 /m, 'and what Postfix would be answered';
is +($p->command(request(@odd, client_name => 'unknown', sender => 'only@nothing.example', client_address => '203.0.114.1'), '-x'))[0], 0, '-x of another';
is $p->sql("SELECT count(*) FROM greylisted WHERE sender = 'only\@nothing.example'"), 0, 'is not remembered';

# ---- a crash ----

my ($waits) = odd(sender => 'crash@nothing.example', client_address => '203.0.115.1') =~ $later;
is $waits, 300, 'somebody waits';
sleep 2;
is $p->kill9, 'signal 9', 'policyd is killed';
$p->run;
odd(sender => 'crash@nothing.example', client_address => '203.0.115.1') =~ $later;
cmp_ok $1, '<', 300, 'and knows, started again, how long he waits';
is odd(client_address => '198.51.100.77'), 'DUNNO', 'and who came through';

# ---- trouble ----

$p->sql("DELETE FROM recipient_setting");
open my $lock, '|-', 'sqlite3', '-batch', $p->database or die;
$lock->autoflush(1);
print $lock ".timeout 10000\nBEGIN IMMEDIATE;\n";
eventually { odd(sender => 'trouble@nothing.example', client_address => '203.0.116.1') eq 'DUNNO' } 'while the database is locked nobody waits';
$p->says(qr/warning: store: .*locked.*mail flows/, 'and the log says so');
print $lock "ROLLBACK;\n";
close $lock;
eventually { odd(sender => 'good@nothing.example', client_address => '203.0.116.1') =~ $later } 'then all is as before';
is $p->stop, 'exit 0', 'policyd stops';

my ($page, $size) = map { $p->sql($_) } "SELECT rootpage FROM sqlite_schema WHERE name = 'triplet_pending'", 'PRAGMA page_size';
open my $file, '+<', $p->database or die;
seek $file, ($page - 1) * $size, 0;
print $file "\xff" x $size;
close $file or die;
$p->run;
is odd(sender => 'page@nothing.example', client_address => '203.0.116.1'), 'DUNNO', 'while a page cannot be read nobody waits, either';
$p->says(qr/warning: store: \S+: triplet_pending cannot be read on from row 0: .*nobody is greylisted/, 'and the log says so');
is $p->stop, 'exit 0', 'policyd stops all the same';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
