#!/usr/bin/perl
# submission.t - what customers who log in may do: contrib/postfix/submission as shipped, STARTTLS and TLS, real logins; it promises that ...
use lib 't/lib';
use IO::Socket::INET;
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

my $gone = reserved_port;

# The server of gone.example, where nobody is any more.
sub serve_gone {
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $gone, Listen => 5, ReuseAddr => 1) or die "listen: $!";
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	while (my $c = $listen->accept) {
		print $c "220 mx.gone.example\r\n";
		while (my $line = readline $c) {
			print $c $line =~ /^RCPT/i ? "550 5.1.1 no such user\r\n" : $line =~ /^QUIT/i ? "221 bye\r\n" : "250 ok\r\n";
			last if $line =~ /^QUIT/i;
		}
	}
	POSIX::_exit(0);
}
my $server = serve_gone();
END { kill 'KILL', $server if $server }

my $dns = Policyd::DNS->start(<<'');
example.net     TXT  "v=spf1 ip4:203.0.113.25 -all"
example.com     TXT  "v=spf1 -all"

# ---- Postfix, wired as shipped; its mail goes nowhere, and that to gone.example comes back ----

my $postfix = Policyd::Postfix->new('default_transport = discard:', "transport_maps = inline:{ gone.example=smtp:[127.0.0.1]:$gone }", 'relay_domains = gone.example');
open my $master, '>>', $postfix->config . '/master.cf' or die;
print $master "smtp unix - - n - - smtp\n";
close $master;

is $postfix->apply(qw(mx submission)), '', 'contrib/postfix/apply mx submission';
my @logins = ('ann@example.org', 'bob@example.org', 'x@xn--mller-kva.example', 'shop@example.net', 'shop@example.com', 'list@example.org');
$postfix->accounts(map { $_ => 'secret' } @logins);
mkdir $postfix->queue . '/policyd' or die;

my %server = (listen => 'unix:' . $postfix->queue . '/policyd/policyd.sock, unix:' . folder . '/policyd/socket', socket_group => 'postfix', user => 'postfix',
    local_networks => '127.0.0.1', metrics_file => folder . '/policyd/policyd.prom');
my @rules = (login_required => 'reject', login_mismatch => 'reject', relay_spf => 'reject', relay_spf_soon => 'log', relay_grace => '0s',
    outbound_addresses => '203.0.113.25', recipient_bounced => 'reject', bounced_limit => 1, quota_exceeded => 'defer', quota => 'login 5 recipients / 1h');
my $p = Policyd::Daemon->start(dns => $dns, server => \%server, profiles => profile('mx') . profile('submission', @rules));
$postfix->run;

# Who is logged in there by this way: a client.
my %way = (submission => 'starttls', submissions => 'wrapper');
sub logged_in {
	my ($login, $service) = @_;
	my $c = $postfix->dial($service, from => '127.0.0.9', tls => $way{$service});
	$c->greet('laptop');
	$c->expect(235, $c->login($login, 'secret'));
	return $c;
}
sub from { my ($sender, $login, $service) = @_; return logged_in($login, $service)->mail($sender, 'somebody@example.com') }

# ---- the sender's domain is the login's ----

my $refused = qr/^550 5\.7\.1 <[^>]*>: Sender address rejected: Sender address is not allowed$/;
for my $service (sort keys %way) {
	like from($_->[0], $_->[1], $service), qr/^250 /, "$service: allowed: $_->[2]" for
	    [ 'ann@example.org', 'ann@example.org', 'the own address' ], [ 'office+news@Example.ORG', 'ann@example.org', 'another local part, and case' ],
	    [ 'y@xn--mller-kva.example', 'x@xn--mller-kva.example', 'an international domain' ];
	like from($_->[0], 'ann@example.org', $service), $refused, "$service: not allowed: $_->[1]" for
	    [ 'ann@example.net', 'another domain' ], [ 'ann@mail.example.org', 'a domain below' ], [ '', 'the empty sender' ];
}
my $c = logged_in('x@xn--mller-kva.example', 'submission');
like $c->say("MAIL FROM:<y\@m\xc3\xbcller.example> SMTPUTF8"), qr/^250 /, 'a domain in UTF-8';
like $c->say('RCPT TO:<somebody@example.com>'), qr/^250 /, 'is the same as in ASCII';
$p->sql("INSERT INTO login_domain (login, sender) VALUES ('ann\@example.org', 'ann.example')");
eventually { from('a@ann.example', 'ann@example.org', 'submission') =~ /^250 / } 'a row: an alias domain';
like from('a@ann.example', 'bob@example.org', 'submission'), $refused, 'which is not everybody\'s';

# ---- relays ----

$p->sql("INSERT INTO relay_login (login) VALUES ('shop\@example.net'), ('shop\@example.com')");
eventually { from('a@example.com', 'shop@example.com', 'submissions') =~
    /^550 5\.7\.1 .*the SPF record of example\.com must allow our servers; add ip4:203\.0\.113\.25 to it \(now: fail\) \(relay_spf / }
    'a relay whose domain\'s SPF does not name us';
like from('a@example.net', 'shop@example.net', 'submissions'), qr/^250 /, 'one whose does';

# ---- quotas: what is accepted at the end counts, not all that was asked about above ----

$c = logged_in('list@example.org', 'submission');
for my $n (1 .. 2) {
	like $c->mail('list@example.org', 'a@example.com'), qr/^250 /, "message $n";
	like $c->say('RCPT TO:<b@example.com>'), qr/^250 /, 'to two';
	like $c->deliver, qr/^250 2\.0\.0 /, 'is accepted';
}
like $c->mail('list@example.org', 'a@example.com'), qr/^250 /, 'message 3';
like $c->say('RCPT TO:<b@example.com>'), qr/^450 4\.7\.1 .*list\@example\.org may send to 5 recipients within 1 hour, has sent to 4, and this message has 2; try again in/, 'to two is too much';
like $c->deliver, qr/^250 2\.0\.0 /, 'to one is not';
is $p->sql("SELECT used, most FROM quota WHERE name = 'list\@example.org'"), '5|5', 'and no more';
is $p->sql("SELECT group_concat(name) FROM quota"), 'list@example.org', 'what was only asked about does not count';

# ---- no mail to the dead: a bounce, as Postfix logs it ----

my $feed = Policyd::Daemon->start(program => 'policyd-feed', words => [ '-F', $postfix->log_file ], server => { database => $p->database, user => '' });
$c = logged_in('ann@example.org', 'submission');
like $c->mail('ann@example.org', 'eve@gone.example'), qr/^250 /, 'mail to one who is gone';
like $c->deliver, qr/^250 /, 'is accepted';
eventually { $p->sql("SELECT login FROM bounce WHERE recipient = 'eve\@gone.example'") eq 'ann@example.org' } 'and comes back';
eventually { logged_in('bob@example.org', 'submission')->mail('bob@example.org', 'eve@gone.example') =~
    /^550 5\.1\.1 .*mail to eve\@gone\.example came back 1 times, last on [-\d]+: .*no such user.*; take the address off your list/ } 'then it is refused, with what was said';
like logged_in('bob@example.org', 'submission')->mail('bob@example.org', 'ann@gone.example'), qr/^250 /, 'another is not';
$p->sql("DELETE FROM bouncing WHERE recipient = 'eve\@gone.example'");
like logged_in('bob@example.org', 'submission')->mail('bob@example.org', 'eve@gone.example'), qr/^250 /, 'one statement lifts it';

# ---- what only logs: a recipient counts once, though Postfix asks about it in two contexts ----

my %foreign = (sasl_username => 'ann@example.org', sender => 'ann@example.com', recipient => 'a@example.com', instance => '1a2b.1.0');
like $p->ask(policy_context => $_, %foreign), qr/^550 5\.7\.1 Sender address is not allowed$/, "refused in each: $_" for qw(submission-sender submission);
$p->sql("INSERT INTO block (login, cause) VALUES ('bob\@example.org', 'a test')");
$p->reload(profiles => profile('mx') . profile('submission', login_block => 'reject'));
eventually { from('bob@example.org', 'bob@example.org', 'submission') =~ /login_block/ } 'another is blocked';
$p->reload(profiles => profile('mx') . profile('submission', login_mismatch => 'log', login_block => 'log'));
eventually { from('bob@example.org', 'bob@example.org', 'submission') =~ /^250 / } 'now both only log';
eventually { counted() eq '0 1' } 'a mail that one of them has something against';
like from('bob@example.com', 'bob@example.org', 'submission'), qr/^250 /, 'a mail that both have';
sub counted {
	return join ' ', map { $p->sql("SELECT ifnull(sum(requests), 0) FROM would_have WHERE check_name = '$_'") } qw(login_mismatch login_block);
}
sub listed { return $p->sql("SELECT count(*) FROM shadow WHERE would LIKE '%login_mismatch%' AND sender = '$_[0]'") }
eventually { counted() eq '1 2' && listed('bob@example.com') == 1 } 'to one recipient counts once';
like from('a@example.com', 'bob@example.org', 'submissions'), qr/^250 /, 'another';
eventually { counted() eq '2 3' && listed('a@example.com') == 1 } 'counts, too';
$c = logged_in('ann@example.org', 'submission');
like $c->mail('b@example.com', 'a@example.com'), qr/^250 /, 'one to two';
like $c->say('RCPT TO:<b@example.com>'), qr/^250 /, 'recipients';
eventually { counted() eq '4 3' && listed('b@example.com') == 2 } 'counts twice';
$p->ask(policy_context => 'submission', %foreign, instance => "1a2b.2.$_", sender => 'c@example.com') for 1 .. 2;
eventually { counted() eq '6 3' && listed('c@example.com') == 2 } 'where only one of the two is asked it counts all the same';
$p->ask(policy_context => 'submission', %foreign, instance => '1a2b.2.2', sender => 'd@example.com');
eventually { listed('d@example.com') == 1 } 'as does another sender';
$p->reload(profiles => profile('mx') . profile('submission', @rules));
eventually { from('ann@example.net', 'ann@example.org', 'submission') =~ $refused } 'refused again';

# ---- port 25 ----

$c = $postfix->client(addr => '203.0.113.7', login => 'ann@example.org');
like $c->mail('ann@example.net', 'known@example.org'), qr/^550 5\.7\.1 .*: Sender address is not allowed$/, 'a login on port 25 is judged the same way';
like $postfix->client(addr => '203.0.113.7')->mail('ann@example.net', 'known@example.org'), qr/^250 /, 'a stranger is not';

# ---- scripts on a web server of ours, which cannot log in: main.cf with its commented lines turned on ----

my $with = folder . '/with';
system('mkdir', '-p', "$with/submission") == 0 and system('cp', 'contrib/postfix/apply', $with) == 0 or die;
my $turned_on = slurp('contrib/postfix/submission/main.cf') =~ s/^    #(?=permit_mynetworks$)/    /gmr;
spew("$with/submission/main.cf", $turned_on);
sub script { my $c = $postfix->dial('submission', tls => 'starttls', @_); $c->greet('web'); return $c }
like script()->mail('www@example.org', 'a@example.com'), qr/^554 5\.7\.1 .*: Client host rejected: Access denied$/, 'as shipped nobody sends without a login';
is Policyd::Postfix::apply_sets($postfix->config, $with, 'submission'), '', 'contrib/postfix/apply of permit_mynetworks';
$postfix->command('reload');
$p->reload(server => \%server, profiles => profile('mx') . profile('submission', @rules, quota => 'client 3 recipients / 1d'));
eventually { script()->mail('www@example.org', 'a@example.com') =~ /^250 / } 'then a machine of ours does';
like script(from => '127.0.0.9')->mail('www@example.org', 'a@example.com'), qr/^554 5\.7\.1 /, 'and no other';
$c = script();
for my $n (1 .. 3) {
	$c->mail('www@example.org', 'a@example.com');
	like $c->deliver, qr/^250 2\.0\.0 /, "message $n";
}
my $used_up = qr/^450 4\.7\.1 .*: 127\.0\.0\.1 may send to 3 recipients within 1 day, and has sent to 3; try again in .* \(quota_exceeded /;
like $c->mail('www@example.org', 'a@example.com'), $used_up, 'as much as its quota has';
$c = script();
$c->expect(235, $c->login('ann@example.org', 'secret'));
like $c->mail('ann@example.org', 'a@example.com'), $used_up, 'which who logs in from there has, too';
$p->sql("INSERT INTO quota_limit (client, quota, note) VALUES ('127.0.0.1', 'none', 'webmail')");
eventually { script()->mail('www@example.org', 'a@example.com') =~ /^250 / } 'unless a row lets it off';

is $_->stop, 'exit 0', 'and stop' for $feed, $p;
is $p->metric('policyd_would_total{check="login_mismatch",action="object"}'), 7, 'policyd_would_total has each once, too';
unlike $p->log, qr/wiring/, 'the wiring is right';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
