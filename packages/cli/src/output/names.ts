/** Names as lists show them: short IDs, familiar images, natural order. */

const SHORT_ID_LENGTH = 12

/** The first characters of an ID, enough to tell it from others. */
export function shortId(id: string): string {
  return id.replace(/^[^:]*:/, '').slice(0, SHORT_ID_LENGTH)
}

/** An image without its digest where it also has a tag, and without docker.io's default parts. */
export function familiarImage(image: string): string {
  const [name = '', digest] = image.split('@')
  const tagged = /:[\w][\w.-]{0,127}$/.test(name)
  if (digest !== undefined && !tagged) return image
  return name.replace(/^(docker\.io|index\.docker\.io)\//, '').replace(/^library\/(?=[^/]+$)/, '')
}

/** Whether an image reference names a digest. */
export function hasDigest(image: string): boolean {
  return /@[a-z0-9]+:[a-f0-9]{32,}$/i.test(image)
}

/** An image reference with the tag `latest` where it has neither tag nor digest. */
export function withDefaultTag(image: string): string {
  return hasDigest(image) || /:[\w][\w.-]{0,127}$/.test(image) ? image : `${image}:latest`
}

/** Orders text with numbers by their value: `web.2` before `web.10`. */
export function naturalOrder(a: string, b: string): number {
  const partsA = a.match(/\d+|\D+/g) ?? []
  const partsB = b.match(/\d+|\D+/g) ?? []
  for (const [index, partA] of partsA.entries()) {
    const partB = partsB[index]
    if (partB === undefined) return 1
    const bothNumbers = /^\d/.test(partA) && /^\d/.test(partB)
    if (bothNumbers && Number(partA) !== Number(partB)) return Number(partA) - Number(partB)
    if (partA !== partB) return partA < partB ? -1 : 1
  }
  return partsA.length - partsB.length
}

/** Labels under a title, one a line, as docker's `inspect --pretty` shows them; nothing when there are none. */
export function labelLines(title: string, labels: Readonly<Record<string, string>> | undefined): string[] {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return []
  return [`${title}:`, ...entries.map(([key, value]) => ` - ${key}${value && `=${value}`}`)]
}
