/**
 * The names by which an image may be meant: as it is given, without its digest, without its tag, and with the tag
 * `latest` where it has none.
 */
export function namesOfImage(reference: string): string[] {
  if (reference === '') return []
  const [named = ''] = reference.split('@')
  const afterHost = named.lastIndexOf('/') + 1
  const colon = named.indexOf(':', afterHost)
  if (colon >= 0) return [reference, named, named.slice(0, colon)]
  return reference === named ? [named, `${named}:latest`] : [reference, named]
}
