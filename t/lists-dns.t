#!/usr/bin/perl
# lists-dns.t - DNS lists: what they weigh, what becomes of those that fail, and that mail never waits for them
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
my $zone = <<'';
example.net                       MX   10 mx.example.net.

my $dns = Policyd::DNS->start($zone);
my $n = 0;

# An address nobody has asked about before, and its name in a list.
sub stranger { $n++; return '198.51.' . int($n / 250) . '.' . ($n % 250 + 1) }
sub in_list { my ($address, $list) = @_; return join('.', reverse split /\./, $address) . ".$list" }

# A list of addresses or names that keeps RFC 5782 s.5.
sub well { return map { ("2.0.0.127.$_ A 127.0.0.2", "test.$_ A 127.0.0.2") } @_ }
$dns->add(well(qw(bl.example two.example wl.example allow.example rh.example)));

# ---- scores, rhsbl, dnswl, error codes: through the socket ----

$dns->add(<<'');
50.100.51.198.bl.example       A    127.0.0.2
50.100.51.198.bl.example       TXT  "listed as an example"
51.100.51.198.bl.example       A    127.0.0.5
52.100.51.198.two.example      A    127.0.0.2
53.100.51.198.bl.example       A    127.0.0.2
53.100.51.198.allow.example    A    127.0.10.2
54.100.51.198.allow.example    A    127.0.10.2
55.100.51.198.bl.example       A    127.0.0.255
56.100.51.198.bl.example       A    127.0.0.2
57.100.51.198.wl.example       A    127.0.10.1
58.100.51.198.wl.example       A    127.0.10.0
59.100.51.198.wl.example       A    127.0.0.255
60.100.51.198.wl.example       !servfail
56.100.51.198.allow.example    !servfail
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example A 127.0.0.2
spam.example.rh.example        A    127.0.1.2
spam.example.rh.example        TXT  "see https://rh.example/"
grey.example.rh.example        A    127.0.1.99
broken.example.rh.example      !servfail
spam.example                   MX   10 mx.example.net.
grey.example                   MX   10 mx.example.net.
broken.example                 MX   10 mx.example.net.

my %sites = (dnsbl_sites => 'bl.example=127.0.0.[2..3]*4, bl.example=127.0.0.[4..7]*2, two.example, allow.example*-3',
    dnsbl_threshold => 5);
my %rhsbl = (rhsbl_sites => 'rh.example=127.0.1.[2..9]', rhsbl_names => 'sender helo client');
my %dnswl = (dnswl_sites => 'wl.example=127.0.[0..255].[1..3]', helo_not_fqdn => 'reject');
my $p = Policyd::Daemon->start(dns => $dns,
    server => { dns_list_errors => 'bl.example=127.0.0.255, wl.example=127.0.0.255', dns_list_failures => 20 },
    profiles => join '', profile('score', %sites, dnsbl => 'score 2', score_reject => 8),
    profile('enough', %sites, dnsbl => 'reject', dnsbl_threshold => 2),
    profile('careful', %sites, dnsbl => 'reject on_error defer', dnsbl_threshold => 2),
    profile('rhsbl', %rhsbl, rhsbl => 'reject'), profile('rhsbl-careful', %rhsbl, rhsbl => 'reject on_error defer'),
    profile('rhsbl-score', %rhsbl, rhsbl => 'score 5', score_defer => 5), profile('dnswl', %dnswl));
eventually { $p->sql('SELECT count(*) FROM dns_list WHERE probed IS NOT NULL') == 5 } 'every list is probed at the start';

my @cases = (
	# profile, title, request, verdict
	[ score => 'nobody lists it', { client_address => '198.51.100.49' }, 'DUNNO' ],
	[ score => 'a weight of 4 is 8', { client_address => '198.51.100.50' }, '550 5.7.1 score_reject' ],
	[ score => 'another code, another weight', { client_address => '198.51.100.51' }, 'DUNNO' ],
	[ score => 'an allow list takes away', { client_address => '198.51.100.53' }, 'DUNNO' ],
	[ score => 'one that fails takes away all', { client_address => '198.51.100.56' }, 'DUNNO' ],
	[ score => 'IPv6', { client_address => '2001:db8::1' }, '550 5.7.1 score_reject' ],
	[ enough => 'listed', { client_address => '198.51.100.50' }, '550 5.7.1 dnsbl' ],
	[ enough => 'too little', { client_address => '198.51.100.52' }, 'DUNNO' ],
	[ enough => 'the list\'s own error code', { client_address => '198.51.100.55' }, 'DUNNO' ],
	[ careful => 'the same, on_error defer', { client_address => '198.51.100.55' }, '450 4.7.1 dnsbl' ],
	[ rhsbl => 'nobody lists it', { sender => 'bob@example.net' }, 'DUNNO' ],
	[ rhsbl => 'the sender', { sender => 'bob@SPAM.example' }, '550 5.7.1 rhsbl' ],
	[ rhsbl => 'the HELO name', { helo_name => 'spam.example' }, '550 5.7.1 rhsbl' ],
	[ rhsbl => 'the client\'s name', { client_name => 'spam.example' }, '550 5.7.1 rhsbl' ],
	[ rhsbl => 'a code we do not filter', { sender => 'bob@grey.example' }, 'DUNNO' ],
	[ rhsbl => 'it fails', { sender => 'bob@broken.example' }, 'DUNNO' ],
	[ 'rhsbl-careful' => 'it fails, on_error defer', { sender => 'bob@broken.example' }, '450 4.7.1 rhsbl' ],
	[ 'rhsbl-score' => 'a score', { sender => 'bob@spam.example' }, '450 4.7.1 score_defer' ],
	[ dnswl => 'nobody lists it', { client_address => '198.51.100.49', helo_name => 'nodot' }, '550 5.7.1 helo_not_fqdn' ],
	[ dnswl => 'listed', { client_address => '198.51.100.57', helo_name => 'nodot' }, 'DUNNO' ],
	[ dnswl => 'a code we do not filter', { client_address => '198.51.100.58', helo_name => 'nodot' }, '550 5.7.1 helo_not_fqdn' ],
	[ dnswl => 'its own error code', { client_address => '198.51.100.59', helo_name => 'nodot' }, '450 4.7.1 helo_not_fqdn' ],
	[ dnswl => 'it fails', { client_address => '198.51.100.60', helo_name => 'nodot' }, '450 4.7.1 helo_not_fqdn' ],
	[ dnswl => 'nothing to object to', { client_address => '198.51.100.60' }, 'DUNNO' ],
);
for (@cases) {
	my ($profile, $title, $request, $want) = @$_;
	is verdict($p->ask(%$request, policy_context => $profile)), $want, "$profile: $title";
}
like $p->ask(client_address => '198.51.100.50', policy_context => 'score'),
    qr/ score 8: 198\.51\.100\.50 is listed by bl\.example; /, 'a reply by score names address and list';
like $p->ask(sender => 'bob@spam.example', policy_context => 'rhsbl'),
    qr{ spam\.example is listed by rh\.example \(see https://rh\.example/\) }, 'one by rhsbl the domain, list and reason';
my ($exit, $out) = $p->command(request(client_address => '198.51.100.52', policy_context => 'score'), '-x');
like $out, qr/^dnsbl +dunno .*-> dnsbl: score\n +198\.51\.100\.52 is listed by two\.example; ask there to be taken off$/m, '-x: what weighs, and how much';
like $out, qr/^score: 2$/m, '-x: the score';
($exit, $out) = $p->command(request(client_address => '198.51.100.55', policy_context => 'careful'), '-x');
like $out, qr/55\.100\.51\.198\.bl\.example: cannot tell \(127\.0\.0\.255, an error code\)/, '-x: an error code is told';
my $wrong = Policyd::Daemon->new(dns => $dns, profiles => "[mx]\ndnswl_sites = wl.example, x.example*-2\n",
    server => { dns_list_errors => 'bl.example' });
my ($status, undef, $mistakes) = $wrong->command('', '-n');
like $mistakes, qr/dnswl_sites = .*: x\.example has a weight, .* leave \*-2 out/, '-n: a weight in dnswl_sites';
like $mistakes, qr/dns_list_errors = .*: bl\.example: the codes are missing; write /, '-n: no code in dns_list_errors';
is $p->stop, 'exit 0', 'stopped';

# ---- twelve lists, four of them silent ----

my @lists = map { "l$_.example" } 1 .. 12;
my @silent = @lists[8 .. 11];
my @alive = @lists[0 .. 7];
my $twelve = profile('mx', dnsbl => 'reject', dnsbl_sites => join ', ', @lists);
$dns->clear;
$dns->add($zone, well(@lists), map { "*.$_ !silent" } @silent);
my $prom = folder . '/policyd.prom';
$p = Policyd::Daemon->start(dns => $dns, profiles => $twelve,
    server => { deadline => '1s', dns_timeout => '5s', dns_list_pause => '1h', dns_list_pause_max => '1h' });
my @clients = map { $p->connect } 1 .. 20;
my $start = time;
$_->send(request(client_address => stranger)) for @clients;
is_deeply [map { $_->reply } @clients], [('DUNNO') x 20], 'four of twelve lists are silent: nobody is refused';
cmp_ok time - $start, '<', 4.5, 'and nobody waits for the silent ones';
is $p->stop, 'exit 0', 'stopped';

$p = Policyd::Daemon->start(dns => $dns, profiles => $twelve, server => { dns_timeout => '1s', dns_list_pause => '1h',
    dns_list_pause_max => '1h', metrics_file => $prom });
sub state_of { return $p->sql("SELECT state FROM dns_list WHERE list = '$_[0]'") }
eventually {
	my @at_once = map { $p->connect } 1 .. 5;
	$_->send(request(client_address => stranger)) for @at_once;
	$_->reply for @at_once;
	$p->sql("SELECT group_concat(list, ' ') FROM dns_list WHERE state = 'failing'") eq join ' ', sort @silent;
} 'the silent lists\' breakers open';
$p->says(qr/^warning: dns: list l9\.example: 5 questions in a row failed, the last: no answer in \d+ ms; rule dnsbl goes on without it$/m,
    'the log says so');
is scalar(my @lines = $p->log =~ /^warning: dns: list /mg), 4, 'once for each';
my $before = $dns->count;
my @strangers = map { stranger } 1 .. 25;
$start = time;
is_deeply [map { $p->ask(client_address => $_) } @strangers], [('DUNNO') x 25], 'further mail passes';
cmp_ok time - $start, '<', 25 * 0.8, 'without waiting for them';
is $dns->count - $before, 25 * @alive, 'each was asked of the lists that answer, and of no other';
$dns->add(in_list('198.51.100.70', 'l1.example') . ' A 127.0.0.2', in_list('198.51.100.70', 'l9.example') . ' A 127.0.0.2');
like $p->ask(client_address => '198.51.100.70'), qr/^550 5\.7\.1 198\.51\.100\.70 is listed by l1\.example; ask there to be taken off \(dnsbl /,
    'which go on listing';

# ---- the breaker closes when the list answers ----

$p->reload(server => { dns_list_pause => '1s', dns_list_pause_max => '1s', metrics_file => $prom }, profiles =>
    profile('mx', dnsbl => 'reject on_error defer', dnsbl_sites => join ', ', @lists));
$p->says(qr/read again/, 'read again');
is state_of('l9.example'), 'failing', 'a reload makes no list well';
is verdict($p->ask(client_address => stranger)), '450 4.7.1 dnsbl', 'on_error defer: a list that is not asked defers';
$dns->add("*.$_ !normal") for @silent;
eventually { verdict($p->ask(client_address => stranger)) eq 'DUNNO' } 'when they answer a question is let through, and all is well';
eventually { $p->sql("SELECT count(*) FROM dns_list WHERE state = 'good'") == 12 } 'for each of them';
$p->says(qr/^dns: list l9\.example: it answers again; rule dnsbl goes by it again$/m, 'the log says so');

# ---- a list that lists the world; one that dies ----

$p->reload(server => { dns_list_probe => '1s', metrics_file => $prom });
$p->says(qr/read again.*read again/s, 'probes every second from now on');
$dns->add(in_list('127.0.0.1', 'l2.example') . ' A 127.0.0.2');
eventually { state_of('l2.example') eq 'lists all' } 'a list that lists the world is noticed';
$p->says(qr/^warning: dns: list l2\.example: it lists 127\.0\.0\.1, so it lists the world; rule dnsbl goes on without it$/m, 'and said');
my $listed = stranger;
$dns->add(in_list($listed, 'l2.example') . ' A 127.0.0.2');
is verdict($p->ask(client_address => $listed)), '450 4.7.1 dnsbl', 'it refuses nobody any more';
is $dns->count(in_list($listed, 'l2.example')), 0, 'and is not asked';
eventually { $p->sql("SELECT probe FROM dns_list WHERE list = 'l2.example'") eq 'lists 127.0.0.1' } 'the view has the probe';
$dns->clear;
$dns->add($zone, well(grep { $_ ne 'l3.example' } @lists), in_list($listed, 'l2.example') . ' A 127.0.0.2');
eventually { state_of('l2.example') eq 'good' } 'a good probe, and it is asked again';
is verdict($p->ask(client_address => $listed)), '550 5.7.1 dnsbl', 'and listens to';
eventually { state_of('l3.example') eq 'dead' } 'a list without its test entry is dead';
$p->says(qr/^warning: dns: list l3\.example: it does not list 127\.0\.0\.2, .*dns_list_unprobed; rule dnsbl goes on without it$/m, 'said, with what may be done');
$p->reload(server => { dns_list_probe => '1s', dns_list_unprobed => 'l3.example', metrics_file => $prom });
eventually { state_of('l3.example') eq 'good' } 'unless it is not to be probed';
is $p->sql("SELECT kind || '|' || rules || '|' || ifnull(why, 'well') || '|' || ipv6 FROM dns_list WHERE list = 'l3.example'"),
    'addresses|dnsbl|well|no', 'the view\'s other columns';

# ---- reload, metrics ----

$p->reload(server => { metrics_file => $prom }, profiles => profile('mx', dnsbl => 'reject', dnsbl_sites => 'l1.example') .
    profile('other', rhsbl => 'reject', rhsbl_sites => 'l1.example l5.example'));
eventually { $p->sql('SELECT group_concat(list || kind || rules) FROM (SELECT * FROM dns_list ORDER BY list)') eq
    'l1.exampleaddresses, namesdnsbl, rhsbl,l5.examplenamesrhsbl' } 'lists that no profile names are gone';
is $p->stop, 'exit 0', 'stopped';
my $text = slurp($prom);
like $text, qr/^policyd_dns_list_state\{list="l1\.example"\} 0$/m, 'metrics: a state';
like $text, qr/^policyd_dns_list_questions_total\{list="l2\.example",result="refused"\} [1-9]/m, 'metrics: what was not asked';
like $text, qr/^policyd_dns_list_questions_total\{list="l1\.example",result="none"\} [1-9]/m, 'metrics: what nobody lists';

# ---- a real Postfix ----

SKIP: {
	if (my $why = Policyd::Postfix->why_not) {
		skip $why, 1 if !$ENV{CI};
		BAIL_OUT("no Postfix, and this is CI: $why");
	}
	$dns->clear;
	$dns->add($zone, well(qw(bl.example wl.example rh.example)), <<'');
50.2.0.192.bl.example       A    127.0.0.2
50.2.0.192.bl.example       TXT  "sends spam"
51.2.0.192.bl.example       A    127.0.0.4
52.2.0.192.bl.example       A    127.0.0.2
52.2.0.192.wl.example       A    127.0.10.3
53.2.0.192.bl.example       A    127.255.255.254
spam.example.rh.example     A    127.0.1.2
spam.example                MX   10 mx.example.net.
broken.example              MX   10 mx.example.net.
broken.example.rh.example   !servfail

	my %sites = (dnswl_sites => 'wl.example', dnsbl_sites => 'bl.example=127.0.0.2*4, bl.example=127.0.0.[4..7]*2',
	    dnsbl_threshold => 2, dnsbl => 'score 2 on_error defer', score_reject => 8, score_defer => 4,
	    rhsbl_sites => 'rh.example', rhsbl => 'reject on_error defer', helo_not_fqdn => 'reject');
	$p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix' },
	    profiles => profile('mx', %sites));
	my $socket = $p->socket;
	my $postfix = Policyd::Postfix->start(
	    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=mx }");
	my @mails = (
		# title, client, sender, HELO, reply
		[ 'nobody lists it', '192.0.2.49', 'bob@example.net', 'mx.example.net', qr/^250 2\.1\.5 / ],
		[ 'dnsbl: refused by score', '192.0.2.50', 'bob@example.net', 'mx.example.net',
		  qr/^550 5\.7\.1 .*: score 8: 192\.0\.2\.50 is listed by bl\.example \(sends spam\) \(score_reject \w{10}\)$/ ],
		[ 'dnsbl: another code, another score', '192.0.2.51', 'bob@example.net', 'mx.example.net',
		  qr/^450 4\.7\.1 .*: score 4: 192\.0\.2\.51 is listed by bl\.example; ask there to be taken off \(score_defer \w{10}\)$/ ],
		[ 'dnsbl: an error code cannot tell', '192.0.2.53', 'bob@example.net', 'mx.example.net',
		  qr/^450 4\.7\.1 .*: cannot look up 192\.0\.2\.53 at bl\.example now \(dnsbl \w{10}\)$/ ],
		[ 'dnswl: exempt', '192.0.2.52', 'bob@spam.example', 'nodot', qr/^250 2\.1\.5 / ],
		[ 'rhsbl: refused', '192.0.2.49', 'bob@spam.example', 'mx.example.net',
		  qr/^550 5\.7\.1 .*: spam\.example is listed by rh\.example; ask there to be taken off \(rhsbl \w{10}\)$/ ],
		[ 'rhsbl: cannot tell', '192.0.2.49', 'bob@broken.example', 'mx.example.net',
		  qr/^450 4\.7\.1 .*: cannot look up broken\.example at rh\.example now \(rhsbl \w{10}\)$/ ],
	);
	for (@mails) {
		my ($title, $client, $sender, $helo, $want) = @$_;
		like $postfix->client(addr => $client, name => 'mx.example.net', helo => $helo)->mail($sender, 'known@example.org'),
		    $want, "Postfix, $title";
	}
	$dns->add('54.2.0.192.wl.example !silent');
	$p->set_dns_timeout('1s');
	like $postfix->client(addr => '192.0.2.54', name => 'mx.example.net', helo => 'nodot')->mail('bob@example.net', 'known@example.org'),
	    qr/^450 4\.7\.1 .*: the HELO name nodot .*\(helo_not_fqdn /, 'Postfix, dnswl: cannot tell, so nobody is refused for good';
	$postfix->stop;
}

done_testing;
