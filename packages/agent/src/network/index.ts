/**
 * The network of this host, kept as the manager's documents say: overlay networks as bridges of the container engine
 * with a VXLAN device each, VIPs, published ports, and the ways between them.
 *
 *   documents + local tasks ─ plan/ (pure) ─▶ everything that the host shall have
 *   the kernel              ─ observe/     ─▶ what it has
 *   the difference          ─ apply/       ─▶ steps, carried out in batches; nft/ writes the table's text (pure)
 *
 * host-network.ts is the loop: it runs a pass (pass.ts) whenever it is told of something, and every few seconds, so what
 * somebody else has changed is put right. Nothing here knows of managers; session/ brings the documents.
 */
export * from './drain.js'
export * from './host-network.js'
export * from './port.js'
export { runProgram, watchProgram, type Run, type Watch } from './apply/index.js'
