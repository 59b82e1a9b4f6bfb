package Whostmgr::ACLS;

# The sandbox's stand-in: what the visitor named by REMOTE_USER may do, narrowed by the API token named by
# WHM_API_TOKEN_NAME. Reads var/cpanel/resellers and sandbox/tokens below the root this file lies in.

use strict;
use warnings;
use Cwd            ();
use File::Basename ();

our %ACL;

my $root = Cwd::abs_path( File::Basename::dirname(__FILE__) . '/../../../..' );

sub init_acls {
    my $user = $ENV{'REMOTE_USER'} // q{};
    %ACL = $user eq 'root' ? ( all => 1 ) : _resellers_privileges($user);
    _narrow_to_token( $user, $ENV{'WHM_API_TOKEN_NAME'} ) if defined $ENV{'WHM_API_TOKEN_NAME'};
    return;
}

sub hasroot { return $ACL{'all'} ? 1 : 0 }

sub checkacl {
    my ($privilege) = @_;
    return $ACL{'all'} || $ACL{$privilege} ? 1 : 0;
}

sub _resellers_privileges {
    my ($user) = @_;
    for my $line ( _lines("$root/var/cpanel/resellers") ) {
        my ( $name, $privileges ) = split /:/, $line, 2;
        return map { $_ => 1 } split /,/, $privileges // q{} if $name eq $user;
    }
    return;
}

sub _narrow_to_token {
    my ( $user, $token ) = @_;
    for my $line ( _lines("$root/sandbox/tokens") ) {
        my ( $owner, $name, undef, $privileges ) = split /:/, $line, 4;
        next if $owner ne $user || $name ne $token;
        return if $privileges eq '*';
        %ACL = map { $_ => 1 } grep { checkacl($_) } split /,/, $privileges;
        return;
    }
    %ACL = ();
    return;
}

sub _lines {
    my ($path) = @_;
    open my $file, '<', $path or return;
    chomp( my @lines = <$file> );
    return @lines;
}

1;
