#!/usr/bin/perl
# spf-header.t - what SPF said, as one header of the message, seen by a real Postfix
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
example.net        TXT  "v=spf1 ip4:192.0.2.7 ~all"
mx.example.net     TXT  "v=spf1 ip4:192.0.2.7 -all"
mx.example.net     A    192.0.2.7
down.example.net   TXT  !servfail

my $p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix' }, profiles =>
    profile('mx', spf_header => 'received-spf', authserv_id => 'mx.example.org') .
    "[results : mx]\nspf_header = authentication-results\n[fussy : mx]\nspf_softfail = reject\n" .
    "[dry : mx]\nmode = log\n[submission]\nspf_header = received-spf\n");

my $spf = 'client-ip=192.0.2.7; envelope-from="bob@example.net"; helo=mx.example.net; identity=mailfrom; ' .
    'mechanism="ip4:192.0.2.7"; receiver=mx.example.org';
is $p->ask, "PREPEND Received-SPF: pass $spf", 'a pass';
like $p->ask(client_address => '192.0.2.8'), qr/^PREPEND Received-SPF: softfail client-ip=192\.0\.2\.8; .*mechanism=~all;/,
    'a softfail that hurts nobody';
like $p->ask(sender => 'bob@nothing.example.net'), qr/^PREPEND Received-SPF: none /, 'no record';
like $p->ask(sender => 'bob@down.example.net'), qr/^PREPEND Received-SPF: temperror .*; problem="cannot look up the record of down\.example\.net now";/,
    'no answer';
like $p->ask(sender => ''), qr/^PREPEND Received-SPF: pass .*identity=helo;/, 'the null sender';
is $p->ask(policy_context => 'results'), 'PREPEND Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=example.net',
    'in the other shape';
like $p->ask(policy_context => 'fussy', client_address => '192.0.2.8'), qr/^550 5\.7\.23 /, 'what is refused has none';
is $p->ask(sasl_username => 'ann'), 'DUNNO', 'nor has mail of our own users';
is $p->ask(policy_context => 'dry'), 'DUNNO', 'a dry run changes no message';
is $p->ask(recipient => 'postmaster@example.org'), 'DUNNO', 'who is not judged by SPF has none';

my @message = (instance => 'one.message.1');
is $p->ask(@message, recipient => 'postmaster@example.org'), 'DUNNO', 'a first recipient who is not';
my $first = request(@message, recipient => 'ann@example.org');
is $p->ask_bytes($first), "PREPEND Received-SPF: pass $spf", 'a second who is: the header';
is $p->ask(@message, recipient => 'known@example.org'), 'DUNNO', 'a third: not again';
is $p->ask_bytes($first), "PREPEND Received-SPF: pass $spf", 'the same request again: the same answer';
is $p->ask(instance => 'one.message.2'), "PREPEND Received-SPF: pass $spf", 'the next message: its own';
is $p->ask(instance => ''), 'DUNNO', 'a request of which nobody knows what message it belongs to: none';

my $socket = $p->socket;
my $postfix = Policyd::Postfix->new('smtpd_recipient_restrictions = reject_unauth_destination, ' .
    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=mx }",
    'header_checks = regexp:{ {/^Received-SPF:/ WARN} }')->run;
my $c = $postfix->client(addr => '192.0.2.7', helo => 'mx.example.net');
like $c->mail('bob@example.net', 'known@example.org'), qr/^250 /, 'through Postfix: a recipient';
like $c->say('RCPT TO:<ann@example.org>'), qr/^250 /, 'another';
like $c->deliver, qr/^250 /, 'delivered';
eventually { $postfix->log =~ /warning: header Received-SPF: pass client-ip=192\.0\.2\.7;/ } 'the message has the header';
is scalar(() = $postfix->log =~ /warning: header Received-SPF:/g), 1, 'once';
my (undef, $out) = $p->command(request(policy_context => 'mx'), '-x');
like $out, qr/^action=PREPEND Received-SPF: pass /m, '-x shows it';

done_testing;
