# Does to a state's files what Terraform does (docs/TERRAFORM.md §1.1), in a few milliseconds and as any user: opens the
# state, takes the POSIX lock, writes the lock file, holds, rewrites the state in place, removes the lock file, unlocks.
# Prints one line: its pid and how many milliseconds the lock file stood. Needs nothing but perl-base, 64 bit.
use strict;
use warnings;
use Fcntl qw(:DEFAULT :seek F_SETLK F_WRLCK F_UNLCK);

my ($directory, $id, $who, $hold_ms, $state, $steps) = @ARGV;
# SIGUSR1 ends the hold before its time.
$SIG{USR1} = sub { };
# Steps: "lock info write unlock" is a run; without "lock" or "info" it is somebody else's doing.
my %does = map { $_ => 1 } split / /, $steps;
my $title = $ENV{HOLD_TITLE};
$0 = $title if defined $title;
$| = 1;

sub now_ms {
    open my $uptime, '<', '/proc/uptime' or die "uptime: $!";
    my ($seconds) = split / /, <$uptime>;
    return $seconds * 1000;
}

my $path = "$directory/terraform.tfstate";
my $lock_path = "$directory/.terraform.tfstate.lock.info";
sysopen my $file, $path, O_RDWR | O_CREAT or die "open: $!";
if ($does{lock}) {
    my $lock = pack 's s x![q] q q i x![q]', F_WRLCK, SEEK_SET, 0, 0, 0;
    fcntl $file, F_SETLK, $lock or die "locked: $!";
}
my $begun = now_ms();
if ($does{info}) {
    my ($s, $m, $h, $day, $month, $year) = gmtime;
    my $created = sprintf '%04d-%02d-%02dT%02d:%02d:%02d.000000001Z', $year + 1900, $month + 1, $day, $h, $m, $s;
    sysopen my $info, $lock_path, O_WRONLY | O_CREAT | O_TRUNC, 0600 or die "lock info: $!";
    syswrite $info, qq({"ID":"$id","Operation":"OperationTypeApply","Info":"","Who":"$who","Version":"1.11.4","Created":"$created","Path":"terraform.tfstate"});
    close $info;
}
print "$$\n" if $does{announce};
select undef, undef, undef, $hold_ms / 1000;
if ($does{write}) {
    sysseek $file, 0, SEEK_SET;
    truncate $file, 0;
    syswrite $file, $state;
}
my $held = now_ms() - $begun;
unlink $lock_path if $does{unlock};
close $file;
print "$$ $held\n";
