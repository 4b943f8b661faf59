/** The wire between agents and managers: `shoal.proto`, loaded, with its generated types. */
import { fileURLToPath } from 'node:url'
import { loadPackageDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { ProtoGrpcType } from './generated/shoal.js'

export type { Assignment } from './generated/shoal/v1/Assignment.js'
export type { Document } from './generated/shoal/v1/Document.js'
export type { DocumentName } from './generated/shoal/v1/DocumentName.js'
export type { AgentMessage } from './generated/shoal/v1/AgentMessage.js'
export type { AgentMessage__Output } from './generated/shoal/v1/AgentMessage.js'
export type { Assignments, Assignments__Output } from './generated/shoal/v1/Assignments.js'
export type { ClusterNews, ClusterNews__Output } from './generated/shoal/v1/ClusterNews.js'
export type { DispatcherClient, DispatcherHandlers } from './generated/shoal/v1/Dispatcher.js'
export type { EngineAnswer, EngineAnswer__Output } from './generated/shoal/v1/EngineAnswer.js'
export type { EngineRequest, EngineRequest__Output } from './generated/shoal/v1/EngineRequest.js'
export type { EnrollmentClient, EnrollmentHandlers } from './generated/shoal/v1/Enrollment.js'
export type { JoinReply, JoinReply__Output } from './generated/shoal/v1/JoinReply.js'
export type { JoinRequest, JoinRequest__Output } from './generated/shoal/v1/JoinRequest.js'
export type { ManagerMessage, ManagerMessage__Output } from './generated/shoal/v1/ManagerMessage.js'
export type { ManagerSetup, ManagerSetup__Output } from './generated/shoal/v1/ManagerSetup.js'
export type { NodeRole, NodeRole__Output } from './generated/shoal/v1/NodeRole.js'
export type { RelayDown, RelayDown__Output } from './generated/shoal/v1/RelayDown.js'
export type { RelayUp, RelayUp__Output } from './generated/shoal/v1/RelayUp.js'
export type { RenewReply, RenewReply__Output } from './generated/shoal/v1/RenewReply.js'
export type { RenewRequest, RenewRequest__Output } from './generated/shoal/v1/RenewRequest.js'

const definition = loadSync(fileURLToPath(new URL('../shoal.proto', import.meta.url)), {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
})

/** The services and messages of `shoal.proto`, as grpc-js takes them. */
export const wire = (loadPackageDefinition(definition) as unknown as ProtoGrpcType).shoal.v1
