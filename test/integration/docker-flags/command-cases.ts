/** A command line of the docker CLI, and what it prints. In the arguments WORKER stands for the worker's ID. */
export interface CommandCase {
  readonly command: string
  readonly args: string
  /** What it prints on its standard output, or when it is refused on its error output. */
  readonly prints: RegExp
  readonly refused: boolean
}

function prints(command: string, args: string, pattern: RegExp): CommandCase {
  return { command, args, prints: pattern, refused: false }
}

function refused(command: string, args: string, pattern: RegExp): CommandCase {
  return { command, args, prints: pattern, refused: true }
}

const PARTOF = /already part of a swarm/

/** Every flag of the swarm commands but those of `service create` and `update`, in this order. */
export const COMMAND_CASES: readonly CommandCase[] = [
  refused(
    'swarm init',
    '--advertise-addr 10.0.0.1 --listen-addr 0.0.0.0 --data-path-addr 10.0.0.1 --data-path-port 4789 --force-new-cluster',
    PARTOF,
  ),
  refused(
    'swarm init',
    '--autolock --availability active --cert-expiry 2000h --dispatcher-heartbeat 5s --task-history-limit 3',
    PARTOF,
  ),
  refused(
    'swarm init',
    '--default-addr-pool 10.1.0.0/16 --default-addr-pool-mask-length 24 --max-snapshots 1 --snapshot-interval 1000',
    PARTOF,
  ),
  refused('swarm init', '--external-ca protocol=cfssl,url=https://ca.example', PARTOF),
  refused(
    'swarm join',
    '--token SWMTKN-1-x-y --advertise-addr 10.0.0.1 --listen-addr 0.0.0.0 --availability active --data-path-addr 10.0.0.1 10.0.0.1:2377',
    PARTOF,
  ),
  prints('swarm join-token', '--quiet worker', /^SWMTKN-1-/),
  prints('swarm join-token', '--rotate worker', /Successfully rotated worker join token/),
  prints('swarm update', '--task-history-limit 3', /Swarm updated/),
  prints('swarm update', '--dispatcher-heartbeat 6s', /Swarm updated/),
  prints('swarm update', '--cert-expiry 2000h', /Swarm updated/),
  refused('swarm update', '--autolock', /not implemented/),
  refused('swarm update', '--max-snapshots 3 --snapshot-interval 5000', /not implemented/),
  refused('swarm update', '--external-ca protocol=cfssl,url=https://ca.example', /not implemented/),
  prints('swarm ca', '', /BEGIN CERTIFICATE/),
  refused('swarm ca', '--rotate --quiet --detach --cert-expiry 2000h', /not implemented/),
  refused(
    'swarm ca',
    '--rotate --external-ca protocol=cfssl,url=https://ca.example',
    /not implemented|rotating to an external CA requires/,
  ),
  refused('swarm ca', '--rotate --ca-cert CA_FILE --ca-key CA_FILE', /not implemented|no valid|PEM|pem/),
  refused('swarm unlock-key', '', /not implemented|no unlock key is set/),
  refused('swarm unlock-key', '--quiet', /not implemented|no unlock key is set/),
  refused('swarm unlock-key', '--rotate', /not implemented|autolock|no unlock key/),
  refused('swarm leave', '', /./),
  refused('swarm leave', '--force', /not implemented|ctl swarm leave/),
  prints('node ls', '--filter role=worker --quiet', /^WORKER\n$/),
  prints('node ls', '--format {{.ID}}={{.Status}}', /WORKER=Ready/),
  prints(
    'node ps',
    '--filter desired-state=running --format {{.ID}} --no-resolve --no-trunc WORKER',
    /^\w{25}\n/,
  ),
  prints('node ps', '--quiet WORKER', /^\w{12}\n/),
  prints('node update', '--availability pause --label-add disk=ssd WORKER', /WORKER/),
  prints('node update', '--availability active --label-rm disk --role worker WORKER', /WORKER/),
  prints('node inspect', '--pretty WORKER', /Hostname:/),
  prints('node inspect', '--format {{.Spec.Availability}} WORKER', /^active\n$/),
  prints('node promote', 'MANAGER', /is already a manager/),
  refused('node rm', '--force MANAGER', /is a cluster manager and is a member/),
  refused('node rm', 'WORKER', /is not down and can't be removed/),
  refused('node demote', 'MANAGER', /last manager/),
  prints('secret create', '--label a=b --template-driver golang templated SECRET_FILE', /^\w{25}\n$/),
  refused('secret create', '--driver vault driven', /not implemented/),
  prints('secret ls', '--filter name=templated --format {{.Name}}', /^templated\n$/),
  prints('secret ls', '--quiet', /^\w{25}\n/),
  prints('secret inspect', '--format {{.Spec.Labels.a}} templated', /^b\n$/),
  prints('secret inspect', '--pretty templated', /Name:\s+templated/),
  prints('secret rm', 'templated', /templated/),
  prints('config create', '--label a=b --template-driver golang templated SECRET_FILE', /^\w{25}\n$/),
  prints('config ls', '--filter name=templated --format {{.Name}}', /^templated\n$/),
  prints('config ls', '--quiet', /^\w{25}\n/),
  prints('config inspect', '--format {{.Spec.Labels.a}} templated', /^b\n$/),
  prints('config inspect', '--pretty templated', /from-the-file/),
  prints('config rm', 'templated', /templated/),
  prints(
    'network create',
    '--driver overlay --attachable --internal --label a=b --opt com.docker.network.driver.mtu=1300 --scope swarm wide',
    /^\w{25}\n$/,
  ),
  prints(
    'network create',
    '--driver overlay --subnet 10.66.0.0/16 --gateway 10.66.0.9 --ip-range 10.66.4.0/22 --ipam-driver default narrow',
    /^\w{25}\n$/,
  ),
  prints(
    'network create',
    '--driver overlay --subnet 10.67.0.0/16 --aux-address a=10.67.0.7 kept',
    /^\w{25}\n$/,
  ),
  refused('network create', '--driver overlay --ipam-opt a=b x', /not implemented/),
  refused('network create', '--driver overlay --ipv6 x', /not implemented/),
  refused('network create', '--driver overlay --ipv4=false x', /not implemented|IPv4/),
  refused('network create', '--config-only x', /not implemented/),
  refused('network create', '--driver overlay --config-from other x', /not implemented/),
  refused(
    'network create',
    '--driver overlay --ingress second',
    /ingress network \(\w+\) is already present/,
  ),
  prints('network ls', '--filter label=a=b --format {{.Name}}', /^wide\n$/),
  prints('network ls', '--quiet --no-trunc --filter name=wide', /^\w{25}\n$/),
  prints('network inspect', '--verbose --format {{.Name}} wide', /^wide\n$/),
  prints('network prune', '--force --filter label=a=b', /wide/),
  prints('network rm', 'narrow kept', /narrow\nkept/),
  prints('network rm', '--force nowhere', /^$/),
  prints('service create', '--name web --replicas 2 --detach busybox', /^\w{25}\n$/),
  prints('service ls', '--filter name=web --format {{.Name}}:{{.Mode}}', /^web:replicated\n$/),
  prints('service ls', '--quiet', /^\w{12}\n/),
  prints(
    'service ps',
    '--filter desired-state=running --format {{.Name}} --no-resolve web',
    /^web\.1\nweb\.2\n$|^web\.2\nweb\.1\n$|^\w{25}\.\d\n\w{25}\.\d\n$/,
  ),
  prints('service ps', '--quiet --no-trunc web', /^\w{25}\n\w{25}\n$/),
  prints('service create', '--name batch --detach --mode replicated-job --replicas 4 busybox', /^\w{25}\n$/),
  // The CLI takes it and sends nothing, as tried with version 28.2.2.
  prints('service update', '--detach --max-concurrent 2 batch', /batch/),
  prints('service scale', '--detach web=3', /web scaled to 3/),
  prints('service inspect', '--pretty web', /Replicas:\s+3/),
  prints('service inspect', '--format {{.Spec.Name}} web', /^web\n$/),
  prints('service update', '--detach --label-add a=b web', /web/),
  prints('service rollback', '--detach --quiet web', /web/),
  prints('stack config', '--compose-file COMPOSE_FILE', /image: busybox:mine/),
  prints('stack config', '--skip-interpolation --compose-file COMPOSE_FILE', /\$\{TAG/),
  prints(
    'stack deploy',
    '--compose-file COMPOSE_FILE --resolve-image never shop',
    /Creating service shop_till/,
  ),
  prints('stack deploy', '--compose-file COMPOSE_FILE --detach --quiet --resolve-image never shop', /^/),
  prints(
    'stack deploy',
    '--compose-file COMPOSE_FILE --prune --with-registry-auth --resolve-image never shop',
    /^/,
  ),
  prints('stack deploy', '--orchestrator swarm --compose-file COMPOSE_FILE --resolve-image never shop', /^/),
  prints('stack ls', '--orchestrator swarm', /shop/),
  prints('stack ps', '--orchestrator swarm shop', /shop_till/),
  prints('stack services', '--orchestrator swarm shop', /shop_till/),
  prints('stack ls', '--format {{.Name}}', /^shop\n$/),
  prints('stack services', '--filter name=shop_till --format {{.Name}} shop', /^shop_till\n$/),
  prints('stack services', '--quiet shop', /^\w{12}\n$/),
  prints(
    'stack ps',
    '--filter desired-state=running --no-resolve --no-trunc --format {{.Image}} shop',
    /busybox:mine/,
  ),
  prints('stack ps', '--quiet shop', /^\w{12}/),
  prints('stack rm', '--orchestrator swarm nothing', /^/),
  prints('stack rm', 'shop', /Removing service shop_till/),
  prints('stack rm', '--detach shop', /^/),
  prints('service rm', 'web batch', /web\nbatch/),
]
