# Postfix.pm - a Postfix of the test's own: private configuration, queue and port
#
#	my $postfix = Policyd::Postfix->start("check_policy_service { unix:$socket, … }");
#	my $client = $postfix->client(addr => '192.0.2.7', helo => 'mx.example.net');
#
# Its mail goes nowhere: known@example.org and postmaster@example.org are
# mailboxes of a transport that discards.  why_not() says why it is impossible here;
# own_network(), called first, moves the test into a network namespace.
package Policyd::Postfix;
use strict;
use warnings;

use Policyd::SMTP;
use Policyd::Test;
use Time::HiRes 'sleep';

sub why_not {
	return 'only root can start a Postfix' if $>;
	return 'there is no postfix' if !-x '/usr/sbin/postfix';
	return '';
}

# Go on in a network namespace of our own, where nobody else's mail server is; where that cannot be had, as we are.
sub own_network {
	return if $> || $ENV{POLICYD_OWN_NETWORK}++;
	system('unshare --net ip link set lo up 2>/dev/null') == 0 or return;
	exec 'unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', $^X, $0, @ARGV;
}

my (%running, $count);

sub start {
	my ($class, $policy) = @_;
	my $dir = folder . '/postfix' . ($count++ || '');
	mkdir "$dir$_" or die "$dir$_: $!" for '', qw(/etc /queue /data);
	chown scalar getpwnam('postfix'), -1, "$dir/data" or die "chown: $!";
	my $port = reserved_port;
	spew("$dir/etc/main.cf", <<~EOT);
		compatibility_level = 3.6
		queue_directory = $dir/queue
		data_directory = $dir/data
		maillog_file = $dir/log
		maillog_file_prefixes = $dir
		inet_interfaces = 127.0.0.1
		inet_protocols = all
		myhostname = mx.example.org
		alias_maps =
		mydestination =
		mynetworks = 127.0.0.1
		virtual_mailbox_domains = example.org
		virtual_mailbox_maps = inline:{ known\@example.org=1, postmaster\@example.org=1, ann\@example.org=1 }
		virtual_transport = discard:
		smtpd_peername_lookup = no
		smtpd_authorized_xclient_hosts = 127.0.0.1
		smtpd_error_sleep_time = 0
		smtpd_relay_restrictions = reject_unauth_destination
		smtpd_recipient_restrictions = reject_unauth_destination, $policy
		EOT
	spew("$dir/etc/master.cf", <<~EOT, map { "$_ unix - - n - - $_\n" } qw(discard error retry proxymap));
		127.0.0.1:$port inet n - n - - smtpd
		rewrite unix - - n - - trivial-rewrite
		postlog unix-dgram n - n - 1 postlogd
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		anvil unix - - n - 1 anvil
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		EOT
	my $self = bless { dir => $dir, port => $port }, $class;
	$self->command('check');
	$self->command('start');
	$running{$dir} = $self;
	my $end = time + 15;
	until (eval { Policyd::SMTP->new(port => $port) }) {
		die "postfix did not start: $@\n" . $self->log if time > $end;
		sleep 0.05;
	}
	return $self;
}

sub command {
	my ($self, $word) = @_;
	# Without a terminal Postfix says nothing of its own troubles; script(1) is one.
	my $trouble = qx(script -qec 'postfix -c $self->{dir}/etc $word' /dev/null 2>&1 </dev/null);
	die "postfix $word: $trouble" if $?;
}

sub client { my ($self, %o) = @_; return Policyd::SMTP->new(port => $self->{port}, %o) }
sub log { slurp("$_[0]{dir}/log") }

sub stop {
	my $self = shift;
	delete $running{$self->{dir}};
	$self->command('stop');
}

END {
	my $status = $?;
	$_->stop for values %running;
	$? = $status;
}

1;
