# Asks WHM who the visitor is and, when told to ("framed"), for the header and footer of its pages.
# Run by frame.py with cPanel's perl; prints "MARK level", then header, MARK and footer. The key that marks our
# entry in WHM's menu is given: not every WHM finds it by the page's address.

use strict;
use warnings;

BEGIN {
    alarm 20;    # whoever waits for us has given up by then
    $SIG{'PIPE'} = 'DEFAULT';
}

use Whostmgr::ACLS ();

my ( $what, $breadcrumb ) = @ARGV;
my $mark = delete $ENV{'MXVERDICT_FRAME'};

Whostmgr::ACLS::init_acls();
my $level =
    Whostmgr::ACLS::hasroot()                        ? 'root'
  : Whostmgr::ACLS::checkacl('software-mxverdict') ? 'delegated'
  :                                                  'none';

$| = 1;
print "$mark $level\n";
exit if $what ne 'framed' || $level eq 'none';

require Whostmgr::HTMLInterface;
my ( $icon, $app_key ) = ( '/addon_plugins/mxverdict.png', 'plugins_mxverdict' );
Whostmgr::HTMLInterface::defheader( 'MX Verdict', $icon, $breadcrumb, 0, 1, (undef) x 3, $app_key );
print $mark;
Whostmgr::HTMLInterface::deffooter();
