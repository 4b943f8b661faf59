/**
 * Every path of Docker's Engine API. What no route serves, and stands here, is answered 501 by name; all else 404.
 * `{…}` stands for one segment, `{…}…` for one or more (image names hold slashes).
 */
const PATHS: readonly string[] = `
GET /_ping
HEAD /_ping
POST /auth
POST /build
POST /build/cancel
POST /build/prune
GET /configs
POST /configs/create
GET /configs/{id}
DELETE /configs/{id}
POST /configs/{id}/update
POST /commit
HEAD /containers/{id}/archive
GET /containers/{id}/archive
PUT /containers/{id}/archive
POST /containers/{id}/attach
GET /containers/{id}/attach/ws
GET /containers/{id}/changes
POST /containers/{id}/copy
POST /containers/{id}/exec
GET /containers/{id}/export
GET /containers/{id}/json
POST /containers/{id}/kill
GET /containers/{id}/logs
POST /containers/{id}/pause
POST /containers/{id}/rename
POST /containers/{id}/resize
POST /containers/{id}/restart
POST /containers/{id}/start
GET /containers/{id}/stats
POST /containers/{id}/stop
GET /containers/{id}/top
POST /containers/{id}/unpause
POST /containers/{id}/update
POST /containers/{id}/wait
POST /containers/create
GET /containers/json
POST /containers/prune
DELETE /containers/{id}
GET /distribution/{name}…/json
GET /events
GET /exec/{id}/json
POST /exec/{id}/resize
POST /exec/{id}/start
POST /grpc
POST /images/create
GET /images/get
GET /images/json
POST /images/load
POST /images/prune
GET /images/search
GET /images/{name}…/attestations
GET /images/{name}…/get
GET /images/{name}…/history
GET /images/{name}…/json
POST /images/{name}…/push
POST /images/{name}…/tag
DELETE /images/{name}…
GET /info
GET /networks
GET /networks/{id}
DELETE /networks/{id}
POST /networks/create
POST /networks/{id}/connect
POST /networks/{id}/disconnect
POST /networks/prune
GET /nodes
GET /nodes/{id}
DELETE /nodes/{id}
POST /nodes/{id}/update
GET /plugins
GET /plugins/privileges
POST /plugins/create
POST /plugins/pull
GET /plugins/{name}…/json
POST /plugins/{name}…/disable
POST /plugins/{name}…/enable
POST /plugins/{name}…/push
POST /plugins/{name}…/set
POST /plugins/{name}…/upgrade
DELETE /plugins/{name}…
GET /secrets
POST /secrets/create
GET /secrets/{id}
DELETE /secrets/{id}
POST /secrets/{id}/update
GET /services
POST /services/create
GET /services/{id}
DELETE /services/{id}
GET /services/{id}/logs
POST /services/{id}/update
POST /session
GET /swarm
POST /swarm/init
POST /swarm/join
POST /swarm/leave
POST /swarm/unlock
GET /swarm/unlockkey
POST /swarm/update
GET /system/df
GET /tasks
GET /tasks/{id}
GET /tasks/{id}/logs
GET /version
GET /volumes
GET /volumes/{name}
PUT /volumes/{name}
DELETE /volumes/{name}
POST /volumes/create
POST /volumes/prune
`
  .trim()
  .split('\n')

const PATTERNS = PATHS.map((line) => {
  const source = line.replace(/\{\w+\}…/g, '.+').replace(/\{\w+\}/g, '[^/]+')
  return new RegExp(`^${source}$`)
})

/** Every line of the table, for the test that looks at each. */
export function knownPaths(): readonly string[] {
  return PATHS
}

/** Whether Docker's Engine API has this method on this path (without version and query). */
export function isKnownPath(method: string, path: string): boolean {
  const line = `${method} ${path}`
  return PATTERNS.some((pattern) => pattern.test(line))
}

const EACH_NODE_HAS_ITS_OWN = 'each node has its own: use docker on that node'

/** What is not served for a reason: by the beginnings of paths. */
const REASONS: readonly (readonly [string, string])[] = [
  ['/system/df', `disk usage, of which ${EACH_NODE_HAS_ITS_OWN}`],
  ['/images/', `images, of which ${EACH_NODE_HAS_ITS_OWN}`],
  ['/volumes', `volumes, of which ${EACH_NODE_HAS_ITS_OWN}`],
  ['/plugins', `plugins, of which ${EACH_NODE_HAS_ITS_OWN}`],
  ['/containers/create', 'containers without a service: create a service'],
]

/** What users are told that is not implemented: the request, and why if there is a reason. */
export function notServedText(method: string, path: string): string {
  const [, reason] = REASONS.find(([beginning]) => path.startsWith(beginning)) ?? []
  return reason === undefined ? `${method} ${path}` : `${method} ${path}: ${reason}`
}
