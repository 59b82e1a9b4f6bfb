package Cpanel::Config::ConfigObj;

# The sandbox's stand-in: finds the drivers of other vendors and the privileges they add.

use strict;
use warnings;
use File::Basename ();

my $drivers = File::Basename::dirname(__FILE__) . '/ConfigObj/Driver';

# One line per privilege: key, group and name, parted by tabs. A driver that cannot be loaded is left out, with
# a complaint on standard error.
sub print_privileges {
    binmode STDOUT, ':encoding(UTF-8)';
    for my $file ( sort glob "$drivers/*.pm" ) {
        my $class = __PACKAGE__ . '::Driver::' . File::Basename::basename( $file, '.pm' );
        eval { print map { _line($_) } @{ _driver($class)->acl_desc() }; 1 } or warn $@;
    }
    return;
}

sub _driver {
    my ($class) = @_;
    for my $module ( "${class}::META", $class ) {
        require( $module =~ s{::}{/}gr . '.pm' );
    }
    my $meta = "${class}::META";
    die "$meta is of no known version\n" if $meta->meta_version() != 1;
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
