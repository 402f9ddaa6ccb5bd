#!/usr/bin/perl
# config.t - policyd.conf from outside: -n and -d, and the texts about it; they promise that ...
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $policyd = $ENV{POLICYD} // "$FindBin::Bin/../build/policyd";
my $manual = "$FindBin::Bin/../src/policyd.conf.5";
my $example = "$FindBin::Bin/../policyd.conf.example";
my $folder = tempdir('policyd-config-XXXXXX', TMPDIR => 1);

sub content {
	my ($path) = @_;
	open my $in, '<', $path or BAIL_OUT("$path: $!");
	local $/;
	return scalar <$in>;
}

sub file {
	my ($name, $text) = @_;
	open my $out, '>', "$folder/$name" or BAIL_OUT("$folder/$name: $!");
	print $out $text;
	close $out or BAIL_OUT("$folder/$name: $!");
	return "$folder/$name";
}

# (exit code or signal, stdout, stderr) of policyd with these arguments
sub policyd {
	my $pid = fork // BAIL_OUT("fork: $!");
	if ($pid == 0) {
		open STDOUT, '>', "$folder/out" or die;
		open STDERR, '>', "$folder/err" or die;
		exec $policyd, @_ or die;
	}
	waitpid $pid, 0;
	return ($? & 127 ? "signal " . ($? & 127) : $? >> 8, content("$folder/out"), content("$folder/err"));
}

# { "name" => "default" } of what -d prints, as "server name" or "profile name"
sub effective {
	my ($printed) = @_;
	my ($section, %settings) = ('none');
	for (split /\n/, $printed) {
		$section = $1 eq 'server' ? 'server' : 'profile' if /^\[(\w+)/;
		$settings{"$section $1"} = $2 if /^(\w+) = ?(.*)$/;
	}
	return \%settings;
}

my ($code, $out, $err) = policyd('-c', file('empty', ''), '-d');
is("$code $err", '0 ', 'an empty file is a configuration');
my $defaults = effective($out);
cmp_ok(scalar(keys %$defaults), '>', 20, 'every setting is printed');

# Each setting that a text has otherwise than policyd, or has alone, or has not.
sub agree {
	my ($text, $title) = @_;
	my $say = sub { defined $_[0] ? "'$_[0]'" : 'nothing' };
	my @differ = map { "$_: policyd has " . $say->($defaults->{$_}) . ", the text " . $say->($text->{$_}) }
	    grep { $say->($defaults->{$_}) ne $say->($text->{$_}) } sort keys %{{ %$defaults, %$text }};
	is(join("\n", @differ), '', $title);
}

# ---- the manual page ----
{
	my ($section, %documented) = ('none');
	for (split /\n/, content($manual)) {
		$section = { SERVER => 'server', PROFILES => 'profile' }->{$1} // 'none' if /^\.Sh (.*)/;
		$documented{"$section $1"} = $2 if /^\.It Ic (\w+) = ?(.*)$/ && $section ne 'none';
	}
	agree(\%documented, 'policyd.conf(5) has every setting, where it belongs, with its default, and no other');
}

# ---- the example ----
{
	my ($section, %shown) = ('none');
	my $text = content($example);
	for (split /\n/, $text) {
		$section = $1 eq 'server' ? 'server' : 'profile' if /^\[(\w+)/;
		fail("policyd.conf.example shows $1 twice") if /^#(\w+) =/ && exists $shown{"$section $1"};
		$shown{"$section $1"} = $2 if /^#(\w+) = ?(.*)$/;
	}
	agree(\%shown, 'policyd.conf.example has every setting, where it belongs, with its default, and no other');

	($code, $out, $err) = policyd('-c', $example, '-n');
	is("$code $out$err", '0 ', 'policyd.conf.example is right as shipped');

	# Every comment that is a setting becomes one; what the example sets itself gives way to it.
	my (@lines, %seen, $dropped);
	for (split /^/, $text) {
		my $default = s/^#(\w+ =)/$1/;
		%seen = () if /^\[/;
		$dropped = !$default && $seen{$1}++ if /^(\w+) =/;
		$seen{$1} = 1 if $default && /^(\w+)/;
		push @lines, $_ unless $dropped && /^[\s\w]/;
	}
	my $uncommented = file('uncommented', join '', @lines);
	($code, $out, $err) = policyd('-c', $uncommented, '-n');
	is("$code $out$err", '0 ', 'policyd.conf.example is right with every default uncommented');
	($code, $out, $err) = policyd('-c', $uncommented, '-d');
	my ($own) = $out =~ /\A(.*?)\n\[submission/s;
	agree(effective($own // ""), '... and then says what an empty file says');

	my $wanted = $text =~ s/^# (?=\w+ = )//gmr;
	isnt($wanted, $text, 'it shows what a site may want');
	($code, $out, $err) = policyd('-c', file('wanted', $wanted), '-n');
	is("$code $out$err", '0 ', 'which is right, too');
}

# ---- the profile strict of the example: what hosters publish, to the letter ----
{
	($code, $out, $err) = policyd('-c', $example, '-d');
	my ($strict) = $out =~ /^\[strict : mx\]\n(.*?)(?=^\[|\z)/ms;
	my @soft = grep { !/^(?:spf_(?!fail$)|login_|relay_|quota_)/ } $strict =~ /^(\w+) = (?:off|log|score|defer)\b/mg;
	is("@soft", 'client_block_temporary client_harvesting client_delivery_rate client_reputation client_rdns_mismatch', 'the profile strict refuses for every check that hosters have');
	like($strict, qr/^$_$/m, "... and has $_")
	    for 'allowlists = no', 'sender_mx = required', 'sender_underscore = no', 'dnsbl_threshold = 1',
	    'block_steps = 1h, 1d, 30d, forever';
}

# ---- what -d prints reads back ----
{
	($code, my $once, $err) = policyd('-c', $example, '-d');
	is("$code $err", '0 ', '-d prints the example');
	like($once, qr/^\[strict : mx\]$/m, 'a profile is printed with its parent');
	($code, my $twice, $err) = policyd('-c', file('again', $once), '-d');
	is($twice, $once, 'what -d prints reads back the same');
}

# ---- what does nothing ----
{
	my $users = qr/this is for users of our own, so it does nothing here; write it below \[submission\]$/;
	my @idle = (
		[ <<'END',
[mx]
helo_literal = greylist
null_sender_multiple = greylist
[submission : mx]
login_block =
    greylist "later"
deny = greylist
[strict : mx]
login_block = greylist
END
		[3, qr/null_sender_multiple = greylist: this is asked at DATA, where nothing is greylisted.*; write defer or reject/],
		[7, qr/deny = greylist: users of our own are not greylisted/], [5, qr/login_block = greylist "later": users of our own/],
		[9, qr/login_block = greylist: $users/] ],
		[ <<'END',
[mx]
login_required = off
login_mismatch = reject
relay_spf_soon = log
outbound_addresses = 203.0.113.25
quota = client 9 messages / 1h, login 5 recipients / 1h
[submission]
helo_forged = defer
END
		[3, qr/login_mismatch = reject: $users/], [5, qr/outbound_addresses = .*: $users/],
		[6, qr/quota = client .*: strangers have no login, so what it says of logins does nothing here; write it below \[submission\]$/],
		[8, qr/helo_forged = defer: this is for mail from strangers, so it does nothing here; write it below \[mx\]$/] ],
		[ <<'END',
[mx]
login_mismatch = reject
quota = client 9 messages / 1h, login 5 recipients / 1h
[strict : mx]
login_required = reject from 2027-01-29
[submission : strict]
quota = login 5 recipients / 1h
[lax : mx]
quota = client 9 messages / 1h
login_match = address
END
		[10, qr/login_match = address: $users/] ],
	);
	for (@idle) {
		my ($conf, @want) = @$_;
		my $path = file('idle', $conf);
		($code, $out, $err) = policyd('-c', $path, '-n');
		is("$code $out", '0 ', 'what does nothing where it stands is let pass');
		my @lines = split /\n/, $err;
		like(shift @lines // '', qr/^warning: \Q$path\E:$_->[0]: $_->[1]/, "-n warns of line $_->[0]") for @want;
		is("@lines", '', 'and of nothing else');
	}
}

# ---- domains that are none ----
for (
	[ "[server]\nlogin_realm = \@example.org\n",        qr/:2: login_realm = \@example\.org: no domain name; write the domain alone/ ],
	[ "[server]\nlogin_realm = .example.org\n",         qr/:2: login_realm = \.example\.org: no domain name/ ],
	[ "[submission]\nrelay_include = .example.org\n",   qr/:2: relay_include = \.example\.org: .*write it without the dot/ ],
) {
	my ($conf, $want) = @$_;
	($code, $out, $err) = policyd('-c', file('domain', $conf), '-n');
	is("$code $out", '1 ', $conf);
	like($err, $want, 'it says what is right');
}
($code, $out, $err) = policyd('-c', file('realm', "[server]\nlogin_realm = Müller.example\n"), '-n');
is("$code $out$err", '0 ', 'a realm may be written in any case, and in UTF-8');

# ---- mistakes ----
{
	my $path = file('wrong', <<'END');
[server]
lisen = inet:127.0.0.1:10031
deadline = 5x
log_passes = on
helo_forged = reject
max_connections = 0

[mx]
helo_syntax = rejct
client_no_rdns = defer
    from 2026-02-30
client_no_rdns = reject
allow_clients = 192.0.2.1
mode enforce

[mx]
deny = tarpit

[strict : mxx]
END
	my @want = (
		[2, qr/lisen = inet:.*: .*did you mean listen\?/, 'an unknown name, the nearest one'],
		[3, qr/deadline = 5x: no unit 'x'; write ms, s or m/, 'a unit there is not, those there are'],
		[4, qr/log_passes = on: .*; write yes/, 'a word there is not, the right one'],
		[5, qr/helo_forged = reject: .*; it belongs into a profile/, 'a check in [server]'],
		[6, qr/max_connections = 0: less than 1; write 1 to \d+/, 'a number out of its range'],
		[9, qr/helo_syntax = rejct: .*did you mean reject\?/, 'an action there is not, the nearest one'],
		[10, qr/client_no_rdns = defer from 2026-02-30: no date '2026-02-30'/, 'a day no calendar has'],
		[12, qr/client_no_rdns = reject: set in line 10 already/, 'a setting twice'],
		[13, qr/allow_clients = 192.0.2.1: .*; it belongs into \[server\]/, 'a setting of [server] in a profile'],
		[14, qr/mode enforce: no =; write/, 'a setting without ='],
		[16, qr/\[mx\]: the section stands in line 8 already/, 'a section twice'],
		[17, qr/deny = tarpit: no word 'tarpit'; write off, log, score, greylist, defer or reject/, 'a word not known'],
		[19, qr/\[strict : mxx\]: no profile mxx; did you mean mx\?/, 'a parent there is not, the nearest one'],
	);
	for my $mode ('-n', '-d') {
		($code, $out, $err) = policyd('-c', $path, $mode);
		is("$code $out", '1 ', "$mode: a file with mistakes fails, and nothing is printed");
		my @lines = split /\n/, $err;
		like(shift @lines // '', qr/^\Q$path\E:$_->[0]: $_->[1]/, "$mode tells: $_->[2]") for @want;
		is("@lines", '', "$mode tells nothing else");
	}
	($code, $out, $err) = policyd('-c', "$folder/none", '-n');
	is("$code $out", '1 ', 'a file that is not there fails');
	like($err, qr/^\Q$folder\E\/none: cannot read it: No such file/, '... and it is said why');
}

done_testing;
if (Test::More->builder->is_passing) {
	unlink glob "$folder/*";
	rmdir $folder;
} else {
	diag("files stay in $folder");
}
