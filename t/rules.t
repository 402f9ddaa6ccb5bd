#!/usr/bin/perl
# rules.t - every check, asked through the socket: where it objects, where it does not, and when it cannot tell
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Test;

my $dns = Policyd::DNS->start(<<'');
192.0.2.7              PTR  mx.example.net.
192.0.2.8              PTR  mx.example.com.		# does not lead back
mx.example.com         A    192.0.2.99
192.0.2.9              PTR  localhost.
192.0.2.10             PTR  nowhere.example.
192.0.2.11             PTR  other.example.
192.0.2.11             PTR  two.example.
two.example            A    192.0.2.11
other.example          A    192.0.2.99
192.0.2.12             PTR  forward.broken.example.
192.0.2.13             !silent
192.0.2.14             !servfail
*.broken.example       !servfail
*.silent.example       !silent
2001:db8::7            PTR  six.example.
six.example            AAAA 2001:db8::7
mx.example.net         A    192.0.2.7
example.net            MX   10 mx.example.net.
null.example           MX   0 .
alias.example          CNAME null.example.
both.example           MX   0 .
both.example           MX   10 mx.example.net.
address.example        A    192.0.2.7
six-only.example       AAAA 2001:db8::7
text.example           TXT  "no mail"
half.example           MX   !servfail
half.example           A    192.0.2.7
xn--mller-kva.example  MX   10 mx.example.net.
50.100.51.198.bl.example    A    127.0.0.2
50.100.51.198.bl.example    TXT  "listed as an example"
51.100.51.198.bl.example    A    127.0.0.10
52.100.51.198.bl.example    A    127.255.255.254
53.100.51.198.bl.example    A    127.0.0.2
53.100.51.198.wl.example    A    127.0.0.1
54.100.51.198.two.bl.example A   127.0.0.2
54.100.51.198.bl.example    A    127.0.0.2
*.dead.bl.example      !silent
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example A 127.0.0.2

# As much as policyd reads, and more.
$dns->add(map { ("192.0.2.15 PTR n$_.many.example.", $_ < 11 ? "192.0.2.16 PTR n$_.many.example." : ()) } 1 .. 11);
$dns->add('192.0.2.17 PTR crowd.example.', map { "crowd.example A 198.51." . ($_ >> 8) . '.' . ($_ & 255) } 1 .. 299);
$dns->add('crowd.example A 192.0.2.17', '192.0.2.18 PTR crowds.example.');
$dns->add(map { "crowds.example A 198.51." . ($_ >> 8) . '.' . ($_ & 255) } 1 .. 301);

my @unknown = (client_name => 'unknown', reverse_client_name => 'unknown');
my ($no_rdns, $mismatch) = ('550 5.7.25 client_no_rdns', '550 5.7.25 client_rdns_mismatch');

# profile => its settings, then cases: title, request, verdict under "reject", verdict with on_error defer if it differs.
my @rules = (
	helo_syntax => {}, [
		[ 'a host name',              { helo_name => 'mx.example.net' },            'DUNNO' ],
		[ 'a trailing dot',           { helo_name => 'mx.example.net.' },           'DUNNO' ],
		[ 'an A-label',               { helo_name => 'xn--mller-kva.example' },     'DUNNO' ],
		[ 'its own literal',          { helo_name => '[192.0.2.7]' },               'DUNNO' ],
		[ 'never greeted',            { helo_name => '', protocol_name => 'SMTP' }, 'DUNNO' ],
		[ 'an underscore',            { helo_name => 'my_pc.example.net' },         'REJECT' ],
		[ 'a leading hyphen',         { helo_name => '-mx.example.net' },           'REJECT' ],
		[ 'what Postfix cleaned',     { helo_name => 'mx?example?net' },            'REJECT' ],
		[ 'a broken literal',         { helo_name => '[192.0.2.300]' },             'REJECT' ],
		[ 'our own machine',          { helo_name => 'my_pc', client_address => '127.0.0.1' }, 'DUNNO' ],
		[ 'a login',                  { helo_name => 'my_pc', sasl_username => 'ann' },        'DUNNO' ],
	],
	helo_not_fqdn => {}, [
		[ 'two labels',               { helo_name => 'example.net' },               'DUNNO' ],
		[ 'a literal',                { helo_name => '[192.0.2.7]' },               'DUNNO' ],
		[ 'one label',                { helo_name => 'localhost' },                 'REJECT' ],
		[ 'a number at the end',      { helo_name => 'host.123' },                  'REJECT' ],
	],
	helo_literal => {}, [
		[ 'its own',                  { helo_name => '[192.0.2.7]' },               'DUNNO' ],
		[ 'its own, bare',            { helo_name => '192.0.2.7' },                 'DUNNO' ],
		[ 'another',                  { helo_name => '[192.0.2.8]' },               'REJECT' ],
		[ 'another, bare',            { helo_name => '192.0.2.8' },                 'REJECT' ],
		[ 'IPv6 in another spelling', { helo_name => '[IPv6:2001:DB8:0::0:7]', client_address => '2001:db8::7' }, 'DUNNO' ],
		[ 'another IPv6',             { helo_name => '[IPv6:2001:db8::8]', client_address => '2001:db8::7' },     'REJECT' ],
	],
	helo_forged => { local_domains => 'example.org' }, [
		[ 'a stranger\'s name',       { helo_name => 'mx.example.net' },            'DUNNO' ],
		[ 'our domain',               { helo_name => 'EXAMPLE.org' },               'REJECT' ],
		[ 'a name below it',          { helo_name => 'mx.example.org' },            'REJECT' ],
		[ 'a name that only ends so', { helo_name => 'badexample.org' },            'DUNNO' ],
		[ 'our address',              { helo_name => '[198.51.100.25]' },           'REJECT' ],
		[ 'our own machine',          { helo_name => 'mx.example.org', client_address => '127.0.0.1' }, 'DUNNO' ],
	],
	client_no_rdns => {}, [
		[ 'Postfix knows the name',   {},                                                  'DUNNO' ],
		[ 'Postfix did not, we do',   { @unknown },                                        'DUNNO' ],
		[ 'no PTR',                   { @unknown, client_address => '192.0.2.70' },        $no_rdns ],
		[ 'no PTR, IPv6',             { @unknown, client_address => '2001:db8::8' },       $no_rdns ],
		[ 'a PTR, IPv6',              { @unknown, client_address => '2001:db8::7' },       'DUNNO' ],
		[ 'one label',                { @unknown, client_address => '192.0.2.9' },         $no_rdns ],
		[ 'a PTR that leads nowhere', { @unknown, client_address => '192.0.2.10' },        'DUNNO' ],
		[ 'no answer',                { @unknown, client_address => '192.0.2.13' },        'DUNNO', '450 4.7.25 client_no_rdns' ],
		[ 'SERVFAIL',                 { @unknown, client_address => '192.0.2.14' },        'DUNNO', '450 4.7.25 client_no_rdns' ],
	],
	client_rdns_mismatch => {}, [
		[ 'it leads back',            { @unknown },                                        'DUNNO' ],
		[ 'the second name does',     { @unknown, client_address => '192.0.2.11' },        'DUNNO' ],
		[ 'it leads elsewhere',       { @unknown, client_address => '192.0.2.8' },         $mismatch ],
		[ 'it leads nowhere',         { @unknown, client_address => '192.0.2.10' },        $mismatch ],
		[ 'no PTR',                   { @unknown, client_address => '192.0.2.70' },        'DUNNO' ],
		[ 'SERVFAIL on the way back', { @unknown, client_address => '192.0.2.12' },        'DUNNO', '450 4.7.25 client_rdns_mismatch' ],
		[ 'ten names lead elsewhere', { @unknown, client_address => '192.0.2.16' },        $mismatch ],
		[ 'an eleventh may lead back', { @unknown, client_address => '192.0.2.15' },       'DUNNO', '450 4.7.25 client_rdns_mismatch' ],
		[ 'the last of 300 addresses is its own', { @unknown, client_address => '192.0.2.17' }, 'DUNNO' ],
		[ 'more cannot be read',      { @unknown, client_address => '192.0.2.18' },        'DUNNO', '450 4.7.25 client_rdns_mismatch' ],
	],
	sender_null_mx => {}, [
		[ 'an MX',                    { sender => 'b@example.net' },                'DUNNO' ],
		[ 'null MX',                  { sender => 'b@null.example' },               '550 5.7.27 sender_null_mx' ],
		[ 'null MX behind an alias',  { sender => 'b@alias.example' },              '550 5.7.27 sender_null_mx' ],
		[ 'beside another MX',        { sender => 'b@both.example' },               'DUNNO' ],
		[ 'the null sender',          { sender => '' },                             'DUNNO' ],
	],
	sender_no_mx => { sender_mx => 'address' }, [
		[ 'an MX',                    { sender => 'b@example.net' },                'DUNNO' ],
		[ 'an address',               { sender => 'b@address.example' },            'DUNNO' ],
		[ 'an IPv6 address',          { sender => 'b@six-only.example' },           'DUNNO' ],
		[ 'neither',                  { sender => 'b@text.example' },               'REJECT' ],
		[ 'no such name',             { sender => 'b@nothing.example' },            'REJECT' ],
		[ 'upper case, trailing dot', { sender => 'B@EXAMPLE.NET.' },               'DUNNO' ],
		[ 'UTF-8',                    { sender => "b\@m\xc3\xbcller.example" },     'DUNNO' ],
		[ 'the last @ counts',        { sender => 'a@nothing.example@example.net' }, 'DUNNO' ],
		[ 'the null sender',          { sender => '' },                             'DUNNO' ],
		[ 'no domain',                { sender => 'bob' },                          'DUNNO' ],
		[ 'a literal',                { sender => 'b@[192.0.2.7]' },                'DUNNO' ],
		[ 'only the MX fails',        { sender => 'b@half.example' },               'DUNNO' ],
		[ 'SERVFAIL',                 { sender => 'b@x.broken.example' },           'DUNNO', '451 4.4.3 sender_no_mx' ],
		[ 'no answer',                { sender => 'b@x.silent.example' },           'DUNNO', '451 4.4.3 sender_no_mx' ],
	],
	strict_mx => { sender_mx => 'required' }, [
		[ 'an MX',                    { sender => 'b@example.net' },                'DUNNO' ],
		[ 'an address',               { sender => 'b@address.example' },            '550 5.7.1 sender_no_mx' ],
		[ 'the MX fails',             { sender => 'b@half.example' },               'DUNNO', '451 4.4.3 sender_no_mx' ],
	],
	dnsbl => { dnsbl_sites => 'bl.example=127.0.0.[2..9]*3, wl.example*-3, two.bl.example*2, dead.bl.example',
	    dnsbl_threshold => 3 }, [
		[ 'nobody lists it',          { client_address => '198.51.100.49' },        'DUNNO' ],
		[ 'listed',                   { client_address => '198.51.100.50' },        'REJECT' ],
		[ 'a code we do not filter',  { client_address => '198.51.100.51' },        'DUNNO' ],
		[ 'an error code, too little', { client_address => '198.51.100.52' },       'DUNNO', '450 4.7.1 dnsbl' ],
		[ 'an allow list outweighs',  { client_address => '198.51.100.53' },        'DUNNO' ],
		[ 'two lists',                { client_address => '198.51.100.54' },        'REJECT' ],
		[ 'IPv6',                     { client_address => '2001:db8::1' },          'REJECT' ],
		[ 'a private address',        { client_address => '10.0.0.1' },             'DUNNO' ],
	],
	dead_bl => { dnsbl_sites => 'dead.bl.example' }, [
		[ 'the list is silent',       { client_address => '198.51.100.50' },        'DUNNO', '450 4.7.1 dnsbl' ],
	],
	dead_wl => { dnsbl_sites => 'bl.example, dead.bl.example*-1' }, [
		[ 'silence refuses nobody',   { client_address => '198.51.100.50' },        'DUNNO' ],
	],
);

my (@profiles, @cases);
while (my ($name, $settings, $rows) = splice @rules, 0, 3) {
	my $check = { strict_mx => 'sender_no_mx', dead_bl => 'dnsbl', dead_wl => 'dnsbl' }->{$name} // $name;
	push @profiles, profile($name, %$settings, $check => 'reject'),
	    profile("$name-careful", %$settings, $check => 'reject on_error defer');
	push @cases, [ $name, $check, @$_ ] for @$rows;
}

my $p = Policyd::Daemon->start(dns => $dns, profiles => join '', @profiles);

# All at once, so that silence is waited for once.
sub sent { my $c = $p->connect; $c->send(request(@_)); return $c }
my @asked = map {
	my ($name, undef, undef, $request) = @$_;
	[ map { sent(%$request, policy_context => $_) } $name, "$name-careful" ];
} @cases;
for (@cases) {
	my ($name, $check, $title, undef, $want, $careful) = @$_;
	my ($plain, $with_care) = map { verdict($_->reply) } @{shift @asked};
	s/^REJECT$/550 5.7.1 $check/ for grep { defined } $want, $careful;
	is $plain, $want, "$name: $title";
	is $with_care, $careful // $want, "$name, on_error defer: $title";
}

my $reply = $p->ask(client_address => '198.51.100.50', policy_context => 'dnsbl');
like $reply, qr/198\.51\.100\.50.*bl\.example.*listed as an example/, 'the reply names address, list and reason';

done_testing;
