#!/bin/sh -e
# Install the appliance as a service of a Jetson (JetPack 6 or 7), or see to it that all of an installation is there:
#
#   sudo jetson/install.sh [--no-start] [SOURCE]
#
# SOURCE is a wheel or a checkout, this one if none is named. Where an appliance is installed it stays as it is: upgrade.sh brings
# another one. What comes from the package index comes through pip, which PIP_NO_INDEX and PIP_FIND_LINKS let do without a network
# (of a checkout with hatchling, which builds it).
# What it needs of JetPack it names and does not fetch. Nothing below /var/lib/appliance is touched, and nothing in /etc/appliance
# that is there.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
start=yes
[ "$1" = --no-start ] && { start=; shift; }
case $1 in -*) refuse "--no-start is all that may be said before the source, found '$1'" ;; esac

need_root
need_jetpack
need_python
if [ -e "$home/current/finished" ]; then
    release=$(release_at current)
    say "installed: $(cat "$home/current/finished"); upgrade.sh brings another one"
else
    say "making a release; this takes some minutes"
    make_release "${1:-$(dirname "$here")}"
fi

mkdir -p "$settings" "${sysusers%/*}"
cp "$here/appliance.sysusers" "$sysusers"
systemd-sysusers ${root:+--root="$root"} "$sysusers"
if [ ! -e "$settings/power" ]; then
    cp "$here/power.example" "$settings/power"
fi
if [ ! -e "$settings/logins" ]; then
    (umask 077 && echo "# Logins of cameras, NAME=user:password a line; in the site: 'login: env:NAME'." >"$settings/logins")
fi
switch_to "$release"
# shellcheck disable=SC2086  # two words
systemctl enable --quiet $services
if [ -z "$start" ]; then
    say "installed and not started: systemctl start appliance"
    exit 0
fi
systemctl start appliance-power.service || say "the power mode could not be set: journalctl -u appliance-power"
systemctl start appliance.service || refuse "the appliance does not start: journalctl -u appliance"
say "it runs: $(cat "$home/current/finished")"
