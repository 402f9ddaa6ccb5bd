#!/usr/bin/perl
# metrics.t - the Prometheus text file
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

my $dns = Policyd::DNS->start('example.net MX 10 mx.example.net.', 'broken.example !servfail');
my $file = folder . '/policyd.prom';
my $p = Policyd::Daemon->start(dns => $dns, server => { metrics_file => $file },
    profiles => profile('mx', helo_not_fqdn => 'reject', sender_no_mx => 'reject on_error defer'));
eventually { -s $file } 'written at the start';

$p->ask for 1 .. 3;
$p->ask(helo_name => 'nodot') for 1 .. 2;
$p->ask(sender => 'a@broken.example');
my $bytes = request;
$p->ask_bytes($bytes) for 1 .. 2;
my $c = $p->connect;
$c->send("rubbish\n\n");
ok $c->closed, 'a malformed request';
is $p->stop, 'exit 0', 'stopped';

my $text = slurp($file);
my %value = $text =~ /^([a-z_]+(?:\{[^}]*\})?) (\S+)$/mg;
my @wanted = (
	'policyd_decisions_total{check="",action="dunno"}'                => 4,
	'policyd_decisions_total{check="helo_not_fqdn",action="reject"}'  => 2,
	'policyd_decisions_total{check="sender_no_mx",action="defer"}'    => 1,
	'policyd_resent_total'                                            => 1,
	'policyd_deadline_total'                                          => 0,
	'policyd_unreferenced_total'                                      => 0,
	'policyd_request_seconds_count'                                   => 7,
	'policyd_dns_answers_total{result="found"}'                       => 1,
);
while (my ($name, $want) = splice @wanted, 0, 2) {
	is $value{$name}, $want, $name;
}
cmp_ok $value{'policyd_request_seconds_bucket{le="+Inf"}'} // -1, '==', 7, 'the histogram\'s last bucket holds all';
cmp_ok $value{policyd_request_seconds_sum} // -1, '>', 0, 'and has a sum';

my $label = qr/\w+="[^"\\]*"/;
my @odd = grep { !/^# (?:HELP|TYPE) policyd_\w+ \S/ && !/^policyd_\w+(?:\{$label(?:,$label)*\})? [\d.e+-]+$/ } split /\n/, $text;
is_deeply \@odd, [], 'every line is as Prometheus reads it';
my %kind = $text =~ /^# TYPE (\S+) (\w+)$/mg;
my %help = $text =~ /^# HELP (\S+) (.*)$/mg;
is_deeply [sort keys %kind], [sort keys %help], 'every metric has a type and a sentence';
ok !-e "$file.tmp", 'no temporary file is left';

my ($manual) = slurp('src/policyd.8') =~ /^policyd_decisions_total.*?(?=^\.Ed)/ms ? $& : '';
my @named = sort map { slurp($_) =~ /"(policyd_[a-z_]+)"/g } glob 'src/*/*.c';
is_deeply [sort $manual =~ /^(policyd_\w+)/mg], [do { my %once = map { $_ => 1 } @named; sort keys %once }],
    'policyd(8) has every metric';

my $nowhere = Policyd::Daemon->start(server => { metrics_file => folder . '/no/such/folder/x.prom' });
$nowhere->says(qr/warning: .*no\/such\/folder/, 'a file that cannot be written: a warning');
is $nowhere->ask, 'DUNNO', 'and no harm';

done_testing;
