# Test.pm - what every t/*.t begins with
#
#	use lib 't/lib';			# prove and make run in the top folder
#	use Policyd::Test;
#
# brings strict, warnings, Test::More and:
#
#	folder			a folder of this test's own, kept if it fails
#	eventually { … } 'title'	a test: passes as soon as the block is true, fails after 15 s
#	slurp($path), spew($path, @text)
#	profile('mx', check => 'setting', …)	a section with these settings and every other check off
#	verdict($action)	a refusal without what differs each time: "550 5.7.1 deny"; else as it is
#	reference($action)	the reference in a refusal, undef if there is none
#	request(name => 'value', …)	a request as Postfix 3.7 sends it, these values changed
#	reserved_port		a TCP port on 127.0.0.1 that nobody else is given
package Policyd::Test;
use strict;
use warnings;

use Exporter;
use File::Temp;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

our @ISA = 'Exporter';
our @EXPORT = (@Test::More::EXPORT, qw(folder eventually slurp spew profile verdict reference request
    reserved_port time));

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);		# so that END and DESTROY run
$SIG{PIPE} = 'IGNORE';

sub import {
	strict->import;
	warnings->import;
	__PACKAGE__->export_to_level(1);
}

my $folder;

sub folder {
	return $folder if $folder;
	$folder = File::Temp::tempdir('policyd-test-XXXXXX', TMPDIR => 1);
	chmod 0755, $folder;
	return $folder;
}

END {
	if ($folder && Test::More->builder->is_passing && !$?) {
		local $?;
		system 'rm', '-rf', $folder;
	} elsif ($folder) {
		diag "see $folder";
	}
}

sub eventually (&;$) {
	my ($true, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $end = time + 15;
	until ($true->()) {
		return fail("$title (not within 15 s)") if time > $end;
		sleep 0.02;
	}
	return pass($title);
}

sub slurp {
	my $path = shift;
	open my $file, '<', $path or return '';
	local $/;
	return readline($file) // '';
}

sub spew {
	my ($path, @text) = @_;
	open my $file, '>', $path or die "$path: $!";
	print $file @text;
	close $file or die "$path: $!";
	return $path;
}

# Bound but not listening, and reusable: the kernel hands it to nobody who asks for any port,
# but lets a server bind it by name, again after a crash too.
my @reserved;

sub reserved_port {
	push @reserved, IO::Socket::INET->new(Proto => 'tcp', LocalAddr => '127.0.0.1', ReuseAddr => 1) // die "bind: $!";
	return $reserved[-1]->sockport;
}

our @CHECKS = qw(deny helo_syntax helo_not_fqdn helo_literal helo_forged client_no_rdns client_rdns_mismatch
    sender_null_mx sender_no_mx dnsbl rhsbl);

sub profile {
	my ($name, %setting) = @_;
	my @off = grep { !exists $setting{$_} } @CHECKS;
	return join '', "[$name]\n", (map { "$_ = off\n" } @off), map { "$_ = $setting{$_}\n" } sort keys %setting;
}

# "550 5.7.1 FINDING (CHECK REFERENCE; HELP_URL)", the reference in Crockford's base32.
my $refusal = qr{^(\d{3} \d\.\d+\.\d+) (\S.*) \((\w+)(?: ([0-9A-HJKMNP-TV-Z]{10}))?; https://postmaster\.example\.org/help\)$};

sub verdict { my $action = shift // '(no answer)'; return $action =~ $refusal ? "$1 $3" : $action }
sub reference { return $_[0] =~ $refusal ? $4 : undef }

# In Postfix's order: a client and a sender nobody could object to.
my @attributes = (
	protocol_state => 'RCPT', protocol_name => 'ESMTP', client_address => '192.0.2.7',
	client_name => 'mx.example.net', client_port => '51234', reverse_client_name => 'mx.example.net',
	server_address => '198.51.100.25', server_port => '25', helo_name => 'mx.example.net',
	sender => 'bob@example.net', recipient => 'ann@example.org', recipient_count => '0', queue_id => '',
	instance => undef, size => '1200', etrn_domain => '', stress => '', sasl_method => '', sasl_username => '',
	sasl_sender => '', ccert_subject => '', ccert_issuer => '', ccert_fingerprint => '',
	ccert_pubkey_fingerprint => '', encryption_protocol => 'TLSv1.3',
	encryption_cipher => 'TLS_AES_256_GCM_SHA384', encryption_keysize => '256', policy_context => 'mx',
);
my $requests = 0;

# Each has an instance of its own unless one is given.
sub request {
	my %with = @_;
	my %value = (@attributes, instance => sprintf('%x.65603c2a.%x.0', $$, ++$requests), %with);
	my @names = @attributes[grep { $_ % 2 == 0 } 0 .. $#attributes];
	exists $value{$_} or die for @names;
	my %known = map { $_ => 1 } @names;
	die "no attribute $_" for grep { !$known{$_} } keys %with;
	return join '', "request=smtpd_access_policy\n", (map { "$_=$value{$_}\n" } @names), "\n";
}

1;
