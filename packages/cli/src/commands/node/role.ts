import type { NodeRole } from '@shoal/engine-api'
import type { Io } from '../lib/command.js'
import { nodeReference } from '../lib/node-ref.js'

interface RoleChange {
  role: NodeRole
  /** What is said of a node that has the role already. */
  already(id: string): string
  changed(ref: string): string
}

/** Gives nodes a role, one after the other; it stops at the first refusal. */
export async function changeRoles(io: Io, refs: readonly string[], change: RoleChange): Promise<void> {
  const client = io.client()
  for (const ref of refs) {
    const node = await client.node(await nodeReference(client, ref))
    if (node.Spec.Role === change.role) io.print(change.already(node.ID))
    else {
      await client.updateNode(node, { ...node.Spec, Role: change.role })
      io.print(change.changed(ref))
    }
  }
}
