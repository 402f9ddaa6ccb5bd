# SMTP.pm - an SMTP client that plays any client, by XCLIENT
#
#	my $c = Policyd::SMTP->new(port => 2525, addr => '192.0.2.7', name => 'mx.example.net', helo => '…');
#	like $c->mail('bob@example.net', 'ann@example.org'), qr/^250 2\.1\.5/, 'the reply to RCPT';
#
# addr, name, reverse_name and login go into XCLIENT; name and reverse_name are
# [UNAVAILABLE] when not given, which Postfix shows as unknown.  With helo => ''
# the client does not greet.
#
#	my $c = Policyd::SMTP->dial(port => 2525, from => '127.0.0.9', tls => 'starttls');	# or 'wrapper'
#
# is connected and has said nothing yet; but after STARTTLS the greeting is over, and EHLO is due again:
#
#	$c->greet('laptop'), $c->login('ann@example.org', 'secret')	the replies to EHLO and AUTH
package Policyd::SMTP;
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use MIME::Base64;
use POSIX ();
use Socket;

sub dial {
	my ($class, %o) = @_;
	my $self = bless { left => '', helo => $o{helo} // 'mx.example.net', greeted => ($o{tls} // '') eq 'starttls' }, $class;
	my $from = $o{from} // '127.0.0.1';
	$o{tls} ? $self->dial_tls($from, "127.0.0.1:$o{port}", $o{tls} eq 'starttls' ? qw(-starttls smtp) : ()) :
	    ($self->{socket} = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$o{port}", LocalAddr => $from));
	return $self->{socket} ? $self : die "port $o{port}: $!";
}

# openssl(1) stands between: -quiet makes it hand on every line, those too that begin with R or Q.
sub dial_tls {
	my ($self, $from, $to, @how) = @_;
	socketpair($self->{socket}, my $theirs, AF_UNIX, SOCK_STREAM, 0) or die "socketpair: $!";
	$self->{openssl} = fork // die "fork: $!";
	return if $self->{openssl};
	open STDIN, '<&', $theirs;
	open STDOUT, '>&', $theirs;
	open STDERR, '>', '/dev/null';
	exec qw(openssl s_client -quiet -connect), $to, '-bind', $from, @how or POSIX::_exit(127);
}

sub DESTROY {
	my $self = shift;
	return if !$self->{openssl};
	local $?;
	kill 'TERM', $self->{openssl};
	waitpid $self->{openssl}, 0;
}

sub new {
	my ($class, %o) = @_;
	my $self = $class->dial(%o);
	$self->expect(220);
	$self->expect(250, $self->say('EHLO mx.example.net'));
	my $name = $o{name} // '[UNAVAILABLE]';
	my $addr = $o{addr} // '192.0.2.7';
	$addr = "IPV6:$addr" if $addr =~ /:/;
	my $xclient = "XCLIENT ADDR=$addr NAME=$name REVERSE_NAME=" . ($o{reverse_name} // $name);
	$xclient .= " LOGIN=$o{login}" if $o{login};
	$xclient .= ' HELO=[UNAVAILABLE]' if !length $self->{helo};
	$self->expect(220, $self->say($xclient));
	$self->say("EHLO $self->{helo}") if length $self->{helo};
	return $self;
}

# Send one line; the reply, its lines joined by LF.
sub say { my ($self, $line) = @_; return $self->send("$line\r\n")->reply }

# Send these bytes as they are, in one write.
sub send { my ($self, $bytes) = @_; syswrite $self->{socket}, $bytes; return $self }

sub reply {
	my $self = shift;
	until ($self->{left} =~ /^\d{3}(?: .*)?\r\n/m) {
		IO::Select->new($self->{socket})->can_read(40) or return '(no reply)';
		sysread($self->{socket}, $self->{left}, 65536, length $self->{left}) or return '(closed)';
	}
	$self->{left} =~ s/\A((?:\d{3}-.*\r\n)*\d{3}(?: .*)?)\r\n// or return "(no reply: $self->{left})";
	return $1 =~ s/\r//gr;
}

sub greet {
	my ($self, $name) = @_;
	$self->expect(220) if !$self->{greeted}++;
	return $self->say("EHLO $name");
}

sub login { my ($self, $login, $password) = @_; return $self->say('AUTH PLAIN ' . encode_base64("\0$login\0$password", '')) }

# The reply, or the next one if none is given; dies if it has not that code.
sub expect {
	my ($self, $code, $reply) = @_;
	$reply //= $self->reply;
	return $reply =~ /^$code/ ? $reply : die "SMTP: $reply";
}

# The reply to RCPT in a transaction of its own.
sub mail {
	my ($self, $sender, $recipient) = @_;
	$self->say('RSET');
	my $reply = $self->say("MAIL FROM:<$sender>");
	return $reply =~ /^250/ ? $self->say("RCPT TO:<$recipient>") : $reply;
}

# The reply to the final dot, after mail().
sub deliver {
	my $self = shift;
	my $reply = $self->say('DATA');
	return $reply =~ /^354/ ? $self->say("Subject: test\r\n\r\nHello.\r\n.") : $reply;
}

1;
