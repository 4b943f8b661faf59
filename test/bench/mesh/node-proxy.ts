// Runs on a lab host: a TCP proxy as one would write it with Node.js. Arguments: its port, the target's host and port.
import { connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'

const [port, host, targetPort] = process.argv.slice(2)

createServer({ noDelay: true }, (client) => {
  const backend = connect({ host: host!, port: Number(targetPort), noDelay: true })
  // A connection that ends early is the client's or the backend's affair.
  pipeline(client, backend, () => {})
  pipeline(backend, client, () => {})
}).listen(Number(port), () => console.log('ready'))
