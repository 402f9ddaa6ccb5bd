# SPF.pm - tests of SPF, as the public suite for RFC 7208 writes them
#
#	for my $scenario (Policyd::SPF::read($path)) {
#		$scenario->{description};
#		$dns->add(@{$scenario->{zone}});
#		for my $test (@{$scenario->{tests}}) {
#			$test->{name}, $test->{request}		# attributes
#			$test->{domain}				# whose record is judged
#			$test->{results}			# one of these is right: [ 'fail' ]
#			$test->{explanation}			# undef if none is given; DEFAULT: the domain gives none
#		}
#	}
#
# In the suite's zones an SPF record stands for the same TXT record where the name has no TXT
# of its own, TXT: NONE is none, and TIMEOUT is the fate of all types that are not there.
package Policyd::SPF;
use strict;
use warnings;

sub read {
	my ($path) = @_;
	require YAML::XS;
	open my $in, '<', $path or die "$path: $!";
	local $/;
	return map { scenario($_) } YAML::XS::Load(readline $in);
}

# From a document of the suite.
sub scenario {
	my ($doc) = @_;
	my $zone = $doc->{zonedata};
	return {
		description => $doc->{description},
		zone => [map { lines($_, @{$zone->{$_}}) } sort keys %$zone],
		tests => [map { test($_, $doc->{tests}{$_}) } sort keys %{$doc->{tests}}],
	};
}

sub test {
	my ($name, $t) = @_;
	my $identity = $t->{mailfrom} eq '' ? $t->{helo} : $t->{mailfrom};
	return {
		name => $name,
		request => { client_address => $t->{host}, helo_name => $t->{helo}, sender => $t->{mailfrom} },
		domain => lc $identity =~ s/.*@//r,
		results => ref $t->{result} ? $t->{result} : [$t->{result}],
		explanation => $t->{explanation},
	};
}

# Lines for Policyd::DNS of what a name has.
sub lines {
	my ($name, @has) = @_;
	my ($at, %there, @lines) = escaped($name);
	my @records = map { ref $_ ? [%$_] : () } @has;
	my $txt = grep { $_->[0] eq 'TXT' } @records;

	for (@records) {
		my ($type, $value) = @$_;
		$type = 'TXT' if $type eq 'SPF' && !$txt;
		next if $type eq 'SPF' || ($type eq 'TXT' && $value eq 'NONE');
		$there{$type} = 1;
		push @lines, "$at $type " . ($value eq 'TIMEOUT' ? '!silent' : data($type, $value));
	}
	push @lines, map { $there{$_} ? () : "$at $_ !silent" } qw(A AAAA MX PTR TXT) if grep { $_ eq 'TIMEOUT' } @has;
	return @lines;
}

sub data {
	my ($type, $value) = @_;
	return "$value->[0] " . host($value->[1]) if $type eq 'MX';
	return host($value) if $type eq 'PTR' || $type eq 'CNAME';
	return $value if $type ne 'TXT';
	my @strings = ref $value && @$value ? @$value : ref $value ? '' : $value;
	return join ' ', map { '"' . escaped($_) . '"' } map { $_ eq '' ? '' : /(.{1,255})/gs } @strings;
}

sub host { return escaped($_[0] =~ s/\.$//r) . '.' }

# For a zone's line: every octet that might mean something there as \DDD.
sub escaped { return $_[0] =~ s{([^A-Za-z0-9._:/%-])}{sprintf '\\%03d', ord $1}gesr }

1;
