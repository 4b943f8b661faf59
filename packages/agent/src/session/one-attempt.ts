import { connectivityState, experimental, status } from '@grpc/grpc-js'

const NAME = 'shoal_one_attempt'

/** A channel's service config, for `grpc.service_config`, that has it try to connect once. */
export function oneAttempt(): string {
  if (!experimental.isLoadBalancerNameRegistered(NAME))
    experimental.registerLoadBalancerType(NAME, OneAttempt, OneAttemptConfig)
  return JSON.stringify({ loadBalancingConfig: [{ [NAME]: {} }] })
}

class OneAttemptConfig implements experimental.TypedLoadBalancingConfig {
  static createFromJson(): OneAttemptConfig {
    return new OneAttemptConfig()
  }

  getLoadBalancerName(): string {
    return NAME
  }

  toJsonObject(): object {
    return { [NAME]: {} }
  }
}

/**
 * How a channel uses its address: it connects once, and when that fails or the connection is lost it is done for. With
 * grpc-js's own way a channel whose attempt failed tries again a second later even though it was closed meanwhile: it
 * shakes hands with the manager for nobody, and keeps the connection. When a manager comes back after thousands of
 * agents have called in vain, these are as many as the agents.
 */
class OneAttempt implements experimental.LoadBalancer {
  readonly #helper: experimental.ChannelControlHelper
  #subchannel: experimental.SubchannelInterface | undefined

  constructor(helper: experimental.ChannelControlHelper) {
    this.#helper = helper
  }

  updateAddressList(
    ...[endpoints, , options]: Parameters<experimental.LoadBalancer['updateAddressList']>
  ): boolean {
    if (this.#subchannel) return true
    const address = endpoints.ok ? endpoints.value[0]?.addresses[0] : undefined
    if (!address) {
      this.#fail(endpoints.ok ? 'the manager has no address' : endpoints.error.details)
      return false
    }
    this.#subchannel = this.#helper.createSubchannel(address, options)
    // One that nobody holds is closed ten seconds later.
    this.#subchannel.ref()
    this.#subchannel.addConnectivityStateListener(this.#follow)
    this.#helper.updateState(connectivityState.CONNECTING, new experimental.QueuePicker(this), null)
    this.#subchannel.startConnecting()
    return true
  }

  /** It never is idle: what has begun is begun, and what is over stays so. */
  exitIdle(): void {}

  resetBackoff(): void {}

  destroy(): void {
    this.#subchannel?.removeConnectivityStateListener(this.#follow)
    this.#subchannel?.unref()
    this.#subchannel = undefined
  }

  getTypeName(): string {
    return NAME
  }

  readonly #follow: experimental.ConnectivityStateListener = (
    subchannel,
    before,
    now,
    _keepalive,
    reason,
  ) => {
    if (now === connectivityState.READY) {
      this.#helper.updateState(now, { pick: () => ({ ...PICKED, subchannel }) }, null)
    } else if (now !== connectivityState.CONNECTING && before !== connectivityState.TRANSIENT_FAILURE) {
      this.#fail(reason ?? 'the connection was lost')
    }
  }

  #fail(details: string): void {
    const picker = new experimental.UnavailablePicker({ code: status.UNAVAILABLE, details })
    this.#helper.updateState(connectivityState.TRANSIENT_FAILURE, picker, details)
  }
}

const PICKED = {
  pickResultType: experimental.PickResultType.COMPLETE,
  status: null,
  onCallStarted: null,
  onCallEnded: null,
} as const
