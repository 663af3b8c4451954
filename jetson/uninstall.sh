#!/bin/sh -e
# Remove the appliance from a Jetson; what it has counted stays, unless --purge is said:
#
#   sudo jetson/uninstall.sh [--purge]
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
case $1 in "" | --purge) ;; *) refuse "nothing or --purge is wanted, found '$1'" ;; esac

need_root
for service in $services; do
    if [ -e "$units/$service" ]; then
        systemctl disable --now --quiet "$service"
        rm -f "$units/$service"
    fi
done
systemctl daemon-reload
# Whatever else lies in /opt/appliance is not of this installation.
rm -rf "$releases" "$home/current" "$home/previous" "$sysusers"
[ ! -d "$home" ] || rmdir --ignore-fail-on-non-empty "$home"
if [ "$1" != --purge ]; then
    say "removed; what was counted is in /var/lib/appliance, and the settings in /etc/appliance: --purge removes them, too"
    exit 0
fi
rm -rf "$state" "$settings"
if grep -qs '^appliance:' "$root/etc/passwd"; then
    userdel ${root:+--prefix "$root"} appliance
fi
say "removed, with all that was counted"
