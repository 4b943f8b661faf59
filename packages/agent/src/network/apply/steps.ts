/** One thing to be done to the kernel. All of them may be done again. */
export type Step =
  /** A line for `ip -batch`. */
  | { readonly kind: 'ip'; readonly line: string }
  /** A line for `bridge -batch`. */
  | { readonly kind: 'bridge'; readonly line: string }
  | { readonly kind: 'iptables'; readonly args: readonly string[] }
  /** A setting, as a path below /proc/sys. */
  | { readonly kind: 'sysctl'; readonly path: string; readonly value: string }
  /** A module of the kernel that is to be loaded. */
  | { readonly kind: 'module'; readonly name: string }

export const ip = (line: string): Step => ({ kind: 'ip', line })
export const bridge = (line: string): Step => ({ kind: 'bridge', line })

/** What brings the kernel to the plan. */
export interface Difference {
  /** What is missing or otherwise than planned: before new connections are led there. */
  readonly make: readonly Step[]
  /** What is too much: after nobody is led there any more. */
  readonly unmake: readonly Step[]
}
