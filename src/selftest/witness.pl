# The server of the self-test where it cannot listen on this machine: TOKEN PORT... It tells what came, a line a piece: NUMBER PORT HEX.
use strict;
use IO::Select;
use IO::Socket::INET;

my ($token, @ports) = @ARGV;
$| = 1;
$SIG{PIPE} = 'IGNORE';
my $all = IO::Select->new;
my (%ports, %visits, $count);
for my $port (@ports) {
  my $listener = IO::Socket::INET->new(LocalPort => $port, Listen => 64, ReuseAddr => 1) or die "port $port: $!\n";
  $ports{$listener} = $port;
  $all->add($listener);
}
my $alert = "\x15\3\1\0\2\2\x28";
my $answer = "HTTP/1.1 200 OK\r\nContent-Length: " . length($token) . "\r\nConnection: close\r\n\r\n$token";

while (my @ready = $all->can_read) {
  for my $one (@ready) {
    if (my $port = $ports{$one}) {
      my $socket = $one->accept or next;
      $visits{$socket} = { number => ++$count, port => $port, bytes => '' };
      print "$count $port \n";
      $all->add($socket);
    } else {
      heard($one, $visits{$one});
    }
  }
}

# TLS is answered with an alert, HTTP with the token.
sub heard {
  my ($socket, $visit) = @_;
  my $got = sysread $socket, my $piece, 16384;
  $visit->{bytes} .= $piece if $got;
  print "$visit->{number} $visit->{port} ", unpack('H*', $piece), "\n" if $got;
  my $reply = $visit->{bytes} =~ /^\x16/ ? $alert : index($visit->{bytes}, "\r\n\r\n") >= 0 ? $answer : undef;
  syswrite $socket, $reply if defined $reply;
  return if $got && !defined $reply && length $visit->{bytes} < 65536;
  $all->remove($socket);
  delete $visits{$socket};
  close $socket;
}
