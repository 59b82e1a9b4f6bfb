package Cpanel::Config::ConfigObj::Interface::Config::v1;

# The sandbox's stand-in for the parent of drivers.

use strict;
use warnings;

sub base {
    my ( $class, $defaults, $software ) = @_;
    die "$class has another name space\n" if $class !~ /::\Q$defaults->{'thirdparty_ns'}\E\z/;
    return bless { %{$defaults}, 'software' => $software }, $class;
}

sub meta {
    my ($self) = @_;
    return bless {}, ref($self) . '::META';
}

1;
