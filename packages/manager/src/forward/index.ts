/**
 * How a secondary answers: it passes requests on to the primary over mutual TLS, byte streams and upgrades
 * included. Its neighbours: api/, which asks for it before it serves a request; leader/, which knows the primary.
 */
export { Forwarder, type ForwarderOptions } from './forwarder.js'
