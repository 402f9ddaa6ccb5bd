#!/usr/bin/perl
# texts.t - what the stranger reads: the site's own words, help_url; and the dry run, in which nobody reads anything
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
my $dns = Policyd::DNS->start('example.net MX 10 mx.example.net.', 'nothing.example !nxdomain', 'broken.example !servfail');
my @nodot = (helo_name => 'nodot');
my $ref = qr/[0-9A-HJKMNP-TV-Z]{10}/;

# ---- texts of the site's own ----

my %own = (
	helo_not_fqdn => 'reject "%{client_address} greets as %{helo}: that is no name, 100%% sure"',
	helo_literal => 'reject "%{finding}; mail %{recipient} of %{reference}"',
	sender_no_mx => 'reject on_error defer "%{sender_domain} cannot take a bounce, %{help_url}"',
);
my $p = Policyd::Daemon->start(dns => $dns, server => { help_url => undef }, profiles => profile('mx', %own));
like $p->ask(@nodot), qr/^550 5\.7\.1 192\.0\.2\.7 greets as nodot: that is no name, 100% sure \(helo_not_fqdn $ref\)$/,
    'macros have their values';
like $p->ask(helo_name => '[192.0.2.99]'), qr/^550 5\.7\.1 the HELO name says .*; mail ann\@example\.org of $ref$/,
    'a text with the reference stands alone';
my ($reference) = $p->ask(helo_name => '[192.0.2.99]') =~ /($ref)$/;
is $p->sql("SELECT count(DISTINCT ref) FROM why WHERE ref = '$reference'"), 1, 'and that reference can be looked up';
my $reply = $p->ask(sender => 'a@' . join('.', ('x' x 60) x 3, 'nothing.example'));
like $reply, qr/^550 5\.7\.1 x+\..*nothing\.example cannot take a bounce, \(none\) \(sender_no_mx $ref\)$/, 'a long name';
$p->says(qr/reject: .*192\.0\.2\.7 greets as nodot: that is no name, 100% sure; from=/, 'the log has what was answered');

$p->sql(<<'');
INSERT INTO recipient_setting (recipient, check_name, setting) VALUES
    ('wish@example.org', 'helo_not_fqdn', 'defer "%{recipient} wants names, not %{helo}"'),
    ('typo@example.org', 'helo_not_fqdn', 'defer "%{recipent}"'),
    ('lone@example.org', 'helo_not_fqdn', 'defer "100%"');

eventually { $p->ask(@nodot, recipient => 'wish@example.org') =~ /^450 4\.7\.1 wish\@example\.org wants names, not nodot \(/ }
    'a recipient\'s own text has macros too';
my %problem = map { /^([^|]*)\|(.*)/ } $p->sql("SELECT row, finding FROM problem WHERE list = 'recipient_setting'");
like $problem{'typo@example.org helo_not_fqdn'}, qr/%\{recipent\}.*did you mean recipient\?.*client_address/,
    'a macro there is not stands in the view problem, with those there are';
like $problem{'lone@example.org helo_not_fqdn'}, qr/write %%/, 'and a lone %';

my @mistakes = (
	[ "[mx]\nhelo_syntax = reject \"%{hello}\"\n",                    qr/:2: .*%\{hello\}.*did you mean helo\?.*reference/ ],
	[ "[mx]\nmode = log\ndnsbl = defer \"see %{help_url\"\n",         qr/:3: .*closing bracket; write/ ],
	[ "[mx]\ndeny = reject \"50% off\"\n",                            qr/:2: .*write %%/ ],
	[ "[mx]\ndeny = reject \"" . 'x' x 201 . "\"\n",                  qr/:2: .* 201 bytes.* 200/ ],
	[ "[mx]\ndeny = reject \"" . '%{finding}' x 21 . "\"\n",          qr/:2: .* 210 bytes.* 200/ ],
	[ "[server]\nhelp_url = www.example.org\n",                       qr/:2: .*no URL; write/ ],
	[ "[server]\nhelp_url = https://example.org/%{sender}\n",         qr/:2: .*write check or reference/ ],
	[ "[server]\nhelp_url = https://example.org/" . 'x' x 101 . "\n", qr/:2: .*too long by 1 byte/ ],
	[ "[server]\nmode = test\n",                                      qr/:2: .*write enforce or log/i ],
);
my $none = Policyd::Daemon->new;
for (@mistakes) {
	my ($conf, $want) = @$_;
	spew($none->config, $conf);
	my ($exit, $out, $err) = $none->command('', '-n');
	is $exit, 1, '-n finds the mistake in ' . ($conf =~ /([^\n]{0,60})[^\n]*\n\z/)[0];
	like $err, $want, 'and says where, what, and what would be right';
}

# ---- help_url ----

my $help = 'https://postmaster.example.org/help';
$p->reload(server => { help_url => $help });
my $see = qr{\(see \Q$help\E\?rule=helo_not_fqdn&ref=$ref\)$};
eventually { $p->ask(@nodot) =~ $see } 'help_url is told with rule and reference';
is verdict($p->ask(@nodot)), '550 5.7.1 helo_not_fqdn', 'in a form that can be read';
like $p->ask(sender => 'a@nothing.example'), qr{bounce, \Q$help\E\?rule=sender_no_mx&ref=$ref$}, 'once, if the text has it';
like $p->ask(sender => 'a@broken.example'), qr{^451 4\.4\.3 cannot look up .* \(see \Q$help\E\?rule=sender_no_mx&ref=$ref\)$},
    'what cannot be told is said in our own words';
$p->reload(server => { help_url => "$help/%{check}/%{reference}", decision_log => 'off' });
eventually { $p->ask(@nodot) =~ m{\(see \Q$help\E/helo_not_fqdn/\)$} } 'or where help_url wants them; without a row no reference';
is $p->stop, 'exit 0', 'policyd stops';

# ---- the dry run ----

my $conf = profile('mx', helo_not_fqdn => 'reject', sender_no_mx => 'score 3', helo_literal => 'log', score_reject => 3) .
    profile('other', helo_literal => 'defer');
my $dry = Policyd::Daemon->new(dns => $dns, profiles => $conf);
$dry->configure(server => { mode => 'log', decision_log => 'off', metrics_file => "$dry->{dir}/policyd.prom" });
$dry->run;
$dry->says(qr/^mode = log: nothing is refused/m, 'mode = log is said at the start');
is $dry->ask(@nodot), 'DUNNO', 'nothing is refused' for 1 .. 3;
is $dry->ask(sender => 'a@nothing.example'), 'DUNNO', 'by no score';
is $dry->ask(helo_name => '[192.0.2.99]'), 'DUNNO', 'what is logged is not';
is $dry->ask(helo_name => '[192.0.2.99]', policy_context => 'other'), 'DUNNO', 'in no profile';
like +($dry->command(request(@nodot), '-x'))[1], qr/mode = log: nothing is refused.*would: reject helo_not_fqdn.*^action=DUNNO$/ms,
    '-x says so';
$dry->says(qr/^NOQUEUE: pass: .* would=<score sender_no_mx, reject score_reject>/m, 'the log has what would have been');

# What is counted, as "reject helo_not_fqdn 3", whatever the day.
sub would { join ', ', $dry->sql("SELECT action || ' ' || check_name || ' ' || sum(requests) FROM would_have
    GROUP BY action, check_name ORDER BY action, check_name") }
eventually { would eq 'defer helo_literal 1, object helo_literal 1, reject helo_not_fqdn 3, reject score_reject 1, score sender_no_mx 1' }
    'the view would_have counts it';
is $dry->sql('SELECT count(*) FROM decision'), 0, 'though no decision was kept';
is $dry->sql("SELECT count(*) FROM would_have WHERE day < date('now', '-1 day')"), 0, 'by day';
is $dry->stop, 'exit 0', 'policyd stops';
is $dry->metric('policyd_would_total{check="helo_not_fqdn",action="reject"}'), 3, 'policyd_would_total counts it';
is $dry->metric('policyd_decisions_total{check="",action="dunno"}'), 6, 'as passes';

$dry->configure(server => { mode => 'enforce', decision_log => 'refusals' });
$dry->run;
unlike $dry->log =~ s/.*stopped//sr, qr/mode = log/, 'enforcing, nothing is said';
is verdict($dry->ask(@nodot)), '550 5.7.1 helo_not_fqdn', 'and clients are refused';
is $dry->ask(helo_name => '[192.0.2.99]'), 'DUNNO', 'a shadow check';
is $dry->ask(@nodot, helo_name => '[192.0.2.99]', sender => 'a@nothing.example') =~ /^550 .*score_reject/, 1, 'beside a refusal';
eventually { would =~ /object helo_literal 3, reject helo_not_fqdn 3,/ } 'another start goes on counting, rows or not';
$dry->reload(server => { mode => 'log' });
$dry->says(qr/read again.*mode = log: nothing is refused/s, 'mode = log is said at a reload, too');
eventually { $dry->ask(@nodot) eq 'DUNNO' } 'and obeyed';

# ---- a real Postfix ----

if (my $why = Policyd::Postfix->why_not) {
	BAIL_OUT("no Postfix, and this is CI: $why") if $ENV{CI};
	note "no test with Postfix: $why";
	done_testing;
	exit;
}
my $long = 'https://postmaster.example.org/' . 'a' x 85;
my $real = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix', help_url => $long },
    profiles => profile('mx', helo_not_fqdn => 'reject', helo_syntax => 'reject',
    sender_no_mx => 'reject "%{sender} (100%%): %{finding}; %{help_url}"'));
my $socket = $real->socket;
my $postfix = Policyd::Postfix->start(
    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=mx }");
sub rcpt {
	my ($helo, $sender) = @_;
	return $postfix->client(name => 'mx.example.net', helo => $helo)->mail($sender, 'known@example.org');
}
my $before = qr/^550 5\.7\.1 <known\@example\.org>: Recipient address rejected:/;
like rcpt('mx.example.net', 'b@example.net'), qr/^250 2\.1\.5 /, 'Postfix: a good client is let in';
like rcpt('nodot', 'b@example.net'), qr{$before the HELO name nodot is not fully qualified; greet with the public name of your server \(see \Q$long\E\?rule=helo_not_fqdn&ref=$ref\)$},
    'Postfix passes finding and URL on';
like rcpt('mx.example.net', 'a%s@nothing.example'), qr{$before a%s\@nothing\.example \(100%\): .*; \Q$long\E\?rule=sender_no_mx&ref=$ref$},
    'and the site\'s own text';
my $shouted = rcpt('_' . 'a' x 400, 'b@example.net');
like $shouted, qr{$before .* \(see \Q$long\E\?rule=helo_syntax&ref=$ref\)$}, 'a name as long as can be leaves the URL whole';
cmp_ok length($shouted =~ s/<known.*rejected: //r), '<', 400, 'in less than 400 characters';
my ($kept) = $shouted =~ /ref=(\w+)/;
is $real->sql("SELECT DISTINCT check_name FROM why WHERE ref = '$kept'"), 'helo_syntax', 'its reference can be looked up';
is $real->stop, 'exit 0', 'policyd stops';
unlike $postfix->log, qr/(?:fatal|panic|unsupported|bad|unknown restriction)[: ]/, 'Postfix had nothing to complain about';

done_testing;
