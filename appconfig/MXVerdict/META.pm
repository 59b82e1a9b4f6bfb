package Cpanel::Config::ConfigObj::Driver::MXVerdict::META;

# What WHM may know of the driver beside it without loading it
# (api.docs.cpanel.net, "Guide to WHM Plugins - The ACL Metadata Perl Module").

use strict;
use warnings;
use parent qw(Cpanel::Config::ConfigObj::Interface::Config::Version::v1);

our $VERSION = '1.0';

sub meta_version { return 1 }

sub get_driver_name { return 'MXVerdict' }

sub content {
    my %name = (
        'short'  => 'MX Verdict',
        'long'   => 'MX Verdict: which mail tester findings are true',
        'driver' => get_driver_name(),
    );
    return {
        'vendor'   => 'MX Verdict',
        'url'      => q{},
        'name'     => \%name,
        'since'    => 'cPanel & WHM version 11.110',
        'abstract' => 'Lets resellers see verdicts for their own domains.',
        'version'  => $VERSION,
    };
}

sub showcase { return }

1;
