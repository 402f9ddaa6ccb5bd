#!/usr/bin/perl
# store.t - every refusal has its row; and whatever happens to the database, mail flows
use lib 't/lib';
use Policyd::Daemon;
use Policyd::Test;
use IPC::Open2;

my $checks = profile('mx', deny => 'reject', helo_not_fqdn => 'reject', helo_literal => 'log');
my ($refusal, $n) = ('550 5.7.1 helo_not_fqdn', 0);

# Every daemon keeps its database in a folder by itself, which may belong to another user.
sub start {
	my (%server) = @_;
	my $dir = folder . '/db' . $n++;
	mkdir $dir or die "$dir: $!";
	chown scalar getpwnam('nobody'), -1, $dir if !$>;
	return Policyd::Daemon->start(profiles => $checks,
	    server => { database => "$dir/policyd.db", user => $> ? '' : 'nobody', deadline => '2s', %server });
}

my $refused = 0;
sub refuse { my $p = shift; $refused++; return $p->ask(helo_name => 'nodot') }
sub recovers {
	my ($p, $title) = @_;
	my $reply;
	eventually { defined reference($reply = refuse($p)) } $title;
	return is $p->sql(q(SELECT count(DISTINCT ref) FROM why WHERE ref = ') . reference($reply) . q(')), 1, "$title: its row is there";
}

# Two refusals, soon, without reference; a pass too.
sub flows {
	my ($p, $title) = @_;
	for my $time (1, 2) {
		my $start = time;
		my $reply = refuse($p);
		is verdict($reply), $refusal, "$title: still refused";
		is reference($reply), undef, 'without a reference';
		cmp_ok time - $start, '<', 10, 'soon';
	}
	is $p->ask, 'DUNNO', 'what may pass, passes';
	return $p->says(qr/warning: /, 'a warning says so');
}

# ---- rows ----

my $p = start(decision_log => 'all');
$refused = 1;
my $reply = $p->ask(helo_name => 'nodot', sender => "o'b\xfcb\t\@example.net", sasl_method => '', size => 77);
my $reference = reference($reply);
my @row = split /\|/, $p->sql('SELECT action, check_name, client_address, helo, recipient, stage FROM decision');
is_deeply \@row, [qw(reject helo_not_fqdn 192.0.2.7 nodot ann@example.org RCPT)], 'a refusal has a row when its answer leaves';
my $why = $p->sql("SELECT * FROM why WHERE ref = '$reference'");
like $why, qr/helo_not_fqdn/, 'why: the check';
like $why, qr/is not fully qualified/, 'why: the finding';
like $why, qr/\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d/, 'why: a time that people can read';
unlike $why, qr/[^\n\x20-\x7e]/, 'why: nothing that harms a terminal';
is $p->sql('SELECT count(DISTINCT ref) FROM why WHERE ref = lower(' . "'$reference')"), 1, 'a reference in lower case is found too';
is $p->ask(helo_name => '[192.0.2.99]'), 'DUNNO', 'a pass';
eventually { $p->sql("SELECT would FROM decision WHERE action = 'dunno'") eq 'object helo_literal' } 'has a row soon';

for my $case ([ 'refusals', 1 ], [ 'off', 0 ]) {
	my ($log, $rows) = @$case;
	my $q = start(decision_log => $log);
	$q->ask for 1 .. 3;
	is defined(reference($q->ask(helo_name => 'nodot'))) + 0, $rows, "decision_log = $log: a reference only where there is a row";
	is $q->stop, 'exit 0', "decision_log = $log: stops";
	is $q->sql('SELECT count(*) FROM decision'), $rows, "decision_log = $log: $rows rows";
}

# ---- trouble ----

my $pid = open2(my $from, my $to, 'sqlite3', '-batch', $p->database);
$to->autoflush(1);
print $to ".timeout 10000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n";
is scalar readline $from, "locked\n", 'somebody locks the database';
flows($p, 'locked');
close $to;
waitpid $pid, 0;
recovers($p, 'unlocked');
eventually { $p->sql("SELECT count(*) FROM decision WHERE action = 'reject'") == $refused } 'what was refused meanwhile is written then';

for (1 .. 2000) { last if -s $p->database . '-wal' > 65536; refuse($p) }
sub file_size_limit {
	my @as = $> ? () : qw(setpriv --reuid nobody --regid nogroup --clear-groups);	# whom policyd became

	return system(@as, 'prlimit', '--pid', $p->{pid}, "--fsize=$_[0]:") == 0 || die 'prlimit';
}
file_size_limit(49152);				# no byte more; the log is shorter
flows($p, 'full');
file_size_limit('unlimited');
recovers($p, 'room again');
is $p->stop, 'exit 0', 'stops';

my $db = $p->database;
my ($folder) = $db =~ m{(.*)/};
my $nobody = [stat $folder]->[4];
sub permissions {
	my ($mode, $owner) = @_;
	chown $owner, -1, $folder, glob "$db*" if !$>;
	chmod $mode & 0666, glob "$db*";
	chmod $mode, $folder;
}
permissions(0555, 0);
$p->run;
flows($p, 'read-only');
$p->says(qr/warning: store: .*; it and its folder must be there and belong to the user policyd runs as; mail flows/, 'the log says what helps');
permissions(0755, $nobody);
recovers($p, 'writable again');
is $p->stop, 'exit 0', 'stops';

spew($db, 'This is no database. ' x 1000);
unlink "$db-wal", "$db-shm";
chown $nobody, -1, $db if !$>;
$p->run;
recovers($p, 'corrupt: a new database is made');
my ($aside) = glob "$db.corrupt-*";
like slurp($aside // ''), qr/^This is no database/, 'the old one is kept';
$p->says(qr/\.corrupt-/, 'and the log says where');

is $p->stop, 'exit 0', 'stops';
$p->sql('PRAGMA user_version = 9999');
ok !eval { $p->run; 1 }, 'a database that is newer than the program: policyd does not start';
$p->says(qr/error: .*9999/, 'and says why');

# ---- kill -9 in mid-load ----

my $q = start();
my @askers = map {
	my $file = folder . "/acknowledged$_";
	my $asker = fork // die "fork: $!";
	if (!$asker) {
		my $c = $q->connect;
		open my $out, '>', $file;
		$out->autoflush(1);
		while (defined(my $reply = $c->ask(request(helo_name => 'nodot')))) {
			print $out reference($reply) // 'none', "\n";
		}
		POSIX::_exit(0);
	}
	[ $asker, $file ];
} 1 .. 4;
sub acknowledged { return map { split /\n/, slurp($_->[1]) } @askers }
eventually { (() = acknowledged()) > 400 } 'load';
is $q->kill9, 'signal 9', 'killed in the middle of it';
waitpid $_->[0], 0 for @askers;
$q->run;
my %rows = map { $_ => 1 } $q->sql('SELECT ref FROM why');
my @lost = grep { !$rows{$_} } acknowledged();
is_deeply \@lost, [], 'no refusal that was answered is lost';
is $q->sql('SELECT sum(n) FROM counter'), $q->sql('SELECT count(*) FROM decision'), 'nor a count, nor is one doubled';
is $q->sql('PRAGMA integrity_check'), 'ok', 'the database is whole';
recovers($q, 'and goes on');

done_testing;
