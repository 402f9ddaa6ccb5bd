# DNS.pm - a name server that does as a test tells it
#
#	my $dns = Policyd::DNS->start(<<'');
#	192.0.2.7        PTR  mx.example.net.		# an address stands for its reverse name
#	mx.example.net   A    192.0.2.7
#	slow.example     !delay 300			# milliseconds, then the answer
#	any.example      !jitter 30			# up to so many, by chance; the same ones in every test
#	dead.example     !silent			# also !servfail, !refused, !nxdomain,
#	big.example TXT  !truncated			# !truncated: over UDP; of one type only
#	*.bl.example     !servfail			# everything below; "*" is everything
#
#	$dns->add("…"), $dns->clear, $dns->count('mx.example.net', 'A'), $dns->count
#
# It is a child process on 127.0.0.1, a port of its own, UDP and TCP; it ends
# when the test does.  What it has no line for is NXDOMAIN, or no data if it
# has something else at that name or below; the SOA allows 60s of that.  All
# TTLs are 300, or a number that stands before the type.
package Policyd::DNS;
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Net::DNS;
use Socket;
use Time::HiRes 'time';

sub start {
	my ($class, @zone) = @_;
	my ($tcp, $udp) = sockets();
	socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0) or die "socketpair: $!";
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		close $ours;
		$SIG{INT} = 'IGNORE';
		serve($tcp, $udp, $theirs);
		require POSIX;
		POSIX::_exit(0);	# no END block, no DESTROY: those are the test's
	}
	$ours->autoflush(1);
	my $self = bless { control => $ours, port => $udp->sockport, pid => $pid }, $class;
	$self->add(@zone);
	return $self;
}

sub address { '127.0.0.1:' . $_[0]{port} }

sub add { my ($self, @zone) = @_; $self->tell("add $_") for grep { /^[^#\s]/ } map { split /\n/ } @zone }

# Forget all lines and all counts.
sub clear { $_[0]->tell('clear') }

# How many queries came for that name and type, for that name, at all.
sub count { my ($self, $name, $type) = @_; $self->tell('count ' . join ' ', $name // '*', $type // 'ANY') }

sub tell {
	my ($self, $line) = @_;
	print { $self->{control} } "$line\n";
	chomp(my $reply = readline($self->{control}) // die "the DNS server is gone");
	die "dns: $line: $reply" if $reply !~ /^\d+$/;
	return $reply;
}

sub DESTROY {
	my $self = shift;
	close $self->{control};
	local $?;
	waitpid $self->{pid}, 0;
}

# TCP and UDP on one free port.
sub sockets {
	for (1 .. 50) {
		my $tcp = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 20) or die "listen: $!";
		my $udp = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $tcp->sockport, Proto => 'udp');
		next if !$udp;
		$udp->setsockopt(SOL_SOCKET, SO_RCVBUF, 4 << 20);	# hundreds of questions may come at once
		return $tcp, $udp;
	}
	die "no port that is free for UDP and TCP";
}

# ---- the child ----

my (%records, %behaviour, %count, @later);

sub serve {
	my ($tcp, $udp, $control) = @_;
	my $select = IO::Select->new($tcp, $udp, $control);
	my $left = '';
	srand 1;
	$control->autoflush(1);
	while (1) {
		@later = sort { $a->[0] <=> $b->[0] } @later;
		my @ready = $select->can_read(@later ? max(0, $later[0][0] - time) : undef);
		for my $from (@ready) {
			if ($from == $control) {
				sysread($control, $left, 65536, length $left) or return;
				print $control obey($1), "\n" while $left =~ s/^(.*)\n//;
			} elsif ($from == $udp) {
				my $peer = $udp->recv(my $bytes, 4096) // next;
				answer($bytes, 512, sub { $udp->send($_[0], 0, $peer) });
			} elsif ($from == $tcp) {
				my $client = $tcp->accept or next;
				$select->add($client);
			} else {
				my $bytes = read_tcp($from);
				if (defined $bytes) {
					answer($bytes, 65535, sub { syswrite $from, pack('n/a*', $_[0]) });
				} else {
					$select->remove($from);
				}
			}
		}
		(shift @later)->[1]->() while @later && $later[0][0] <= time;
	}
}

sub max { $_[0] > $_[1] ? $_[0] : $_[1] }

sub read_tcp {
	my $from = shift;
	my $len = read_all($from, 2) // return;
	return read_all($from, unpack 'n', $len);
}

# No more than that: select() does not know what a buffer holds.
sub read_all {
	my ($from, $want) = @_;
	my $bytes = '';
	while (length $bytes < $want) {
		sysread($from, $bytes, $want - length $bytes, length $bytes) or return;
	}
	return $bytes;
}

sub obey {
	my ($verb, @words) = split / /, shift, 2;
	my $rest = $words[0] // '';
	if ($verb eq 'clear') {
		%records = %behaviour = %count = ();
		return 0;
	}
	if ($verb eq 'count') {
		my ($name, $type) = split / /, $rest;
		return $count{fold($name) . " $type"} // 0;
	}
	$rest =~ s/\s+#.*//;
	$rest =~ s/^(\S+)\s+// or return "no name";
	my $name = fold($1);
	if ($rest =~ /^(?:([A-Z]+)\s+)?!(silent|servfail|refused|nxdomain|truncated|delay|jitter|normal)\s*(\d*)$/) {
		$behaviour{join ' ', $name, $1 // 'ANY'} = [$2, $3];
		return 0;
	}
	my $ttl = $rest =~ s/^(\d+)\s+// ? $1 : 300;
	my $rr = eval { Net::DNS::RR->new("$name. $ttl IN $rest") } or return "not understood: " . (split /\n/, $@)[0];
	push @{$records{$name}{$rr->type}}, $rr;
	return 0;
}

# Lower case without the last dot, as Net::DNS writes it; an address becomes its reverse name.
sub fold {
	my $name = lc shift;
	$name = lc(Net::DNS::Question->new($name, 'PTR')->qname) if $name =~ /^[\d.]+$|^[\da-f:.]*:[\da-f:.]*$/;
	$name = lc(Net::DNS::DomainName->new($name)->name) if $name =~ /\\/;
	$name =~ s/\.$//;
	return $name;
}

sub answer {
	my ($bytes, $room, $send) = @_;
	my $query = Net::DNS::Packet->new(\$bytes) or return;
	my ($question) = $query->question or return;
	my ($name, $type) = (fold($question->qname), $question->qtype);
	$count{$_}++ for "$name $type", "$name ANY", '* ANY';
	my ($does, $number) = @{behaviour($name, $type)};
	return if $does eq 'silent';

	my $reply = $query->reply;
	$reply->header->ra(1);
	$reply->header->aa(1);
	my %code = (servfail => 'SERVFAIL', refused => 'REFUSED', nxdomain => 'NXDOMAIN');
	$reply->header->rcode($code{$does} // 'NOERROR');
	if ($does eq 'truncated' && $room == 512) {
		$reply->header->tc(1);
	} elsif (!$code{$does}) {
		look_up($reply, $name, $type);
	}
	my $data = $reply->data;
	if (length $data > $room) {
		$reply->pop('answer') while $reply->answer;
		$reply->header->tc(1);
		$data = $reply->data;
	}
	substr($data, 0, 2) = substr $bytes, 0, 2;	# the id; Net::DNS puts one of its own in the place of 0
	$number = rand $number if $does eq 'jitter';
	return push @later, [time + $number / 1000, sub { $send->($data) }] if $does eq 'delay' || $does eq 'jitter';
	$send->($data);
}

sub behaviour {
	my ($name, $type) = @_;
	my @names = ($name);
	my $rest = $name;
	push @names, "*.$rest" while $rest =~ s/^[^.]+\.//;
	for my $n (@names, '*') {
		my $b = $behaviour{"$n $type"} // $behaviour{"$n ANY"};
		return $b if $b;
	}
	return ['normal', 0];
}

sub look_up {
	my ($reply, $name, $type) = @_;
	for (1 .. 10) {
		my $here = $records{$name} // {};
		return $reply->push(answer => @{$here->{$type}}) if $here->{$type};
		last if !$here->{CNAME};
		$reply->push(answer => @{$here->{CNAME}});
		$name = fold($here->{CNAME}[0]->cname);
	}
	$reply->header->rcode('NXDOMAIN') if !grep { $_ eq $name || /\.\Q$name\E$/ } keys %records;
	$reply->push(authority => Net::DNS::RR->new('. 60 IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60'));
}

1;
