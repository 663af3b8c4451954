# shellcheck shell=sh
# What install.sh, upgrade.sh and uninstall.sh share; sourced by them.
#
# /opt/appliance/releases/NAME   a release: a venv that sees the system's packages, and in jetson/ what belongs to it
# /opt/appliance/current         a link to the one that runs, which is what the units start
# /opt/appliance/previous        a link to the one before
#
# APPLIANCE_ROOT puts all of it below another folder, for the tests, which play systemctl, too.
root=${APPLIANCE_ROOT:-}
home=$root/opt/appliance
releases=$home/releases
units=$root/etc/systemd/system
sysusers=$root/usr/lib/sysusers.d/appliance.conf
state=$root/var/lib/appliance
settings=$root/etc/appliance
python=${PYTHON:-/usr/bin/python3}
# Of systemd, in the order in which they start.
services="appliance-power.service appliance.service"

say() { echo "$*"; }

# One sentence, and the end.
refuse() {
    echo "${0##*/}: $*" >&2
    exit 1
}

need_root() {
    [ "$(id -u)" = 0 ] || [ -n "$root" ] || refuse "root is wanted: sudo $0"
}

# JetPack's major number, 6 or 7, by the release of L4T.
jetpack() {
    case $(sed -n '1s/^# R\([0-9]*\) (release).*/\1/p' "$root/etc/nv_tegra_release" 2>/dev/null) in
    36) echo 6 ;;
    38 | 39) echo 7 ;;
    *) return 1 ;;
    esac
}

need_jetpack() {
    jetpack >/dev/null && return
    found=$(head -n 1 "$root/etc/nv_tegra_release" 2>/dev/null | cut -c 1-40)
    refuse "JetPack 6 or 7 is wanted (L4T R36, R38 or R39 in /etc/nv_tegra_release), found '${found:-no Jetson}'"
}

need_python() {
    "$python" -c 'import sys, venv; assert sys.version_info >= (3, 10)' 2>/dev/null ||
        refuse "Python 3.10 or newer with venv is wanted as $python: apt-get install python3-venv"
    "$python" -c 'import pip' 2>/dev/null || refuse "pip is wanted for $python: apt-get install python3-pip"
}

# What a link points to; empty where there is none.
release_at() { readlink "$home/$1" 2>/dev/null || true; }

# Point a link to a release, in one step: whoever starts meanwhile finds the old one or the new one.
point() {
    ln -sfn "$2" "$home/$1.new"
    mv -T "$home/$1.new" "$home/$1"
}

# Make a release of a wheel or a checkout; its name is left in $release. One that was not finished is removed by the next call.
make_release() {
    source=$1
    mkdir -p "$releases"
    for unfinished in "$releases"/*; do
        [ ! -d "$unfinished" ] || [ -e "$unfinished/finished" ] || rm -r "$unfinished"
    done
    folder=$(mktemp -d "$releases/$(date -u +%Y%m%d-%H%M%S)-XXXX")
    release=releases/${folder##*/}
    chmod 755 "$folder"
    # Pip is the system's: it is seen from inside.
    "$python" -m venv --system-site-packages --without-pip "$folder"
    constraints=$here/constraints-$(jetpack).txt
    pip="$folder/bin/python -m pip --disable-pip-version-check --no-input"
    $pip install --quiet --no-deps "$source" || drop_release "pip cannot install $source"
    "$folder/bin/python" "$here/requirements.py" nvidia >"$folder/requirements.txt"
    [ ! -s "$folder/requirements.txt" ] ||
        $pip install --quiet --constraint "$constraints" --requirement "$folder/requirements.txt" ||
        drop_release "pip cannot install all that it needs"
    "$folder/bin/python" "$here/provided.py" || drop_release "the above is wanted of JetPack"
    mkdir "$folder/jetson"
    cp -p "$here"/appliance.service "$here"/appliance-power.service "$here"/power-mode "$folder/jetson/"
    "$folder/bin/appliance" version >"$folder/finished.new" || drop_release "the new appliance cannot even say its version"
    mv "$folder/finished.new" "$folder/finished"
}

# The release that is being made is none.
drop_release() {
    rm -r "$folder"
    refuse "$1; nothing has changed"
}

# Have systemd know the units of a release. Those of others in *.service.d stay.
put_units() {
    mkdir -p "$units"
    changed=
    for service in $services; do
        if ! cmp -s "$home/$1/jetson/$service" "$units/$service"; then
            cp -p "$home/$1/jetson/$service" "$units/$service.new"
            mv "$units/$service.new" "$units/$service"
            changed=yes
        fi
    done
    [ -z "$changed" ] || systemctl daemon-reload
}

# Make this release the one that runs: its units, its programs.
switch_to() {
    put_units "$1"
    point current "$1"
}

# Whether the service has come up, and stays up for PROBATION_S. 'restart' of a notify service returns when it is ready, or not.
comes_up() {
    systemctl restart appliance.service || return 1
    restarts=$(systemctl show --property NRestarts --value appliance.service)
    waited_s=0
    while [ "$waited_s" -lt "${PROBATION_S:-20}" ]; do
        sleep 1
        waited_s=$((waited_s + 1))
        systemctl is-active --quiet appliance.service || return 1
        [ "$(systemctl show --property NRestarts --value appliance.service)" = "$restarts" ] || return 1
    done
}

# All releases but the one that runs and the one before.
remove_old_releases() {
    for old in "$releases"/*; do
        name=releases/${old##*/}
        [ "$name" = "$(release_at current)" ] || [ "$name" = "$(release_at previous)" ] || rm -r "$old"
    done
}
