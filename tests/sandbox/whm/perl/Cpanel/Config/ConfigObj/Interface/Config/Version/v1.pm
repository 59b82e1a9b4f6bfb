package Cpanel::Config::ConfigObj::Interface::Config::Version::v1;

# The sandbox's stand-in for the parent of what drivers tell about themselves.

use strict;
use warnings;

sub abstract {
    my ($self) = @_;
    return $self->content()->{'abstract'};
}

1;
