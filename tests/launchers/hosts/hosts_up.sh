#!/usr/bin/env bash
# usage: [DOMAIN=...] unshare --net --mount --uts bash hosts_up.sh FOLDER HOST...
# Hosts on this machine, each with a network, a host name and a /dev/shm of its own, joined by a bridge; on each an sshd on port
# 2222 as the user `dream` (1000), without capabilities and new privileges, as in a restricted pod. The bridge and the names live
# in namespaces that end with this script, so the machine's network is never touched. Writes FOLDER/pid.HOST, by which nsenter
# finds a host; says "ready", and stays until its standard input ends. Needs root.
set -euo pipefail
folder=$(realpath "$1")
shift
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; wait' EXIT

mkdir -p "$folder"/{ssh,home}
ssh-keygen -q -t ed25519 -N '' -f "$folder/ssh/key"
cp "$folder/ssh/key.pub" "$folder/ssh/authorized_keys"
chown -R 1000:1000 "$folder/ssh" "$folder/home"

# path-ok: system files, replaced for these namespaces alone
printf '%s\n' 'root:x:0:0::/root:/bin/bash' 'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin' \
  "dream:x:1000:1000::$folder/home:/bin/bash" >"$folder/passwd" # path-ok: names in a passwd file
printf 'root:x:0:\nnogroup:x:65534:\ndream:x:1000:\n' >"$folder/group"
echo '127.0.0.1 localhost' >"$folder/hosts"
number=0
for host in "$@"; do
  number=$((number + 1))
  echo "10.99.0.$number $host${DOMAIN:+ $host.$DOMAIN}" >>"$folder/hosts"
done
for name in passwd group hosts; do
  mount --bind "$folder/$name" "/etc/$name" # path-ok: a system file
done

ip link add br0 type bridge
ip link set br0 up
# shellcheck disable=SC2016  # expanded by the inner shell
host_of_its_own='hostname "$0" && mount -t tmpfs -o mode=1777 tmpfs /dev/shm && ip link set lo up && echo $$ >"$1/pid.$0.new" &&
  mv "$1/pid.$0.new" "$1/pid.$0" && until ip -o -4 address show dev eth0 2>&1 | grep -q "inet "; do sleep 0.05; done &&
  exec setpriv --reuid 1000 --regid 1000 --clear-groups --bounding-set -all --inh-caps -all --no-new-privs env HOME="$1/home" \
  "$(command -v sshd)" -D -e -f "$1/no_config" -o Port=2222 -o PidFile=none -o HostKey="$1/ssh/key" \
  -o AuthorizedKeysFile="$1/ssh/authorized_keys" -o StrictModes=no -o PasswordAuthentication=no'
: >"$folder/no_config"
number=0
for host in "$@"; do
  number=$((number + 1))
  unshare --net --mount --uts bash -c "$host_of_its_own" "$host" "$folder" >"$folder/$host.log" 2>&1 </dev/null &
  started+=($!)
  until [[ -s $folder/pid.$host ]]; do sleep 0.05; done
  pid=$(<"$folder/pid.$host")
  ip link add "p$number" type veth peer name eth0 netns "$pid"
  ip link set "p$number" master br0
  ip link set "p$number" up
  nsenter --target "$pid" --net ip address add "10.99.0.$number/24" dev eth0
  nsenter --target "$pid" --net ip link set eth0 up
done
for host in "$@"; do
  for ((tries = 0; ; ++tries)); do
    grep -q 'Server listening' "$folder/$host.log" && break
    if ((tries > 200)); then
      cat "$folder/$host.log" >&2
      exit 1
    fi
    sleep 0.05
  done
done
echo ready
cat >/dev/null
