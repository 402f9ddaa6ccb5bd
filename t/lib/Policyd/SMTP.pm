# SMTP.pm - an SMTP client that plays any client, by XCLIENT
#
#	my $c = Policyd::SMTP->new(port => 2525, addr => '192.0.2.7', name => 'mx.example.net', helo => '…');
#	like $c->mail('bob@example.net', 'ann@example.org'), qr/^250 2\.1\.5/, 'the reply to RCPT';
#
# addr, name, reverse_name and login go into XCLIENT; name and reverse_name are
# [UNAVAILABLE] when not given, which Postfix shows as unknown.  With helo => ''
# the client does not greet.
package Policyd::SMTP;
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;

sub new {
	my ($class, %o) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$o{port}") or die "port $o{port}: $!";
	my $self = bless { socket => $socket, left => '', helo => $o{helo} // 'mx.example.net' }, $class;
	$self->expect(220, $self->reply);
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
sub say { my ($self, $line) = @_; syswrite $self->{socket}, "$line\r\n"; return $self->reply }

sub reply {
	my $self = shift;
	until ($self->{left} =~ /^\d{3}(?: .*)?\r\n/m) {
		IO::Select->new($self->{socket})->can_read(40) or return '(no reply)';
		sysread($self->{socket}, $self->{left}, 65536, length $self->{left}) or return '(closed)';
	}
	$self->{left} =~ s/\A((?:\d{3}-.*\r\n)*\d{3}(?: .*)?)\r\n// or return "(no reply: $self->{left})";
	return $1 =~ s/\r//gr;
}

sub expect { my ($self, $code, $reply) = @_; $reply =~ /^$code/ or die "SMTP: $reply"; return $reply }

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
