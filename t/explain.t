#!/usr/bin/perl
# explain.t - policyd -x says why, and leaves no trace; -n and -d look at the configuration
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

my $dns = Policyd::DNS->start(<<'');
192.0.2.7         PTR  mx.example.net.
mx.example.net    A    192.0.2.7
example.net       MX   10 mx.example.net.
*.broken.example  !servfail

my $p = Policyd::Daemon->start(dns => $dns, server => { decision_log => 'all' }, profiles =>
    profile('mx', deny => 'reject', helo_literal => 'log', client_no_rdns => 'reject "get a name"',
    sender_no_mx => 'reject on_error defer'));

# ---- -x ----

my @words = ('client_address=192.0.2.70', 'client_name=unknown', 'sender=a@example.net', 'recipient=ann@example.org');
my ($exit, $out, $err) = $p->command('', '-x', @words);
is $exit, 0, '-x: explained';
is $err, '', 'without a complaint';
like $out, qr/^action=550 5\.7\.25 get a name \(client_no_rdns\)$/m, 'the action Postfix would get, without a reference';
like $out, qr/^client_rdns +objects +\d+ ms +client_no_rdns = reject "get a name"/m, 'verdict, milliseconds, setting';
like $out, qr/PTR 70\.2\.0\.192\.in-addr\.arpa: no such name/, 'the facts';
is_deeply [$out =~ /^(\w+) +(?:objects|dunno|off|elsewhere|spared|not asked|cannot tell|exempts)\b/mg],
    [slurp('src/rules/table.c') =~ /^\tRULE\((\w+)\)/mg],
    'every rule, in order';

my @cases = (
	[ 'as Postfix would ask',   request(),                                             qr/^action=DUNNO$/m ],
	[ 'a shadow check',         request(helo_name => '[192.0.2.99]'),                  qr/would: object helo_literal.*^action=DUNNO$/ms ],
	[ 'a DNS that fails',       request(sender => 'a@x.broken.example'),               qr/cannot tell \(SERVFAIL\).*^action=451 4\.4\.3 /ms ],
	[ 'bytes of a stranger',    request(helo_name => "\e[2J\x80", sender => 'a@b.example'), qr/\A[\n\x20-\x7e]*\z/ ],
);
for (@cases) {
	my ($title, $bytes, $want) = @$_;
	($exit, $out) = $p->command($bytes, '-x');
	is $exit, 0, "-x, $title: explained";
	like $out, $want, "-x, $title: right";
}
$p->sql("INSERT INTO deny (client, note) VALUES ('192.0.2.7', 'test')");
like +($p->command(request(), '-x'))[1], qr/^action=550 5\.7\.1 .*\(deny\)$/m, 'the database is looked at';
($exit, $out, $err) = $p->command("rubbish\n\n", '-x');
isnt $exit, 0, 'what is no request cannot be explained';
like $err, qr/rubbish/, 'and is shown';
is +($p->command(substr(request(), 0, 80), '-x'))[0], 1, 'nor half of one';

($exit, $out, $err) = $p->command('', '-x', 'foo=bar', 'client_adress=192.0.2.7', 'client_address=1.2.3', 'sender=a@example.net');
is "$exit $out", '1 ', 'nor words that Postfix has not';
like $err, qr/^policyd: -x: foo=bar: no attribute of that name; write one of request, protocol_state, .*, tls_sni$/m,
    'which are told, with those it has';
like $err, qr/^policyd: -x: client_adress=192\.0\.2\.7: no attribute of that name; did you mean client_address\?$/m, 'or with what was meant';
like $err, qr/^policyd: -x: client_address=1\.2\.3: no address; write it as 192\.0\.2\.7 or 2001:db8::7$/m, 'a client has an address';
like +($p->command(request() =~ s/\n\z/foo=bar\n\n/r, '-x'))[1], qr/^action=/m, 'but what a newer Postfix sends is not refused';
is $p->sql('SELECT count(*) FROM decision'), 0, 'nothing was written';
my $bytes = request(sender => 'a@nothing.example', client_address => '192.0.2.9', client_name => 'mx9.example.net');
$p->command($bytes, '-x');
ok reference($p->ask_bytes($bytes)), 'nothing is remembered: the same request is judged anew';
is $p->stop, 'exit 0', 'policyd stops';
my $before = [stat $p->database]->[9];
like +($p->command(request(), '-x'))[1], qr/^action=550 5\.7\.1 .*\(deny\)$/m, '-x works while policyd does not run';
is [stat $p->database]->[9], $before, 'and leaves the database as it was';
my $none = Policyd::Daemon->new(dns => $dns);
($exit, $out, $err) = $none->command(request(), '-x');
ok !-e $none->database, '-x makes no database';
like $out . $err, $exit ? qr/policyd\.db/ : qr/^action=/m, 'and says so, or explains without';

# ---- -n and -d ----

my @mistakes = (
	[ 'a name',       "[mx]\nhello_syntax = off\n",             qr/:\d+: .*hello_syntax.*helo_syntax/ ],
	[ 'a setting',    "[mx]\nhelo_syntax = rejekt\n",           qr/:\d+: .*rejekt.*reject/ ],
	[ 'a unit',       "[server]\ndeadline = 5x\n",              qr/:\d+: .*5x/ ],
	[ 'a bound',      "[server]\ndeadline = 2m\n",              qr/:\d+: .*2m.*90s/ ],
	[ 'a section',    "[strict : none]\nhelo_syntax = off\n",   qr/:\d+: .*none/ ],
	[ 'no section',   "helo_syntax = off\n",                    qr/:\d+: / ],
	[ 'two of them',  "[mx]\nmode = on\nscore_defer = many\n",  qr/:2: mode.*\n.*:3: score_defer/ ],
	[ 'dnsbl_sites',  "[mx]\ndnsbl_sites = bl.example=127.0.0.[9..2]\n", qr/:\d+: .*dnsbl_sites/ ],
	[ 'clients',      "[mx]\nspf_skip_clients = 192.0.2.1/24\n",     qr/:2: .*192\.0\.2\.1\/24.*behind the prefix; write/ ],
	[ 'networks',     "[server]\nlocal_networks = 192.0.2.1/24\n",       qr/:\d+: .*192\.0\.2\.1\/24/ ],
);
for (@mistakes) {
	my ($title, $text, $want) = @$_;
	spew($none->config, $text);
	my ($exit, $out, $err) = $none->command('', '-n');
	is $exit, 1, "-n: a mistake in $title";
	like $err, qr/^\S*policyd\.conf$want/m, "-n: $title: place, finding, remedy";
}
$none->configure(profiles => "[mx]\ndeny = reject\n    \"go away\"\n# a comment\n[strict : mx]\nhelo_forged = score 3\n");
is +($none->command('', '-n'))[0], 0, '-n: nothing wrong';
my ($status, $settings) = $none->command('', '-d');
is $status, 0, '-d';
like $settings, qr/^deny = reject "go away"$/m, '-d: a continued line';
like $settings, qr/^\[strict.*^helo_forged = score 3$/ms, '-d: a profile of the site\'s own';
like $settings, qr/^idle_timeout = 1000s$/m, '-d: defaults too';
spew($none->config, $settings);
is +($none->command('', '-d'))[1], $settings, '-d: reading it back gives the same';
is +($none->command('', '-n', '-d'))[0], 2, 'a wrong command line: usage';

done_testing;
