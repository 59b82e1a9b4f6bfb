package Whostmgr::HTMLInterface;

# The sandbox's stand-in for WHM's page header and footer. A forgotten footer is added at exit.

use strict;
use warnings;

my $footer_is_due = 0;

sub defheader {
    my ( $title, $icon, $breadcrumb_url, $skip_breadcrumb, $skip_header ) = @_;
    my $token = _escape( $ENV{'cp_security_token'} // q{} );
    my $user  = _escape( $ENV{'REMOTE_USER'}       // q{} );
    $title = _escape( $title // q{} );
    print <<"END_OF_HEADER";
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>WHM - $title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/styles/whm.css"></head>
<body>
<header class="whm-top"><a class="brand" href="$token/">WHM</a>
<span>$user · <a href="$token/logout/">Log Out</a></span></header>
END_OF_HEADER
    if ( !$skip_breadcrumb ) {
        my $url = _escape( $breadcrumb_url // q{} );
        my $page = $url eq q{} ? $title : qq{<a href="$token$url">$title</a>};
        print qq{<nav class="breadcrumb"><a href="$token/">Home</a> / Plugins / $page</nav>\n};
    }
    print qq{<main class="whm-main" id="contentContainer">\n};
    print qq{<h1>$title</h1>\n} if !$skip_header;
    $footer_is_due = 1;
    return;
}

sub deffooter {
    return if !$footer_is_due;
    $footer_is_due = 0;
    print qq{</main>\n<footer class="whm-footer">WHM stand-in</footer>\n</body></html>\n};
    return;
}

sub _escape {
    my ($text) = @_;
    my %entity = ( '&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;' );
    $text =~ s/([&<>"])/$entity{$1}/g;
    return $text;
}

END { deffooter() }

1;
