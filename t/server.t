#!/usr/bin/perl
# server.t - sockets, connections, framing, signals: the daemon as Postfix meets it
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

my $dns = Policyd::DNS->start(<<'');
example.net       MX  10 mx.example.net.
slow.example      !delay 700

my @refused = (helo_name => 'nodot');
my $checks = profile('mx', helo_not_fqdn => 'reject', sender_no_mx => 'reject');
my $p = Policyd::Daemon->start(dns => $dns, tcp => 1, server => { dns_timeout => '3s' }, profiles => $checks);

# ---- connections ----

for my $how (qw(connect connect_tcp)) {
	my $c = $p->$how;
	my @wrong = grep { $c->ask(request) ne 'DUNNO' } 1 .. 200;
	is @wrong, 0, "$how: one connection carries many requests";
	ok $c->open, "$how: and stays open after each";
	is verdict($c->ask(request(@refused))), '550 5.7.1 helo_not_fqdn', "$how: a refusal arrives whole";
}

my $c = $p->connect;
$c->send(request(sender => 'a@slow.example') . request(@refused) . request);
is_deeply [map { verdict($c->reply) } 1 .. 3], ['550 5.7.1 sender_no_mx', '550 5.7.1 helo_not_fqdn', 'DUNNO'],
    'pipelined requests are answered in order, the slow one first';
my $bytes = request(@refused);
$c->send(substr $bytes, 0, 100);
$c->send(substr $bytes, 100, -1);
is $c->reply(0.2), undef, 'a request without its last byte gets no answer';
$c->send("\n");
is verdict($c->reply), '550 5.7.1 helo_not_fqdn', 'and one when it comes';

# ---- what is no request ----

my @malformed = (
	[ 'a line without "="',     "request=smtpd_access_policy\nthis is rubbish\n\n",          qr/this is rubbish/ ],
	[ 'no request=',            "protocol_state=RCPT\nhelo_name=x.example\n\n",              qr/request=/ ],
	[ 'another kind of request', "request=smtpd_other_policy\n\n",                           qr/smtpd_other_policy/ ],
	[ 'an empty name',          "request=smtpd_access_policy\n=value without name\n\n",      qr/value without name/ ],
	[ 'a number that is none',  "request=smtpd_access_policy\nsize=twelve\n\n",              qr/size=twelve/ ],
	[ 'control bytes',          "request=smtpd_access_policy\nbad \e[2Jline\n\n",            qr/bad [^\e]*2Jline/ ],
	[ 'more than 16 KiB',       "request=smtpd_access_policy\nx=" . 'y' x 17000,             qr/16384/ ],
);
for (@malformed) {
	my ($what, $bytes, $warning) = @$_;
	my $c = $p->connect_tcp;
	$c->send($bytes);
	ok $c->closed, "$what: hung up without a word";
	$p->says(qr/warning: .*$warning/, "$what: the warning shows it");
}
is $p->connect->ask(request), 'DUNNO', 'others are served as before';
unlike $p->log, qr/[^\n\x20-\x7e]/, 'the log is printable';

# ---- reload ----

$p->reload(profiles => profile('mx'));
eventually { $p->ask(@refused) eq 'DUNNO' } 'SIGHUP: the new settings hold, on old connections too';
$p->reload(profiles => "[mx]\nhelo_not_fqdn = rejekt\nhello_syntax = off\n");
$p->says(qr/policyd\.conf:\d+: .*rejekt/, 'SIGHUP with mistakes: the log names the place and the finding');
$p->says(qr/policyd\.conf:\d+: .*hello_syntax.*helo_syntax/, 'and the name that may be meant');
is $p->ask(@refused), 'DUNNO', 'the old settings hold';
$p->reload(profiles => $checks);
eventually { verdict($p->ask(@refused)) eq '550 5.7.1 helo_not_fqdn' } 'SIGHUP with the mistakes mended';

# ---- the end ----

is $p->kill9, 'signal 9', 'killed';
$p->run;
is verdict($p->ask(@refused)), '550 5.7.1 helo_not_fqdn', 'after kill -9 it starts again on the same sockets';

my @clients = map { $p->connect } 1 .. 5;
$dns->clear;
$dns->add('* !delay 700');
$_->send(request(sender => 'a@slower.example')) for @clients;
eventually { $dns->count('slower.example') } 'requests are in flight';
$p->signal('TERM');
is_deeply [map { verdict($_->reply) } @clients], [('550 5.7.1 sender_no_mx') x 5], 'SIGTERM: they are answered';
is $p->ended, 'exit 0', 'and policyd ends well';
is $p->sql("SELECT count(*) FROM decision WHERE sender LIKE '%slower.example'"), 5, 'with every refusal on disk';

# ---- limits ----

my $few = Policyd::Daemon->start(dns => $dns, tcp => 1, profiles => $checks,
    server => { max_connections => 2, request_timeout => '1s' });
my @kept;
for (1 .. 2) {			# start() has looked whether it listens; that connection may not be gone yet
	eventually { my $c = $few->connect; push @kept, $c if verdict($c->ask(request(@refused))) =~ /^550/ } 'one connection';
}
my $one_more = $few->connect_tcp;
is $one_more->ask(request(@refused)), 'DUNNO', 'a connection over the limit: its first request passes';
ok $one_more->closed, 'then it is closed';
$few->says(qr/warning: .*max_connections/, 'and the log says what to change');
is verdict($kept[0]->ask(request(@refused))), '550 5.7.1 helo_not_fqdn', 'the others go on';
shift @kept;
eventually { verdict($few->connect_tcp->ask(request(@refused))) =~ /^550/ } 'one leaves, one may come';
$kept[0]->send(substr request, 0, 50);
ok $kept[0]->closed, 'half a request is not waited for longer than request_timeout';

my $shut = Policyd::Daemon->start(tcp => 1, server => { allow_clients => '192.0.2.0/24' });
ok $shut->connect_tcp->closed, 'TCP peers outside of allow_clients are not served';
is $shut->ask, 'DUNNO', 'a unix socket is not their matter';

done_testing;
