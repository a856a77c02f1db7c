#!/usr/bin/env bash
# A real Slurm for the tests, on this machine alone: two virtual nodes on loopback, from Debian's packages. As root.
#
#     tests/slurm/cluster.sh up        install what is missing, start what is not running
#     tests/slurm/cluster.sh down      stop what `up` started
#     tests/slurm/cluster.sh status
#     tests/slurm/cluster.sh run COMMAND...    up, the command, down. Skipped, with a word, for who cannot have a
#                                      cluster; in CI (the variable of that name) that is a failure
#
# All its state lies in META_RL_SLURM_HOME (/var/tmp/meta_rl-slurm). Outside, there are two links while it is up, which
# make every Slurm command of the machine use it: slurm.conf and gres.conf in /etc/slurm. (The variable SLURM_CONF does
# not reach the steps of a job: Snakemake's plugin drops it.) A configuration that is not ours is left alone.
set -euo pipefail

HOME_DIR=${META_RL_SLURM_HOME:-/var/tmp/meta_rl-slurm}
NODES=2 CPUS=3 MEMORY=8000 # per node; CPUs and MiB that Slurm is told of, whatever the machine has
FIRST_PORT=17600           # of the controller; the nodes' follow
HOST=$(hostname -s)
CONF=$HOME_DIR/slurm.conf
LINK=/etc/slurm/slurm.conf
DEVICES=$HOME_DIR/gres.conf
DEVICES_LINK=/etc/slurm/gres.conf

pid_file() { echo "$HOME_DIR/run/$1.pid"; }

# Does the pid file of a daemon name a live process of its name? (A stale one may hold a number that was reused.)
alive() {
    local pid
    pid=$(cat "$(pid_file "$1")" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "${1%%.*}" ]
}

# wait_for SECONDS COMMAND...
wait_for() {
    local tenths=$(($1 * 10))
    shift
    until "$@"; do
        ((tenths-- > 0)) || return 1
        sleep .1
    done
}

stop() {
    if alive "$1"; then
        kill "$(cat "$(pid_file "$1")")"
        wait_for 20 eval "! alive $1" || kill -KILL "$(cat "$(pid_file "$1")")"
    fi
    rm -f "$(pid_file "$1")"
}

write_conf() {
    {
        cat <<CONF
ClusterName=meta_rl
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$FIRST_PORT
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$HOME_DIR/run/munge.socket
SlurmctldPidFile=$(pid_file slurmctld)
SlurmctldLogFile=$HOME_DIR/log/slurmctld.log
StateSaveLocation=$HOME_DIR/state
SlurmdPidFile=$(pid_file slurmd.%n)
SlurmdLogFile=$HOME_DIR/log/slurmd.%n.log
SlurmdSpoolDir=$HOME_DIR/spool.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
ReturnToService=2
MpiDefault=none
MailProg=/bin/true
KillWait=30
MinJobAge=300
AccountingStorageType=accounting_storage/none
GresTypes=gpu
CONF
        for node in $(seq "$NODES"); do
            echo "NodeName=n$node NodeHostname=$HOST NodeAddr=127.0.0.1 Port=$((FIRST_PORT + node)) CPUs=$CPUS RealMemory=$MEMORY Gres=gpu:1"
        done
        echo "PartitionName=short Nodes=ALL Default=YES MaxTime=1:00:00 DefMemPerCPU=500 State=UP"
    } >"$CONF"
    # A device that any machine has, in place of a GPU.
    echo "NodeName=n[1-$NODES] Name=gpu File=/dev/null" >"$DEVICES"
    mkdir -p "$(dirname "$LINK")"
    ln -sf "$DEVICES" "$DEVICES_LINK"
    ln -sf "$CONF" "$LINK"
}

ours() { [ "$(readlink "$LINK")" = "$CONF" ]; }

install_packages() {
    local missing=()
    for package in munge slurm-client slurmctld slurmd; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$HOME_DIR/log/apt.log"
}

# A munge of our own, so that one that the machine may have is left alone.
start_munge() {
    alive munged && return
    chmod 755 "$HOME_DIR" "$HOME_DIR/run" "$HOME_DIR/log"
    [ -s "$HOME_DIR/munge.key" ] || (umask 077 && head -c 1024 /dev/urandom >"$HOME_DIR/munge.key")
    /usr/sbin/munged --key-file="$HOME_DIR/munge.key" --socket="$HOME_DIR/run/munge.socket" \
        --pid-file="$(pid_file munged)" --log-file="$HOME_DIR/log/munged.log" --seed-file="$HOME_DIR/munge.seed"
}

all_ready() { [ "$(sinfo -h -N -t idle,mix,alloc -o %N 2>/dev/null | sort -u | wc -l)" = "$NODES" ]; }

up() {
    [ "$(id -u)" = 0 ] || { echo "error: the test cluster needs root, to install and to start Slurm" >&2; exit 1; }
    [ ! -e "$LINK" ] && [ ! -e "$DEVICES_LINK" ] || ours || { echo "error: this machine has a Slurm of its own: $LINK" >&2; exit 1; }
    mkdir -p "$HOME_DIR"/{run,log,state}
    install_packages
    write_conf
    start_munge
    alive slurmctld || slurmctld
    for node in $(seq "$NODES"); do
        mkdir -p "$HOME_DIR/spool.n$node"
        alive "slurmd.n$node" || slurmd -N "n$node"
    done
    if ! wait_for 60 all_ready; then
        for node in $(seq "$NODES"); do scontrol update nodename="n$node" state=resume || true; done
        wait_for 30 all_ready || { echo "error: the nodes are not ready; see $HOME_DIR/log" >&2; exit 1; }
    fi
}

# Slurm follows a job from parent to child (linuxproc). What lost its parent, as when a node fails, is still there.
end_orphans() {
    local folder
    for folder in /proc/[0-9]*; do
        if grep -qzx SLURM_CLUSTER_NAME=meta_rl "$folder/environ" 2>/dev/null; then
            kill -KILL "${folder#/proc/}" 2>/dev/null || true
        fi
    done
}

down() {
    for node in $(seq "$NODES"); do stop "slurmd.n$node"; done
    end_orphans
    stop slurmctld
    stop munged
    ours && rm "$LINK" "$DEVICES_LINK"
}

run() {
    if [ "$(id -u)" != 0 ] || ! command -v dpkg >/dev/null; then
        echo "skipped: the test cluster needs root on Debian or a relative of it"
        [ -z "${CI:-}" ] || exit 1
        exit 0
    fi
    trap down EXIT
    up
    "$@"
}

case ${1:-} in
    run) shift && run "$@" ;;
    up) up ;;
    down) down ;;
    status) sinfo -N -l ;;
    *) echo "usage: $0 up | down | status | run COMMAND..." >&2; exit 2 ;;
esac
