# The shim: one small process a container, which outlives the agent that started it. It is Perl because perl-base is in every Debian
# ("Essential"), does by itself what is needed (fork, select, waitpid, signals, rotation, exact argument vectors) and costs a tenth of a Node process.
#
#   agent ── nsenter --net=… ── unshare --mount --uts --pid ── this file: the launcher            (each execs the next: one process)
#                                                                  │ fork: the first child of a new PID namespace
#                                                     launcher     ▼
#        DIR/pid ◄── who and since when, in one step ─┤          shim: process 1 in there
#        stdout  ◄── "started", or why not ───────────┘            │ fork, exec
#                    and ends                                      ▼
#        DIR/log/current, previous ◄── timed lines ◄── pipes ── the command
#        DIR/exit                  ◄── its exit code, in one step, when it and all that it started are gone
#
# Process 1's end is the end of all in its namespace (pid_namespaces(7)), so killing the shim kills the container, and nothing escapes. Whoever makes
# DIR/pid first has decided: an agent that gave up on a start makes it itself, and the launcher's attempt then fails. The shim runs nothing before.
#
# Arguments: DIR, bytes of a log file at most, numbers of the system calls setsid, gettimeofday and sethostname (0: not known on this machine).
# Standard input: name, host name, working directory, the number of arguments, the arguments, the environment (K=V), "end"; each ended by a zero byte.

use strict;
use warnings;

my $LINE_BYTES_MAX = 16_384;    # A longer line is logged in pieces, as containerd has it.
my $READ_BYTES     = 16_384;    # At worst all newlines: half a MiB with their times, which a log file must hold.
my $REAP_SECONDS   = 10;        # How long killed processes may take to go (one in an uninterruptible wait takes its time).
my ($EXEC_FAILED, $NOT_FOUND, $SHIM_FAILED) = (126, 127, 125);    # Docker's exit codes.
# Of Linux: the modules that know these (Errno, Fcntl, POSIX) cost as much memory as all else.
my ($ENOENT, $WNOHANG, $F_SETFL, $O_NONBLOCK) = (2, 1, 4, 04000);

my ($DIR, $LOG_BYTES_MAX, $SETSID, $GETTIMEOFDAY, $SETHOSTNAME) = @ARGV;
my ($name, $hostname, $cwd, @command, @environment);
my (%buffer, %stream_of, $log, $log_bytes, $child, $status, $wake, $wake_read);

close_inherited();
read_order();
launch();

# What the agent was given by whoever started it is not the container's.
sub close_inherited {
    opendir my $folder, '/proc/self/fd' or die "/proc/self/fd: $!\n";
    my @open = grep { /^\d+$/ && $_ > 2 && $_ != fileno $folder } readdir $folder;
    for my $number (@open) { open my $file, '<&=', $number or next; close $file }
}

sub read_order {
    binmode STDIN;
    local $/;
    my $text = <STDIN>;
    my @order = split /\0/, defined $text ? $text : '', -1;
    die "the order is cut short\n" if @order < 6 || pop(@order) ne '' || pop(@order) ne 'end';
    ($name, $hostname, $cwd, my $count) = splice @order, 0, 4;
    @command = splice @order, 0, $count;
    @environment = @order;
}

# ---- the launcher: still in the host's PID namespace, so that it knows the shim by the number that the agent sees

sub launch {
    $SIG{PIPE} = 'IGNORE';    # The agent may be gone: the container starts nevertheless.
    pipe(my $go_read, my $go) && pipe(my $report_read, my $report) or die "pipe: $!\n";
    my $pid = fork;
    die "fork: $!\n" if !defined $pid;
    if ($pid == 0) {
        close $go;
        close $report_read;
        shim($go_read, $report);
        exit 0;
    }
    close $go_read;
    close $report;
    my $boot = slurp('/proc/sys/kernel/random/boot_id');
    chomp $boot;
    my ($after_name) = slurp("/proc/$pid/stat") =~ /.*\) (.*)/s;
    my $since = (split ' ', $after_name)[19];    # proc(5): field 22, in clock ticks since boot
    my $at = now();
    if (!write_once('pid', qq({"pid":$pid,"since":$since,"boot":"$boot","at":"$at"}\n))) {
        print "refused $!\n";
        exit 1;    # The shim sees the pipe close, and ends.
    }
    syswrite $go, 'g';
    close $go;
    local $/;
    my $said = <$report_read>;
    print defined $said && $said ne '' ? $said : "failed $SHIM_FAILED the shim ended while it started\n";
}

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$file>;
}

# A file that appears whole, and only if there is none of that name.
sub write_once {
    my ($file, $text) = @_;
    my $temporary = "$DIR/$file.$$." . time;
    open my $out, '>', $temporary or return 0;
    my $done = print($out $text) && close($out) && link($temporary, "$DIR/$file");
    my $why = $!;
    unlink $temporary;
    $! = $why;
    return $done;
}

# ---- the shim: process 1 of the container's PID namespace

sub shim {
    my ($go, $report) = @_;
    $0 = "weft-shim $name";
    die "not process 1 of a PID namespace\n" if $$ != 1;    # finish() kills all that it can see.
    syscall($SETSID + 0) if $SETSID;
    chdir '/';
    umask 022;
    open STDIN, '<', '/dev/null' or die "/dev/null: $!\n";
    open STDOUT, '>', '/dev/null' or die "/dev/null: $!\n";
    exit 0 if !sysread $go, my $letter, 1;    # The launcher was refused, or died.
    pipe($wake_read, $wake) or die "pipe: $!\n";
    fcntl $_, $F_SETFL, $O_NONBLOCK for $wake_read, $wake;
    watch_signals();
    my $why = furnish();
    my ($code, $error) = $why eq '' ? start_command() : ($SHIM_FAILED, $why);
    if ($code) {
        write_exit($code, 'null', $error);
        syswrite $report, "failed $code $error\n";
        return;
    }
    open STDERR, '>', '/dev/null';
    syswrite $report, "started\n";
    close $report;
    serve();
    finish();
}

# Each signal becomes a byte in a pipe, read by select: none is lost between looking and waiting.
sub watch_signals {
    for my $signal (qw(HUP INT QUIT USR1 USR2 TERM CONT WINCH CHLD ALRM IO PWR TTIN TTOU TSTP URG)) {
        $SIG{$signal} = sub { syswrite $wake, "$_[0]\n" };
    }
}

# What the namespaces hold besides the interface. Gives why not, or "".
sub furnish {
    set_hostname() or return "host name $hostname: $!";
    # Its own processes in /proc, its own interfaces in /sys/class/net.
    mount('-t', 'proc', 'proc', '/proc') or return 'mount /proc failed';
    mount('-t', 'sysfs', 'sysfs', '/sys') or return 'mount /sys failed';
    for my $file (qw(resolv.conf hosts)) {
        next if !-e "$DIR/$file" || !-e "/etc/$file";
        mount('--bind', "$DIR/$file", "/etc/$file") or return "mount /etc/$file failed";
    }
    return '';
}

# By the system call where it is known: on a host that is a container itself (systemd-nspawn, LXC), that part of /proc is read-only.
sub set_hostname {
    return syscall($SETHOSTNAME + 0, $hostname, length $hostname) == 0 if $SETHOSTNAME;
    return write_file('/proc/sys/kernel/hostname', $hostname);
}

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or return 0;
    return print($file $text) && close $file;
}

sub mount { return system({'mount'} 'mount', '-n', @_) == 0 }

# Gives (exit code, why) when the command cannot be run.
sub start_command {
    mkdir "$DIR/log", 0700;
    open_log() or return ($SHIM_FAILED, "$DIR/log/current: $!");
    pipe(my $out_read, my $out) && pipe(my $err_read, my $err) && pipe(my $exec_read, my $exec) or return ($SHIM_FAILED, "pipe: $!");
    $child = fork;
    return ($SHIM_FAILED, "fork: $!") if !defined $child;
    become_command($out, $err, $exec) if $child == 0;
    close $_ for $out, $err, $exec;
    %stream_of = (fileno($out_read) => ['stdout', $out_read], fileno($err_read) => ['stderr', $err_read]);
    $buffer{$_} = '' for qw(stdout stderr);
    # Closed by a successful exec (close-on-exec); otherwise it says what failed.
    local $/;
    my $failure = <$exec_read>;
    return defined $failure && $failure =~ /^(\d+) (.*)/s ? ($1, $2) : ();
}

sub become_command {
    my ($out, $err, $exec) = @_;
    $SIG{$_} = 'DEFAULT' for keys %SIG;
    ($SETSID && syscall($SETSID + 0) != -1) or setpgrp 0, 0;
    open STDOUT, '>&', $out;
    open STDERR, '>&', $err;
    my $fail = sub { syswrite $exec, "$_[0] $_[1]"; exit 1 };
    chdir $cwd or $fail->($EXEC_FAILED, "working directory $cwd: $!");
    %ENV = map { split /=/, $_, 2 } @environment;
    no warnings 'exec';
    exec { $command[0] } @command;
    my $code = $! == $ENOENT ? $NOT_FOUND : $EXEC_FAILED;
    my $why = $! == $ENOENT && $command[0] !~ m{/} ? 'not found in $PATH' : "$!";
    $fail->($code, "exec $command[0]: $why");
}

# Until the command has ended.
sub serve {
    while (!defined $status) {
        my $readable = '';
        vec($readable, $_, 1) = 1 for fileno($wake_read), keys %stream_of;
        next if select($readable, undef, undef, undef) < 0;
        take($_) for grep { vec($readable, $_, 1) } keys %stream_of;
        take_signals() if vec($readable, fileno($wake_read), 1);
    }
}

sub take_signals {
    sysread $wake_read, my $names, 4096;
    for my $signal (split /\n/, $names) {
        if ($signal eq 'CHLD') { reap() }
        else { kill $signal, $child if !defined $status }
    }
}

sub reap {
    my $ended;
    while (($ended = waitpid -1, $WNOHANG) > 0) { $status = $? if $ended == $child }
    return $ended;    # -1: there are no children left
}

# The command is gone: so goes all else in here; then what they left in the pipes is logged, and the exit code is told.
sub finish {
    kill 'KILL', -1;
    my $end = time + $REAP_SECONDS;
    while (reap() != -1 && time < $end) { select undef, undef, undef, 0.005 }
    fcntl $_->[1], $F_SETFL, $O_NONBLOCK for values %stream_of;
    while (my ($fd) = keys %stream_of) { take($fd) }
    my $signal = $status & 127;
    write_exit($signal ? 128 + $signal : $status >> 8, $signal || 'null', '');
}

sub write_exit {
    my ($code, $signal, $error) = @_;
    $error =~ s/(["\\])/\\$1/g;
    $error =~ s/[\x00-\x1f]/ /g;
    my $at = now();
    write_once('exit', qq({"code":$code,"signal":$signal,"error":"$error","at":"$at"}\n));
}

# ---- the log: lines as Kubernetes' CRI has them, "TIME STREAM F|P TEXT"; P: a piece, whose line goes on in the stream's next

# Reads once from a pipe; forgets it when it has ended.
sub take {
    my ($fd) = @_;
    my ($stream, $pipe) = @{ $stream_of{$fd} };
    my $buffer = \$buffer{$stream};
    my $got = sysread $pipe, $$buffer, $READ_BYTES, length $$buffer;
    if (!$got) {
        delete $stream_of{$fd};
        write_log(prefix($stream, 'P') . "$$buffer\n") if $$buffer ne '';
        $$buffer = '';
        return;
    }
    my $text = '';
    # Only the first line in there can be so long: the others came with this read.
    $text .= prefix($stream, 'P') . piece($buffer) . "\n" while length $$buffer > $LINE_BYTES_MAX && first_line($buffer) > $LINE_BYTES_MAX;
    my $whole = substr $$buffer, 0, 1 + rindex($$buffer, "\n"), '';
    if ($whole ne '') {
        my $prefix = prefix($stream, 'F');
        $whole =~ s/^/$prefix/mg;
        $text .= $whole;
    }
    write_log($text) if $text ne '';
}

sub first_line {
    my ($buffer) = @_;
    my $end = index $$buffer, "\n";
    return $end < 0 ? length $$buffer : $end;
}

# Cuts a piece off the front, not in the middle of a UTF-8 character.
sub piece {
    my ($buffer) = @_;
    my $bytes = $LINE_BYTES_MAX;
    $bytes-- while $bytes > $LINE_BYTES_MAX - 4 && (ord(substr $$buffer, $bytes, 1) & 0xC0) == 0x80;
    return substr $$buffer, 0, $bytes, '';
}

sub prefix { return now() . " $_[0] $_[1] " }

sub now {
    my ($seconds, $microseconds) = (time, 0);
    if ($GETTIMEOFDAY) {
        my $timeval = "\0" x 16;
        ($seconds, $microseconds) = unpack 'q q', $timeval if syscall($GETTIMEOFDAY + 0, $timeval, 0) == 0;
    }
    my ($s, $m, $h, $day, $month, $year) = gmtime $seconds;
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', $year + 1900, $month + 1, $day, $h, $m, $s, $microseconds;
}

sub open_log {
    open $log, '>>', "$DIR/log/current" or return 0;
    binmode $log;
    $log_bytes = -s $log;
    return 1;
}

# A disk that is full loses lines, never the container.
sub write_log {
    my ($text) = @_;
    if ($log_bytes > 0 && $log_bytes + length($text) > $LOG_BYTES_MAX) {
        close $log;
        rename "$DIR/log/current", "$DIR/log/previous";
        open_log() or return;
    }
    my $written = syswrite $log, $text;
    $log_bytes += $written if defined $written;
}
