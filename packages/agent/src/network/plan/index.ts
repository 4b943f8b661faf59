/**
 * What the host's network shall be: from the documents that the manager sent and the addresses of the tasks here,
 * everything that the kernel and the engine are to have (host-plan.ts). No I/O; apply/ compares it with what there is.
 */
export * from './host-plan.js'
export * from './host-view.js'
export * from './plan.js'
export { planMemo, type PlanMemo } from './memo.js'
