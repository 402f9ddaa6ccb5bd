#!/usr/bin/perl
# profiles.t - whose settings a request is judged by, and what each setting does
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

my $dns = Policyd::DNS->start('* !servfail', 'nothing.example !nxdomain');
my @nodot = (helo_name => 'nodot');
my ($reject, $defer) = ('550 5.7.1 helo_not_fqdn', '450 4.7.1 helo_not_fqdn');

my $p = Policyd::Daemon->start(dns => $dns, server => { decision_log => 'all' }, profiles => join '',
    profile('mx', helo_not_fqdn => 'reject', deny => 'reject'),
    "[submission]\ndeny = reject\n",
    "[mild : mx]\nhelo_not_fqdn = defer\n",
    "[milder : mild]\nsender_no_mx = reject\n",
    "[quiet : mx]\nmode = log\nsender_no_mx = reject on_error defer\n",
    profile('off'),
    profile('log', helo_not_fqdn => 'log'),
    profile('later', helo_not_fqdn => 'reject from 2999-12-31'),
    profile('since', helo_not_fqdn => 'reject from 2020-01-01'),
    profile('text', helo_not_fqdn => 'reject "say who you are"'),
    profile('error', sender_no_mx => 'reject on_error defer'),
    profile('error_log', sender_no_mx => 'log on_error defer'),
    profile('both', helo_not_fqdn => 'defer', helo_literal => 'reject', sender_no_mx => 'reject'),
    profile('score', helo_not_fqdn => 'score 2', sender_no_mx => 'score 3', score_defer => 3, score_reject => 5),
    profile('minus', helo_not_fqdn => 'score -2', sender_no_mx => 'score 3', score_reject => 3));

# ---- which profile ----

my %no_mx = (sender => 'a@nothing.example');
my @routes = (
	[ 'mx',                             { policy_context => 'mx' },                                $reject ],
	[ 'an empty context is mx',         { policy_context => '' },                                  $reject ],
	[ 'an unknown context too',         { policy_context => 'nonsense' },                          $reject ],
	[ 'mx-pre asks no such rule',       { policy_context => 'mx-pre' },                            'DUNNO' ],
	[ 'submission',                     { policy_context => 'submission' },                        '550 5.7.0 login_required' ],
	[ 'a login is submission',          { policy_context => 'mx', sasl_username => 'ann' },        'DUNNO' ],
	[ 'and without a context',          { policy_context => '', sasl_username => 'ann' },          'DUNNO' ],
	[ 'a profile the context names',    { policy_context => 'mild' },                              $defer ],
	[ 'a grandchild inherits',          { policy_context => 'milder' },                            $defer ],
	[ 'and has its own',                { policy_context => 'milder', helo_name => 'a.example', %no_mx }, '550 5.7.1 sender_no_mx' ],
	[ 'which its parent has not',       { policy_context => 'mild', helo_name => 'a.example', %no_mx },   'DUNNO' ],
	[ 'not at DATA',                    { protocol_state => 'DATA', recipient_count => 1 },        'DUNNO' ],
	[ 'not at MAIL',                    { protocol_state => 'MAIL', recipient => '' },             'DUNNO' ],
	[ 'nor at END-OF-MESSAGE',          { protocol_state => 'END-OF-MESSAGE' },                    'DUNNO' ],
);
is verdict($p->ask(@nodot, %{$_->[1]})), $_->[2], $_->[0] for @routes;
$p->says(qr/warning: .*policy_context=nonsense/, 'the unknown context is warned about');
$p->says(qr/warning: .*asks at MAIL/, 'and the stage where no rule is asked');

# ---- what a setting does ----

sub row_of {
	my $instance = shift;
	return $p->sql("SELECT action, ifnull(check_name, ''), ifnull(would, '') FROM decision WHERE instance = '$instance'");
}

my %both = (helo_name => '[192.0.2.99]');
my $asked = 0;
my @settings = (
	# context, request, verdict, and what the database has
	[ off       => { @nodot },                            'DUNNO',                    'dunno||' ],
	[ log       => { @nodot },                            'DUNNO',                    'dunno||object helo_not_fqdn' ],
	[ later     => { @nodot },                            'DUNNO',                    'dunno||reject helo_not_fqdn' ],
	[ since     => { @nodot },                            $reject,                    'reject|helo_not_fqdn|' ],
	[ text      => { @nodot },                            $reject,                    'reject|helo_not_fqdn|' ],
	[ quiet     => { @nodot },                            'DUNNO',                    'dunno||reject helo_not_fqdn, defer sender_no_mx' ],
	[ error     => {},                                    '451 4.4.3 sender_no_mx',   'defer|sender_no_mx|' ],
	[ error     => { %no_mx },                            '550 5.7.1 sender_no_mx',   'reject|sender_no_mx|' ],
	[ error_log => {},                                    'DUNNO',                    'dunno||defer sender_no_mx' ],
	[ both      => { @nodot },                            $defer,                     'defer|helo_not_fqdn|' ],
	[ both      => { @nodot, %no_mx },                    '550 5.7.1 sender_no_mx',   'reject|sender_no_mx|' ],
	[ both      => { %both, %no_mx },                     '550 5.7.1 helo_literal',   'reject|helo_literal|' ],
	[ score     => { @nodot },                            'DUNNO',                    'dunno||' ],
	[ score     => { helo_name => 'a.example', %no_mx },  '450 4.7.1 score_defer',    'defer|score_defer|' ],
	[ score     => { @nodot, %no_mx },                    '550 5.7.1 score_reject',   'reject|score_reject|' ],
	[ minus     => { helo_name => 'a.example', %no_mx },  '550 5.7.1 score_reject',   'reject|score_reject|' ],
	[ minus     => { @nodot, %no_mx },                    'DUNNO',                    'dunno||' ],
);
for (@settings) {
	my ($context, $request, $want, $row) = @$_;
	my $title = join ' ', "$context:", map { "$_=$request->{$_}" } sort keys %$request;
	my $instance = 'settings.' . ++$asked;
	is verdict($p->ask(%$request, policy_context => $context, instance => $instance)), $want, $title;
	eventually { row_of($instance) ne '' } "$title: a row";
	is row_of($instance), $row, "$title: says what was, and what would have been";
}
like $p->ask(@nodot, policy_context => 'text'), qr/^550 5\.7\.1 say who you are \(/, 'a setting\'s own text is the reply';
like $p->ask(@nodot, %no_mx, policy_context => 'score'), qr/nothing\.example.*nodot/, 'a score names all it is made of, the heaviest first';
$p->says(qr/pass: .* would=<reject helo_not_fqdn, defer sender_no_mx>/, 'the log has what mode = log would have done');

# ---- what recipients have of their own ----

sub recipient {
	my ($who, $want, $title) = @_;
	return eventually { verdict($p->ask(@nodot, recipient => $who)) eq $want } $title;
}

$p->sql(<<'');
INSERT INTO recipient_profile (recipient, profile) VALUES
    ('Mild@Example.org', 'mild'), ('off.example.org', 'off'), ('strict@off.example.org', 'mx');

recipient('mild@example.org', $defer, 'recipient_profile: an address');
is verdict($p->ask(@nodot, recipient => 'MILD@example.ORG')), $defer, 'in any spelling';
is verdict($p->ask(@nodot, recipient => 'other@example.org')), $reject, 'others are judged as before';
recipient('any@off.example.org', 'DUNNO', 'a domain');
recipient('strict@off.example.org', $reject, 'the address goes before the domain');
is verdict($p->ask(@nodot, recipient => 'any@off.example.org', policy_context => 'mild')), 'DUNNO', 'and both before the context';

$p->sql(<<'');
INSERT INTO recipient_setting (recipient, check_name, setting, note) VALUES
    ('ann@wish.example.org', 'helo_not_fqdn', 'defer "Ann wants it so"', 'called'),
    ('wish.example.org', 'helo_not_fqdn', 'off', ''), ('typo.example.org', 'helo_not_fqdn', 'refuse', ''),
    ('typo.example.org', 'helo_not_fqnd', 'off', '');

recipient('ann@wish.example.org', $defer, 'recipient_setting: an address');
like $p->ask(@nodot, recipient => 'ann@wish.example.org'), qr/Ann wants it so/, 'with its text';
recipient('bob@wish.example.org', 'DUNNO', 'a domain');
is verdict($p->ask(@nodot, recipient => 'a@typo.example.org')), $reject, 'a row that cannot be read changes nothing';
eventually { $p->sql('SELECT * FROM problem') =~ /refuse/ } 'and stands in the view problem';
like $p->sql('SELECT * FROM problem'), qr/helo_not_fqnd/, 'as does a check that is none';
$p->sql("DELETE FROM recipient_setting WHERE recipient = 'ann\@wish.example.org'");
recipient('ann@wish.example.org', 'DUNNO', 'taken back, the domain\'s holds');

# ---- a profile that is not there, and comes ----

my ($named, $profiles) = (q(SELECT row, finding FROM problem WHERE list = 'recipient_profile'), $p->{profiles});
$p->sql("INSERT INTO recipient_profile (recipient, profile) VALUES ('late\@example.org', 'softer')");
eventually { $p->sql($named) eq "late\@example.org|there is no profile 'softer'; policyd -d lists them" } 'a profile that is not there stands in the view problem';
$p->says(qr/warning: store: some rows that people wrote do nothing; SELECT \* FROM problem /, 'and the log says to look there');
is verdict($p->ask(@nodot, recipient => 'late@example.org')), $reject, 'the row changes nothing';
$p->reload(profiles => $profiles . profile('softer', helo_not_fqdn => 'defer'));
recipient('late@example.org', $defer, 'a reload brings it');
eventually { $p->sql($named) eq '' } 'and all is well';
$p->reload(profiles => $profiles);
eventually { $p->sql($named) =~ /softer/ } 'another takes it away';
is verdict($p->ask(@nodot, recipient => 'late@example.org')), $reject, 'and nothing is changed again';

done_testing;
