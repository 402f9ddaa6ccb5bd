#!/usr/bin/perl
# resend.t - a request that Postfix sends again gets the same answer, and counts once
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

my $dns = Policyd::DNS->start("slow.example !delay 500\nexample.net MX 10 mx.example.net");
my $p = Policyd::Daemon->start(dns => $dns, server => { dns_timeout => '3s' },
    profiles => profile('mx', helo_not_fqdn => 'reject', sender_no_mx => 'reject', deny => 'reject'));

sub rows { my $helo = shift; return $p->sql("SELECT count(*) FROM decision WHERE helo = '$helo'") }

# ---- the same bytes ----

my $bytes = request(helo_name => 'one');
my $first = $p->ask_bytes($bytes);
is verdict($first), '550 5.7.1 helo_not_fqdn', 'a refusal';
is $p->ask_bytes($bytes), $first, 'again: the same answer, the same reference';
is $p->connect->ask($bytes), $first, 'and on another connection';
is rows('one'), 1, 'one row';

isnt $p->ask_bytes($bytes =~ s/size=1200/size=1201/r), $first, 'one byte differs: another request';
is rows('one'), 2, 'with a row of its own';

# ---- while the first is still being judged ----

$bytes = request(helo_name => 'mx.slow.example', sender => 'a@slow.example');
my @clients = map { $p->connect } 1 .. 3;
$_->send($bytes) for @clients;
my @answers = map { $_->reply } @clients;
is verdict($answers[0]), '550 5.7.1 sender_no_mx', 'asked three times before the first answer';
is_deeply \@answers, [($answers[0]) x 3], 'all get that answer';
is rows('mx.slow.example'), 1, 'one row';

# ---- what passed, passes ----

$bytes = request(helo_name => 'mx.two.example');
is $p->ask_bytes($bytes), 'DUNNO', 'a pass';
$p->sql("INSERT INTO deny (helo, note) VALUES ('mx.two.example', 'test')");
eventually { verdict($p->ask(helo_name => 'mx.two.example')) eq '550 5.7.1 deny' } 'the world has changed since';
is $p->ask_bytes($bytes), 'DUNNO', 'again: it passes';

# ---- no instance, no memory ----

$bytes = request(helo_name => 'three', instance => '');
my @references = map { reference($p->ask_bytes($bytes)) } 1 .. 2;
isnt $references[0], $references[1], 'without an instance each request is new';
is rows('three'), 2, 'with a row each';

# ---- off ----

$p->reload(server => { resend_memory => 0 });
$p->says(qr/read again/, 'resend_memory = 0');
$bytes = request(helo_name => 'four');
isnt reference($p->ask_bytes($bytes)), reference($p->ask_bytes($bytes)), 'remembers nothing';

done_testing;
