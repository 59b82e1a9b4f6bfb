package Cpanel::Config::ConfigObj;

# The sandbox's stand-in: finds the drivers of other vendors and the privileges they add. What it found it keeps
# until the folder of the drivers changes, whatever becomes of the files in it.

use strict;
use warnings;
use File::Basename ();
use Time::HiRes    ();

my $drivers = File::Basename::dirname(__FILE__) . '/ConfigObj/Driver';
my $kept    = File::Basename::dirname(__FILE__) . '/ConfigObj/drivers.cache';

# One line per privilege: key, group and name, parted by tabs. A driver that cannot be loaded is left out, with
# a complaint on standard error.
sub print_privileges {
    binmode STDOUT, ':encoding(UTF-8)';
    my $changed = ( Time::HiRes::stat($drivers) )[9];
    if ( open my $file, '<:encoding(UTF-8)', $kept ) {
        my ( $time, @lines ) = <$file>;
        return print @lines if $time eq "$changed\n";
    }
    my @lines;
    for my $file ( sort glob "$drivers/*.pm" ) {
        my $class = __PACKAGE__ . '::Driver::' . File::Basename::basename( $file, '.pm' );
        eval { push @lines, map { _line($_) } @{ _driver($class)->acl_desc() }; 1 } or warn $@;
    }
    open my $file, '>:encoding(UTF-8)', $kept or die "$kept: $!\n";
    print {$file} "$changed\n", @lines;
    return print @lines;
}

sub _driver {
    my ($class) = @_;
    for my $module ( "${class}::META", $class ) {
        require( $module =~ s{::}{/}gr . '.pm' );
    }
    my $meta = "${class}::META";
    die "$meta is of no known version\n" if $meta->meta_version() != 1;
    for my $key (qw(vendor url name since abstract version)) {
        defined $meta->content()->{$key} or die "$meta lacks $key\n";
    }
    $meta->content()->{'name'}{'driver'} eq $meta->get_driver_name() or die "$meta has two names\n";
    my $driver = $class->init( bless {}, __PACKAGE__ );
    $driver->info();
    return $driver;
}

sub _line {
    my ($privilege) = @_;
    my ( $key, $name, $group ) = @{$privilege}{qw(acl name acl_subcat)};
    $key =~ /\Asoftware-[\w-]+\z/ or die "$key is no name of a privilege\n";
    return join( "\t", $key, $group, $name ) . "\n";
}

1;
