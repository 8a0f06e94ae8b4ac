#!/usr/bin/env bash
# A real SLURM of one node on this machine, for the tests: no accounting, no control groups, no systemd. Runs as root.
#   start.sh             start (again: nothing happens); the packages must be there (see install.sh)
#   GPUS=1 start.sh      with so many mock GPUs, which can be asked for and given, and not computed on
#   start.sh stop
set -euo pipefail
GPUS=${GPUS:-}
folder=/var/lib/slurm-of-tests
configuration=/etc/slurm/slurm.conf

alive() {
    local process
    process=$(cat "/run/$1.pid" 2>/dev/null) && [ -n "$process" ] &&
        [ "$(cat "/proc/$process/comm" 2>/dev/null)" = "$1" ] && ! grep -q '^State:.Z' "/proc/$process/status"
}

stop() {
    local daemon
    for daemon in slurmd slurmctld; do
        alive $daemon || continue
        kill "$(cat /run/$daemon.pid)"
        for _ in $(seq 40); do
            alive $daemon || break
            sleep 0.25
        done
        rm -f /run/$daemon.pid
    done
}

# A cluster that somebody set up is left alone.
if [ -s "$configuration" ] && ! grep -q "^StateSaveLocation=$folder/" "$configuration"; then
    echo "$configuration is not of these tests: a cluster is set up here already" >&2
    exit 2
fi
# Without a configuration scontrol fails at once. With that of a cluster that is down it waits for 9 s, and Snakemake asks
# it whenever it starts.
if [ "${1:-start}" = stop ]; then
    stop
    rm -f "$configuration" /etc/slurm/gres.conf
    exit 0
fi

node=$(hostname -s)
memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
mkdir -p $folder/state $folder/spool /run/munge /var/log/munge /var/lib/munge /etc/slurm
[ -s /etc/munge/munge.key ] || dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 status=none
chown -R munge:munge /etc/munge /run/munge /var/log/munge /var/lib/munge
chmod 400 /etc/munge/munge.key
chmod 755 /run/munge
munge -n </dev/null >/dev/null 2>&1 || setsid runuser -u munge -- /usr/sbin/munged

# MinJobAge keeps the records of finished jobs, which the tests read: there is no accounting.
cat >"$configuration" <<CONF
ClusterName=tests
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=5
ReturnToService=2
MinJobAge=3600
${GPUS:+GresTypes=gpu}
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory ${GPUS:+Gres=gpu:$GPUS }State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
# Copies of /dev/null stand for GPUs: slurmd counts files.
rm -f /etc/slurm/gres.conf
for ((gpu = 0; gpu < ${GPUS:-0}; gpu++)); do
    [ -e $folder/gpu$gpu ] || mknod $folder/gpu$gpu c 1 3
    echo "Name=gpu File=$folder/gpu$gpu" >>/etc/slurm/gres.conf
done

alive slurmctld || setsid /usr/sbin/slurmctld
alive slurmd || setsid /usr/sbin/slurmd
for _ in $(seq 30); do
    state=$(timeout 3 sinfo -h -o %T 2>/dev/null || true)
    case "$state" in
        *'*') ;;
        idle | mixed | allocated) exit 0 ;;
        down* | drain*) scontrol update NodeName="$node" State=RESUME || true ;;
    esac
    sleep 0.5
done
echo "SLURM did not come up" >&2
tail -n 20 $folder/*.log >&2
exit 1
