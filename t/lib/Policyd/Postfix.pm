# Postfix.pm - a Postfix of the test's own: private configuration, queue and ports
#
#	my $postfix = Policyd::Postfix->start("check_policy_service { unix:$socket, … }");
#	my $client = $postfix->client(addr => '192.0.2.7', helo => 'mx.example.net');
#
# Its mail goes nowhere: known@example.org and postmaster@example.org are
# mailboxes of a transport that discards.  why_not() says why it is impossible here;
# own_network(), called first, moves the test into a network namespace.
#
# apply() puts contrib/postfix's sets into it, accounts() lets people log in, with a certificate.
#
# new() only writes the configuration, into $postfix->config; what is there when run() is
# called counts, and the services smtp, submission and submissions get ports of their own.
package Policyd::Postfix;
use strict;
use warnings;

use DB_File;
use Fcntl;
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
	return $class->new("smtpd_recipient_restrictions = reject_unauth_destination, $policy")->run;
}

# With these lines in main.cf, too.
sub new {
	my ($class, @main) = @_;
	my $dir = folder . '/postfix' . ($count++ || '');
	mkdir "$dir$_" or die "$dir$_: $!" for '', qw(/etc /queue /data);
	chown scalar getpwnam('postfix'), -1, "$dir/data" or die "chown: $!";
	spew("$dir/etc/main.cf", <<~EOT, map { "$_\n" } @main);
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
		EOT
	spew("$dir/etc/master.cf", <<~EOT, map { "$_ unix - - n - - $_\n" } qw(discard error retry proxymap));
		smtp inet n - n - - smtpd
		rewrite unix - - n - - trivial-rewrite
		postlog unix-dgram n - n - 1 postlogd
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		anvil unix - - n - 1 anvil
		tlsmgr unix - - n 1000? 1 tlsmgr
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		EOT
	return bless { dir => $dir }, $class;
}

sub run {
	my $self = shift;
	my $master = slurp($self->config . '/master.cf');
	$master =~ s/^(smtp|submission|submissions)(?=\s+inet\s)/'127.0.0.1:' . ($self->{port}{$1} = reserved_port)/gem;
	spew($self->config . '/master.cf', $master);
	settle($self->config);
	$self->command('check');
	$self->command('start');
	$running{$self->{dir}} = $self;
	my $end = time + 15;
	until (eval { Policyd::SMTP->dial(port => $self->{port}{smtp}) }) {
		die "postfix did not start: $@\n" . $self->log if time > $end;
		sleep 0.05;
	}
	return $self;
}

# As a postmaster would: what it said, which is nothing if all is well.
sub apply { my ($self, @words) = @_; return apply_sets($self->config, 'contrib/postfix', @words) }

# The same for any configuration, of the sets in $from.
sub apply_sets {
	my ($config, $from, @words) = @_;
	local $ENV{MAIL_CONFIG} = $config;
	settle($config);
	return qx($from/apply @words 2>&1) . ($? ? 'exit ' . ($? >> 8) : '');
}

# What is a site's own: a certificate, and who may log in, by Cyrus SASL.
sub accounts {
	my ($self, %password) = @_;
	my ($config, $db) = ($self->config, "$self->{dir}/sasldb");
	system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=mx.example.org "
	    . "-days 2 -keyout $config/key.pem -out $config/cert.pem 2>/dev/null") == 0 or die 'openssl';
	system('postconf', '-c', $config, '-e', "smtpd_tls_cert_file = $config/cert.pem", "smtpd_tls_key_file = $config/key.pem") == 0 or die 'postconf';
	mkdir "$config/sasl" or die;
	spew("$config/sasl/smtpd.conf", <<~EOT);
		pwcheck_method: auxprop
		auxprop_plugin: sasldb
		sasldb_path: $db
		mech_list: PLAIN
		EOT
	tie my %users, 'DB_File', $db, O_CREAT | O_RDWR, 0600, $DB_HASH or die "sasldb: $!";
	for (keys %password) {
		my ($name, $realm) = /^(.*)@(.*)$/s;
		$users{"$name\0$realm\0userPassword"} = $password{$_};
	}
	untie %users;
	chown scalar getpwnam('postfix'), -1, $db or die "chown: $!";
}

# Make a configuration look old: Postfix waits for a second or two before it reads a fresh one.
sub settle { my $dir = shift; utime 1e9, 1e9, "$dir/main.cf", "$dir/master.cf" or die "utime: $!" }

# What it said, which is nothing if all is well.
sub command {
	my ($self, $word) = @_;
	# Without a terminal Postfix says nothing of its own troubles; script(1) is one.
	my $said = qx(script -qec 'postfix -c $self->{dir}/etc $word' /dev/null 2>&1 </dev/null);
	die "postfix $word: $said" if $?;
	return $said;
}

sub config { "$_[0]{dir}/etc" }
sub queue { "$_[0]{dir}/queue" }
sub client { my ($self, %o) = @_; return Policyd::SMTP->new(port => $self->{port}{smtp}, %o) }
sub dial { my ($self, $service, %o) = @_; return Policyd::SMTP->dial(port => $self->{port}{$service}, %o) }
sub log_file { "$_[0]{dir}/log" }
sub log { slurp($_[0]->log_file) }

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
