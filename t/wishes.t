#!/usr/bin/perl
# wishes.t - what a recipient does not want, what everybody may reach, and whom a site lets alone, through a real Postfix
use lib 't/lib';
use Policyd::Daemon;
use Policyd::DNS;
use Policyd::Postfix;
use Policyd::Test;

Policyd::Postfix->own_network;
if (my $why = Policyd::Postfix->why_not) {
	plan skip_all => $why if !$ENV{CI};
	BAIL_OUT("no Postfix, and this is CI: $why");
}

my $dns = Policyd::DNS->start(<<'');
192.0.2.7              PTR  mx.example.net.
mx.example.net         A    192.0.2.7
192.0.2.9              !servfail

my $p = Policyd::Daemon->start(dns => $dns, server => { socket_mode => '0666', user => 'postfix' }, profiles =>
    profile('mx', deny => 'reject', unwanted => 'reject', client_no_rdns => 'reject', helo_not_fqdn => 'reject') .
    profile('careful', deny => 'reject on_error defer', unwanted => 'reject on_error defer') .
    "[unlisted : mx]\nallowlists = no\n[submission]\n");

sub postfix {
	my $context = shift;
	my $socket = $p->socket;
	return Policyd::Postfix->start(
	    "check_policy_service { unix:$socket, timeout=10s, default_action=DUNNO, policy_context=$context }");
}

my %good = (addr => '192.0.2.7', name => 'mx.example.net', helo => 'mx.example.net');
my $postfix = postfix('mx');

sub rcpt {
	my ($sender, $recipient, %with) = @_;
	return $postfix->client(%good, %with)->mail($sender, $recipient);
}

# Felt by a request that differs from those of the tests.
sub insert {
	my ($sql, $felt, %request) = @_;
	$p->sql($sql);
	eventually { $p->ask(%request) =~ $felt } "felt: $sql";
}

# ---- a recipient's wish ----

like rcpt('b@news.example.com', 'ann@example.org'), qr/^250 2\.1\.5 /, 'at first it is wanted';
insert("INSERT INTO unwanted (recipient, sender, cause, evidence) VALUES
    ('ann\@example.org', 'news.example.com', 'unsubscribed', 'ticket 19')", qr/\(unwanted /, sender => 'x@news.example.com');
my $reply = rcpt('b@news.example.com', 'ann@example.org');
like $reply, qr/^550 5\.7\.1 <ann\@example\.org>: Recipient address rejected: ann\@example\.org wants no mail from sender b\@news\.example\.com \(unsubscribed\); take the address off your list \(unwanted (\w{10})\)/,
    'then she does not get it';
unlike $reply, qr/ticket/, 'the evidence is not told';
$reply =~ /\(unwanted (\w{10})/;
like $p->sql("SELECT finding FROM why WHERE ref = '$1' AND rule = 'unwanted'"), qr/wants no mail/, 'the database knows why';
like rcpt('b@news.example.com', 'known@example.org'), qr/^250 /, 'others do';
like rcpt('b@example.net', 'ann@example.org'), qr/^250 /, 'and she gets other mail';
my @lists = (sender => 'b@news.example.com', recipient => 'ann+lists@example.org');
is $p->ask(@lists), 'DUNNO', 'ann+lists may be somebody else';
$p->reload(server => { recipient_delimiter => '+' });
eventually { $p->ask(@lists) =~ /^550 .*\(unwanted / } 'unless recipient_delimiter says that it is she';
my $c = $postfix->client(%good);
$c->mail('b@news.example.com', 'known@example.org');
like $c->say('RCPT TO:<ann@example.org>'), qr/^550 .*\(unwanted /, 'in one message too: she does not';
like $c->deliver, qr/^250 /, 'the other recipient does';
like rcpt('b@news.example.com', 'ann@example.org', login => 'bob@example.org'), qr/^550 .*\(unwanted /,
    'it holds for our own users';
insert("INSERT INTO allow (client, note) VALUES ('192.0.2.7', 'a friend')", qr/^DUNNO/, helo_name => 'nodot');
like rcpt('b@news.example.com', 'ann@example.org'), qr/^550 .*\(unwanted /, 'no row in allow helps';

# ---- for all ----

insert("UPDATE unwanted SET scope = 'all', cause = 'complaint'", qr/\(unwanted /, sender => 'x@news.example.com',
    recipient => 'known@example.org');
like rcpt('b@news.example.com', 'known@example.org'),
    qr/^550 5\.7\.1 .*: mail from sender b\@news\.example\.com is refused here, since a recipient's wish to get no more was ignored; clean your lists, then ask us \(complaint\) \(/,
    'when it was ignored, nobody gets it';
like rcpt('b@news.example.com', 'postmaster@example.org'), qr/^250 /, 'but the postmaster';
insert("DELETE FROM unwanted", qr/^DUNNO/, sender => 'x@news.example.com');
like rcpt('b@news.example.com', 'ann@example.org'), qr/^250 /, 'taken back';
is $p->sql("SELECT group_concat(what) FROM history WHERE what LIKE 'unwanted%'"),
    'unwanted: insert,unwanted: update,unwanted: delete', 'history knows';

# ---- by client, whose name may not be known ----

insert("INSERT INTO unwanted (recipient, client) VALUES ('example.org', '.news.example.com')", qr/\(unwanted /,
    client_name => 'mx.news.example.com');
like rcpt('b@example.net', 'ann@example.org', addr => '192.0.2.9', name => 'out.news.example.com'),
    qr/^550 .*wants no mail from client 192\.0\.2\.9;/, 'a client by its name';
is $p->ask(client_address => '192.0.2.9', client_name => 'unknown', policy_context => 'careful') =~ /^450 4\.7\.1 .*\(unwanted /, 1,
    'a name that cannot be had: cannot tell';
like rcpt('b@example.net', 'ann@example.org', addr => '192.0.2.9', name => undef), qr/^250 /, 'which refuses nobody';
like $p->sql("INSERT INTO unwanted (sender) VALUES ('example.net'); SELECT 1"), qr/1/, 'a row that says not whose wish it is';
eventually { $p->sql("SELECT finding FROM problem WHERE list = 'unwanted'") =~ /not who does not want it/ } 'is a problem';
$p->sql('DELETE FROM unwanted');

# ---- everybody reaches the postmaster; a site without allow lists ----

like rcpt('b@example.net', 'ann@example.org', addr => '192.0.2.70', name => undef), qr/^550 5\.7\.25 /, 'a client without a name';
like rcpt('b@example.net', 'PostMaster@example.org', addr => '192.0.2.70', name => undef), qr/^250 /, 'reaches the postmaster';
insert("INSERT INTO deny (client) VALUES ('192.0.2.70')", qr/\(deny /, client_address => '192.0.2.70');
like rcpt('b@example.net', 'postmaster@example.org', addr => '192.0.2.70', name => undef), qr/^550 .*\(deny /, 'unless denied';
like rcpt('b@example.net', 'ann@example.org', helo => 'nodot'), qr/^250 /, 'an allowed client';
$postfix->stop;
$postfix = postfix('unlisted');
like rcpt('b@example.net', 'ann@example.org', helo => 'nodot'), qr/^550 .*\(helo_not_fqdn /, 'allowlists = no: is judged like all';
my (undef, $out) = $p->command(request(helo_name => 'nodot', policy_context => 'unlisted'), '-x');
like $out, qr/^allow +off/m, 'and -x says so';
like $out, qr/^role_accounts +dunno/m, 'as of the others';
like $out, qr/^null_sender_multiple +elsewhere/m, 'and that a rule for DATA is not asked at RCPT';

# ---- on_error defer ----

insert("INSERT INTO unwanted (recipient, client) VALUES ('ann\@example.org', '.news.example.com')", qr/\(unwanted /,
    client_name => 'mx.news.example.com');
$postfix->stop;
$postfix = postfix('careful');
like rcpt('b@example.net', 'ann@example.org', addr => '192.0.2.9', name => undef),
    qr/^450 4\.7\.1 .*: cannot look up the name of 192\.0\.2\.9 now \(unwanted \w{10}\)$/, 'a client who may be unwanted comes back';
like rcpt('b@example.net', 'ann@example.org'), qr/^250 /, 'one whose name is known does not have to';

$p->sql("UPDATE unwanted SET expires = '2020-01-01'");
insert("INSERT INTO deny (client) VALUES ('.news.example.com')", qr/\(deny /, client_name => 'mx.news.example.com');
like rcpt('b@example.net', 'ann@example.org', addr => '192.0.2.9', name => undef),
    qr/^450 4\.7\.1 .*: cannot look up the name of 192\.0\.2\.9 now \(deny \w{10}\)$/, 'so does one who may be denied';
$postfix->stop;
$postfix = postfix('mx');
my @nodot = (helo => 'nodot', addr => '192.0.2.9', name => undef);
like rcpt('b@example.net', 'ann@example.org', @nodot), qr/^550 .*\(helo_not_fqdn /, 'a client whose name fails: refused';
insert("INSERT INTO allow (client) VALUES ('.friend.example')", qr/^DUNNO/, client_name => 'mx.friend.example', helo_name => 'nodot',
    client_address => '192.0.2.71');
like rcpt('b@example.net', 'ann@example.org', @nodot), qr/^450 .*\(helo_not_fqdn /, 'who may be allowed: not for good';

done_testing;
