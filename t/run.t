#!/usr/bin/perl
# run.t - what `make run` starts: the first screen shows the main job done, and policyd goes on until told to stop
use lib 't/lib';
use Policyd::Daemon;
use Policyd::Test;
use Cwd;
use POSIX ();

# A source folder of our own, on a port of our own.
my $dir = folder . '/source';
my $port = reserved_port;
mkdir "$dir$_" or die "$dir$_: $!" for '', '/contrib';
symlink Cwd::abs_path(Policyd::Daemon->binary), "$dir/policyd" or die "symlink: $!";
spew("$dir/contrib/first-run", slurp('contrib/first-run') =~ s/127\.0\.0\.1:10031/127.0.0.1:$port/gr);
chmod 0755, "$dir/contrib/first-run";

sub run {
	my $name = shift;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', "$dir/$name";
	open STDERR, '>&', \*STDOUT;
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
	exec "$dir/contrib/first-run" or POSIX::_exit(127);
}

for my $round ([ 'first', 'TERM' ], [ 'second', 'INT' ]) {
	my ($name, $signal) = @$round;
	my $pid = run($name);
	eventually { slurp("$dir/$name") =~ /Ctrl-C/ || waitpid($pid, POSIX::WNOHANG) } "the $name time: the screen is complete";
	my $screen = slurp("$dir/$name");
	like $screen, qr/client_address=192\.0\.2\.7/, 'it shows a request';
	like $screen, qr/action=550 5\.7\.1 .*\(helo_literal [0-9A-Z]{10}\b/, 'and the answer, a refusal';
	my ($reference) = $screen =~ /\(helo_literal (\w+)/;
	like $screen, qr/database keeps as:\n(?: .*\n|\n)* +\w+ = \Q$reference\E\n/, 'which is in the database';
	my $c = Policyd::Connection->new("127.0.0.1:$port");
	is $c->ask(request(client_address => '127.0.0.1')), 'DUNNO', 'policyd goes on';
	kill $signal, $pid;
	my $end;
	eventually { $end = waitpid $pid, POSIX::WNOHANG } "SIG$signal ends it";
	is $?, 0, 'well';
	ok !eval { Policyd::Connection->new("127.0.0.1:$port") }, 'and nobody listens any more';
	diag $screen if !Test::More->builder->is_passing;
}

done_testing;
