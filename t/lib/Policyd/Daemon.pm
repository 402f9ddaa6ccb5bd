# Daemon.pm - the real policyd, started as a postmaster would
#
#	my $p = Policyd::Daemon->start(
#	    dns => $dns,			# a Policyd::DNS; without one every question fails at once
#	    server => { log_passes => 'yes' },	# into [server], undef takes a line out
#	    profiles => profile('mx', client_no_rdns => 'reject'));
#	is verdict($p->ask(client_name => 'unknown')), '550 5.7.25 client_no_rdns', 'title';
#
# policyd-feed is one, too: program => 'policyd-feed', words => ['-F', $log].
#
# Every daemon has a folder of its own, where its configuration, database, log
# and socket are.  It listens on a unix socket, and on TCP if tcp => 1.  One
# that dies by itself, by a signal, or not at the end of the test fails the test.
package Policyd::Daemon;
use strict;
use warnings;

use Policyd::Test;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX 'WNOHANG';
use Time::HiRes 'sleep';

my (%running, $daemons);

# ---- start and stop ----

# Only the configuration is written; started with run().
sub new {
	my ($class, %o) = @_;
	my $dir = folder . '/policyd' . ($daemons++ || '');
	mkdir $dir or die "$dir: $!";
	my $self = bless { dir => $dir, prefix => [], %o }, $class;
	$self->{port} = reserved_port if $o{tcp};
	$self->configure;
	my $user = ($self->{server} // {})->{user};
	chown scalar getpwnam($user), -1, $dir if $user && !$>;	# whom policyd becomes makes the database
	return $self;
}

sub start { my ($class, %o) = @_; return $class->new(%o)->run }

# Write policyd.conf anew: what is not given stays as it was.
sub configure {
	my ($self, %o) = @_;
	my $dir = $self->{dir};
	$self->{$_} = $o{$_} for keys %o;
	my %server = (
		listen => join(', ', "unix:$dir/socket", $self->{port} ? "inet:127.0.0.1:$self->{port}" : ()),
		database => $self->database, log_to => 'stderr', log_passes => 'no', decision_log => 'refusals',
		nameservers => $self->{dns} ? $self->{dns}->address : '127.0.0.1:1',
		dns_timeout => '5s', dns_tries => 1, deadline => '8s', user => '',
		%{$self->{server} // {}},
	);
	my @lines = map { defined $server{$_} ? "$_ = $server{$_}\n" : () } sort keys %server;
	# The names in our tests are examples, which the shipped default reserves.
	return spew($self->config, "[server]\n", @lines, $self->{profiles} // "[mx]\nhelo_reserved_names = localhost local\n");
}

sub config { "$_[0]{dir}/policyd.conf" }
sub database { $_[0]{server}{database} // "$_[0]{dir}/policyd.db" }
sub socket { "$_[0]{dir}/socket" }

sub binary {
	my $self = shift;
	my $policyd = $ENV{POLICYD} // 'build/policyd';
	return ref $self && $self->{program} ? $policyd =~ s/[^\/]*$/$self->{program}/r : $policyd;
}

sub run {
	my $self = shift;
	my $log = "$self->{dir}/log";
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open STDIN, '<', '/dev/null';
		open STDERR, '>>', $log;
		open STDOUT, '>&', \*STDERR;
		delete @ENV{qw(NOTIFY_SOCKET LISTEN_FDS LISTEN_PID JOURNAL_STREAM WATCHDOG_USEC)};
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
		exec @{$self->{prefix}}, $self->binary, '-c', $self->config, @{$self->{words} // []} or POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	$running{$pid} = $self;
	my $end = time + 15;
	until ($self->log =~ /ready: pid $pid\b/) {
		my $died = $self->died;
		die "policyd did not start: " . ($died // 'not ready') . "\n" . $self->log
		    if defined $died || time > $end;
		sleep 0.01;
	}
	return $self;
}

sub reload { my $self = shift; $self->configure(@_); $self->signal('HUP') }

# Answers come in time however slow the machine is; what expects silence wants a shorter time, and gives it back.
sub set_dns_timeout {
	my ($self, $time) = @_;
	my $again = qr/ read again$/m;
	my $before = () = $self->log =~ /$again/g;
	$self->reload(server => { %{$self->{server} // {}}, dns_timeout => $time });
	my $end = time + 15;
	until ((() = $self->log =~ /$again/g) > $before) {
		die "policyd did not read its configuration again\n" . $self->log if time > $end;
		sleep 0.01;
	}
}

sub signal { my ($self, $name) = @_; kill $name, $self->{pid} or die "kill: $!" }

# How it ended: 'exit 0', 'signal 11'; undef while it runs.
sub died {
	my $self = shift;
	return $self->{died} if !$self->{pid};
	local $?;
	waitpid($self->{pid}, WNOHANG) > 0 or return undef;
	delete $running{$self->{pid}};
	delete $self->{pid};
	delete $self->{kept};
	return $self->{died} = $? & 127 ? 'signal ' . ($? & 127) : 'exit ' . ($? >> 8);
}

sub ended {
	my $self = shift;
	my $end = time + 15;
	while (!defined $self->died) {
		return 'still there' if time > $end;
		sleep 0.01;
	}
	return $self->{died};
}

sub stop { my $self = shift; $self->signal('TERM') if $self->{pid}; return $self->ended }
sub kill9 { my $self = shift; $self->signal('KILL'); return $self->ended }

END {
	my $status = $?;
	for my $self (values %running) {
		my $how = $self->died // $self->stop;
		if ($how eq 'still there') {
			$how = $self->kill9 . ', for it did not stop';
		}
		next if $how eq 'exit 0';
		diag "policyd: $how\n" . substr $self->log, -4000;
		$status ||= 1;
	}
	$? = $status;
}

# ---- talk ----

sub connect { my $self = shift; return Policyd::Connection->new($self->{pid} && $self->socket) }
sub connect_tcp { my $self = shift; return Policyd::Connection->new("127.0.0.1:$self->{port}") }

# The action for a request with these attributes, over one connection that is kept.
sub ask { my ($self, %with) = @_; return $self->ask_bytes(request(%with)) }

sub ask_bytes {
	my ($self, $bytes) = @_;
	$self->{kept} //= $self->connect;
	my $action = $self->{kept}->ask($bytes);
	delete $self->{kept} if !defined $action;
	return $action;
}

# ---- look ----

sub log { slurp("$_[0]{dir}/log") }

# A test: the log has, or soon has, a line like this.
sub says {
	my ($self, $like, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return eventually { $self->log =~ $like } $title // "the log says $like";
}

# The sqlite3 CLI's answer: all of it, or its lines.
sub sql {
	my ($self, $statement) = @_;
	open my $cli, '-|', 'sqlite3', '-batch', '-noheader', '-cmd', '.timeout 10000', $self->database, $statement
	    or die "sqlite3: $!";
	chomp(my @lines = readline $cli);
	close $cli or die "sqlite3: $statement: $?";
	return wantarray ? @lines : join "\n", @lines;
}

# policyd -c FILE @words with $input on stdin: exit status, stdout, stderr.
sub command {
	my ($self, $input, @words) = @_;
	my ($in, $out, $err) = map { "$self->{dir}/command.$_" } qw(in out err);
	spew($in, $input);
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open STDIN, '<', $in;
		open STDOUT, '>', $out;
		open STDERR, '>', $err;
		exec $self->binary, '-c', $self->config, @words or POSIX::_exit(127);
	}
	local $?;
	waitpid $pid, 0;
	return $? & 127 ? "signal $?" : $? >> 8, slurp($out), slurp($err);
}

# A Prometheus line's value: metric('policyd_decisions_total{…}'); metrics_file must be set.
sub metric {
	my ($self, $name) = @_;
	return slurp("$self->{dir}/policyd.prom") =~ /^\Q$name\E (\S+)$/m ? $1 : undef;
}

package Policyd::Connection;
use IO::Select;
use Time::HiRes 'time';

# To "127.0.0.1:PORT" or the path of a unix socket.
sub new {
	my ($class, $to) = @_;
	my $socket = ($to =~ m{^/} ? IO::Socket::UNIX->new(Peer => $to) : IO::Socket::INET->new(PeerAddr => $to))
	    or die "$to: $!";
	return bless { socket => $socket, left => '' }, $class;
}

sub send {
	my ($self, $bytes) = @_;
	while (length $bytes) {
		my $n = syswrite($self->{socket}, $bytes) or return 0;
		substr $bytes, 0, $n, '';
	}
	return 1;
}

# The next answer's action; undef if the peer hung up, or nothing came in time.
sub reply {
	my ($self, $seconds) = @_;
	my $end = time + ($seconds // 15);
	until ($self->{left} =~ /\n\n/) {
		my $wait = $end - time;
		return undef if $wait <= 0 || !IO::Select->new($self->{socket})->can_read($wait);
		sysread($self->{socket}, $self->{left}, 65536, length $self->{left}) or return undef;
	}
	(my $reply, $self->{left}) = split /\n\n/, $self->{left}, 2;
	return $reply =~ /\Aaction=([!-~](?:[ -~]*[!-~])?)\z/ ? $1 : "(no reply Postfix would like: $reply)";
}

sub ask { my ($self, $bytes) = @_; $self->send($bytes) or return undef; return $self->reply }

# True once the peer has closed without a further word.
sub closed {
	my ($self, $seconds) = @_;
	my $ready = IO::Select->new($self->{socket})->can_read($seconds // 15) or return 0;
	return $self->{left} eq '' && !sysread $self->{socket}, my $byte, 1;
}

sub open { my $self = shift; return !IO::Select->new($self->{socket})->can_read(0) }

1;
