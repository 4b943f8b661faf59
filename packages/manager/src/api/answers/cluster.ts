import type { ClusterInfo } from '@shoal/engine-api'
import type { ClusterRecord } from '../../state/records.js'
import type { ApiCa } from '../options.js'

/** The cluster as clients see it, without its secrets. */
export function clusterAnswer(record: ClusterRecord, ca: ApiCa): ClusterInfo {
  const { Shoal: own, ...cluster } = record
  const { CAConfig, ...spec } = record.Spec
  const { SigningCAKey: _key, ...caConfig } = CAConfig ?? {}
  return {
    ...cluster,
    Spec: { ...spec, CAConfig: caConfig },
    TLSInfo: ca.tlsInfoOf(record),
    RootRotationInProgress: false,
    DefaultAddrPool: [...own.DefaultAddrPool],
    SubnetSize: own.SubnetSize,
    DataPathPort: own.DataPathPort,
  }
}
