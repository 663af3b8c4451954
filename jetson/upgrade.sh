#!/bin/sh -e
# Bring another version of the appliance into the place of the one that is installed:
#
#   sudo jetson/upgrade.sh [SOURCE]     a wheel or a checkout, this one if none is named
#   sudo jetson/upgrade.sh --back       the one before, whatever this one does
#
# The new one is made beside the old one, which counts on. Then they change places: the new one has to say that it is ready, and to
# stay so for PROBATION_S seconds (20), or the old one takes over again by itself. The gap is that of a restart. What the new one
# has made of the ledger stays made: an older one says so and does not start where it cannot read it.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
case $1 in --back) ;; -*) refuse "a source or --back is wanted, found '$1'" ;; esac

need_root
need_jetpack
[ -e "$home/current/finished" ] || refuse "no appliance is installed: install.sh"
before=$(release_at current)
earlier=$(release_at previous)
if [ "$1" = --back ]; then
    release=$earlier
    [ -e "$home/$release/finished" ] && [ "$release" != "$before" ] || refuse "there is none before this one"
else
    need_python
    say "making a release; the present one counts on"
    make_release "${1:-$(dirname "$here")}"
fi

# Before anything changes, so that --back works whatever happens now.
point previous "$before"
switch_to "$release"
if comes_up; then
    remove_old_releases
    say "it runs: $(cat "$home/current/finished")"
    exit 0
fi
echo "${0##*/}: $(cat "$home/$release/finished") does not come up; back to $(cat "$home/$before/finished")" >&2
switch_to "$before"
systemctl reset-failed appliance.service || true
systemctl restart appliance.service || refuse "nor does the one before: journalctl -u appliance"
[ "$1" = --back ] || rm -r "${home:?}/$release"
if [ -n "$earlier" ]; then point previous "$earlier"; else rm "$home/previous"; fi
refuse "the one before runs again; why the new one does not, is in journalctl -u appliance"
