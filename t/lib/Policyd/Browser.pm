# Browser.pm - a real browser, which tells how a page looks to it
#
#	if (my $why = Policyd::Browser->why_not) { … }
#	my $b = Policyd::Browser->start;	# headless Chromium, driven by chromedriver
#	$b->looks_like(width => 360, height => 800, scheme => 'dark');
#	$b->open("file://$page");
#	$b->script('return document.title');	# JSON's values
#	$b->requests;				# the addresses it asked for since the last open()
#	$b->complaints;				# what its console says since then
#	$b->picture("$dir/dark.png");		# the whole page
#
# It has a profile of its own below folder, and ends with the test.
package Policyd::Browser;
use strict;
use warnings;

use Policyd::Test;
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64;
use Time::HiRes 'sleep';

my $browsers = 0;

sub why_not {
	for my $program (qw(chromium chromedriver)) {
		return "there is no $program" if !grep { -x "$_/$program" } split /:/, $ENV{PATH};
	}
	return undef;
}

sub start {
	my $class = shift;
	my $port = reserved_port;
	my $dir = folder . '/browser' . ($browsers++ || '');
	mkdir $dir or die "$dir: $!";
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		setpgrp;		# with the browser it starts
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$dir/log";
		open STDERR, '>&', \*STDOUT;
		$ENV{HOME} = $ENV{TMPDIR} = $dir;
		exec 'chromedriver', "--port=$port" or POSIX::_exit(127);
	}
	my $self = bless { pid => $pid, at => "http://127.0.0.1:$port", http => HTTP::Tiny->new(timeout => 60) }, $class;
	my $end = time + 30;
	until (eval { $self->call(GET => '/status')->{ready} }) {
		die "chromedriver did not start\n" . slurp("$dir/log") if time > $end;
		sleep 0.05;
	}
	my @flags = qw(--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking
	    --disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars);
	my $session = $self->call(POST => '/session', { capabilities => { alwaysMatch => { browserName => 'chrome',
	    'goog:loggingPrefs' => { performance => 'ALL', browser => 'ALL' },
	    'goog:chromeOptions' => { args => [ @flags, "--user-data-dir=$dir/profile" ] } } } });
	$self->{at} .= "/session/$session->{sessionId}";
	return $self;
}

sub DESTROY {
	my $self = shift;
	local ($?, $@);
	eval { $self->call(DELETE => '') };
	kill TERM => -$self->{pid};
	waitpid $self->{pid}, 0;
}

# One command of WebDriver (W3C): its value.
sub call {
	my ($self, $method, $path, $body) = @_;
	my $reply = $self->{http}->request($method, $self->{at} . $path, $body ? { content => encode_json($body) } : ());
	my $value = (eval { decode_json($reply->{content}) } // { value => $reply->{content} })->{value};
	die "$method $path: ", ref $value ? $value->{message} : $value, "\n" if !$reply->{success};
	return $value;
}

# One of the DevTools protocol.
sub devtools {
	my ($self, $command, %with) = @_;
	return $self->call(POST => '/goog/cdp/execute', { cmd => $command, params => \%with });
}

sub log_of { my ($self, $type) = @_; return @{$self->call(POST => '/se/log', { type => $type })} }

sub looks_like {
	my ($self, %o) = @_;
	$self->devtools('Emulation.setDeviceMetricsOverride', width => $o{width}, height => $o{height}, deviceScaleFactor => 1,
	    mobile => $o{width} < 500 ? JSON::PP::true : JSON::PP::false);
	$self->devtools('Emulation.setEmulatedMedia',
	    features => [ { name => 'prefers-color-scheme', value => $o{scheme} // 'light' } ]);
}

sub open {
	my ($self, $address) = @_;
	$self->log_of($_) for qw(performance browser);
	$self->call(POST => '/url', { url => $address });
}

sub script {
	my ($self, $script, @arguments) = @_;
	return $self->call(POST => '/execute/sync', { script => $script, args => \@arguments });
}

sub requests {
	my $self = shift;
	my @events = map { decode_json($_->{message})->{message} } $self->log_of('performance');
	return map { $_->{params}{request}{url} } grep { $_->{method} eq 'Network.requestWillBeSent' } @events;
}

sub complaints { my $self = shift; return map { $_->{message} } $self->log_of('browser') }

sub picture {
	my ($self, $path) = @_;
	my $height = $self->script('return document.documentElement.scrollHeight');
	my $width = $self->script('return document.documentElement.clientWidth');
	my $picture = $self->devtools('Page.captureScreenshot', captureBeyondViewport => JSON::PP::true,
	    clip => { x => 0, y => 0, width => $width, height => $height, scale => 1 });
	return spew($path, decode_base64($picture->{data}));
}

1;
