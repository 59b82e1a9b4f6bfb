package Whostmgr::HTMLInterface;

# The sandbox's stand-in for WHM's page header and footer: top bar, breadcrumb, the menu of plugins with the
# current one marked, and, as in WHM, scripts and styles inside, one of them inserted at run time. A forgotten
# footer is added at exit. Only the ninth argument, app_key, marks the current plugin: some versions of WHM do not
# find it by the page's address.

use strict;
use warnings;
use Cwd             ();
use File::Basename  ();
use Whostmgr::ACLS ();

my $root          = Cwd::abs_path( File::Basename::dirname(__FILE__) . '/../../../..' );
my $footer_is_due = 0;

sub defheader {
    my ( $title, $icon, $page_url, $skip_breadcrumb, $skip_header, undef, undef, undef, $app_key ) = @_;
    my $token = _escape( $ENV{'cp_security_token'} // q{} );
    my $user  = _escape( $ENV{'REMOTE_USER'}       // q{} );
    my $menu  = join q{}, map { _entry( $token, $_, $app_key // q{} ) } _plugins();
    $title = _escape( $title // q{} );
    print <<"END_OF_HEADER";
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>WHM - $title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/styles/whm.css">
<style>.whm-icon { width: 20px; height: 20px; vertical-align: middle; }</style>
<script>
var securityToken = "$token";
document.documentElement.className += " whm-script";
document.head.appendChild(document.createElement("style")).textContent = ".whm-footer { letter-spacing: 3px; }";
</script></head>
<body>
<header class="whm-top"><a class="brand" href="$token/">WHM</a>
<span>$user · <a href="$token/logout/">Log Out</a></span></header>
<div class="whm-columns">
<nav class="whm-menu" aria-label="WHM" style="--whm-menu: 200px">
<button type="button" id="whm-menu-button" aria-expanded="false" aria-controls="whm-menu">Menu</button>
<ul id="whm-menu"><li><a href="$token/">Home</a></li>
$menu</ul></nav>
<div class="whm-column">
END_OF_HEADER
    if ( !$skip_breadcrumb ) {
        my $url     = _escape( $page_url // q{} );
        my $picture = $icon ? '<img class="whm-icon" src="' . $token . _escape($icon) . '" alt=""> ' : q{};
        my $page    = $url eq q{} ? $title : qq{<a href="$token$url">$title</a>};
        print qq{<nav class="breadcrumb" aria-label="Breadcrumb"><a href="$token/">Home</a> / Plugins / },
          qq{$picture$page</nav>\n};
    }
    print qq{<main class="whm-main" id="contentContainer">\n};
    print qq{<h1>$title</h1>\n} if !$skip_header;
    $footer_is_due = 1;
    return;
}

sub deffooter {
    return if !$footer_is_due;
    $footer_is_due = 0;
    print <<'END_OF_FOOTER';
</main></div></div>
<footer class="whm-footer">WHM stand-in</footer>
<script>
(function () {
  var button = document.getElementById("whm-menu-button");
  button.addEventListener("click", function () {
    button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") === "false"));
  });
}());
</script>
</body></html>
END_OF_FOOTER
    return;
}

# The plugins the visitor may use.
sub _plugins {
    open my $file, '<', "$root/var/cpanel/pluginscache.yaml" or return;
    my @plugins;
    while ( my $line = <$file> ) {
        push @plugins, {} if $line =~ /\A  - /;
        my ( $key, $value ) = $line =~ /\A  [- ] (\w+): '(.*)'\Z/ or next;
        $plugins[-1]{$key} = $value =~ s/''/'/gr;
    }
    Whostmgr::ACLS::init_acls() if !%Whostmgr::ACLS::ACL;
    return grep { _may_use( split /,/, $_->{'acllist'} ) } @plugins;
}

sub _may_use {
    my @privileges = @_;
    return scalar grep { $_ eq 'any' || Whostmgr::ACLS::checkacl($_) } @privileges;
}

sub _entry {
    my ( $token, $plugin, $app_key ) = @_;
    my ( $url, $name, $icon, $target ) = map { _escape( $plugin->{$_} ) } qw(cgi showname icon target);
    my $current = $app_key eq "plugins_$plugin->{'uniquekey'}" ? ' aria-current="page"' : q{};
    my $picture = $icon ? qq{<img class="whm-icon" src="$token/addon_plugins/$icon" alt=""> } : q{};
    return qq{<li><a href="$token/cgi/$url" target="$target"$current>$picture$name</a></li>\n};
}

sub _escape {
    my ($text) = @_;
    my %entity = ( '&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;' );
    $text =~ s/([&<>"])/$entity{$1}/g;
    return $text;
}

END { deffooter() }

1;
