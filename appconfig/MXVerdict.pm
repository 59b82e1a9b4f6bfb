package Cpanel::Config::ConfigObj::Driver::MXVerdict;

# Gives WHM → Edit Reseller Nameservers and Privileges the privilege `software-mxverdict`
# (api.docs.cpanel.net, "Guide to WHM Plugins - The ACL Object Perl Module"). Off unless root ticks it.

use strict;
use warnings;
use parent qw(Cpanel::Config::ConfigObj::Interface::Config::v1);

our $VERSION = '1.0';

sub init {
    my ( $class, $software ) = @_;
    return $class->SUPER::base( { 'thirdparty_ns' => 'MXVerdict', 'meta' => {} }, $software );
}

sub info {
    my ($self) = @_;
    return $self->meta()->abstract();
}

sub acl_desc {
    my %privilege = (
        'acl'              => 'software-mxverdict',
        'name'             => 'MX Verdict, for own domains',
        'acl_subcat'       => 'Third-Party Services',
        'default_value'    => 0,
        'default_ui_value' => 0,
    );
    return [ \%privilege ];
}

1;
